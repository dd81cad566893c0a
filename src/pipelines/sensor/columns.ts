import type { ReadingsInput } from '../../models/manifest.ts';
import { featureNames, featuresOf } from './features.ts';

/** What of a window was measured. */
export interface Quality {
  /** Least share of any channel, in [0, 1]. */
  readonly measured: number;
  /** Steps, over all channels, that stand between measured ones and were bridged for the net. */
  readonly bridged: number;
}

export function qualityOf(values: readonly Float64Array[]): Quality {
  const missing = values.map((channel) =>
    channel.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0),
  );
  const shares = values.map((channel, i) => 1 - (missing[i] ?? 0) / channel.length);
  return { measured: Math.min(...shares), bridged: missing.reduce((sum, count) => sum + count, 0) };
}

/**
 * The columns of a window as its bundle wants them, before `mean` and `scale`: samples `[window, channels]`
 * row by row, or features `[channels, features]`. Gaps are bridged by straight lines.
 */
export function columnsOf(
  { rateHz, features }: ReadingsInput,
  values: readonly Float64Array[],
): Float64Array {
  const bridged = values.map(bridge);
  if (features) return Float64Array.from(bridged.flatMap((samples) => featuresOf(samples, rateHz, features)));
  const rows = bridged[0]?.length ?? 0;
  const columns = new Float64Array(rows * bridged.length);
  for (const [channel, samples] of bridged.entries()) {
    for (let row = 0; row < rows; row++) columns[row * bridged.length + channel] = samples[row] ?? 0;
  }
  return columns;
}

/** The index into `mean` and `scale` of a column. */
export function normalIndex({ features, channels }: ReadingsInput, column: number): number {
  return features ? column : column % channels.length;
}

/** The channel that a column tells of. */
export function channelOf(readings: ReadingsInput, column: number): number {
  const { features, channels } = readings;
  return features ? Math.floor(column / featureNames(features).length) : column % channels.length;
}

function bridge(samples: Float64Array): Float64Array {
  if (!samples.some(Number.isNaN)) return samples;
  const filled = samples.slice();
  let last = -1;
  for (let i = 0; i <= samples.length; i++) {
    if (i < samples.length && Number.isNaN(samples[i])) continue;
    const [before, after] = [samples[last] ?? samples[i] ?? 0, samples[i] ?? samples[last] ?? 0];
    for (let k = last + 1; k < i; k++) filled[k] = before + ((after - before) * (k - last)) / (i - last);
    last = i;
  }
  return filled;
}
