import { GatewayError } from '../../errors.ts';
import type { Manifest, ReadingsInput } from '../../models/manifest.ts';
import type { Model, Outputs } from '../../models/model.ts';
import { channelOf, columnsOf, normalIndex, type Quality } from './columns.ts';
import { featureNames } from './features.ts';

/** What is asked of a model here. */
export type Net = Pick<Model, 'infer' | 'manifest'>;

/** What a net says of one window. */
export interface Verdict {
  /** 0.5 is the threshold, 1 beyond all bounds. */
  readonly score: number;
  /** The best class of a classifier. */
  readonly label?: string;
  /** How much of the deviation each channel has, greatest first, in [0, 1]. */
  readonly channels: readonly { readonly name: string; readonly share: number }[];
  /** With features: those that deviate most, with their value and what is normal. */
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    readonly normal: number;
    /** From the normal, in standard deviations. */
    readonly deviation: number;
  }[];
}

/** A window on its way to the net. */
export interface Prepared {
  readonly readings: ReadingsInput;
  readonly quality: Quality;
  readonly columns: Float64Array;
  /** `(column - mean - drift * scale) / scale` */
  readonly normed: Float32Array;
  /** What is normal, with the drift, and its scale, by column. */
  readonly normal: Float64Array;
}

const shown = { features: 3, channels: 5, share: 0.05 };

/** Columns of a window relative to what is normal. @param drift by index of `mean`, in `scale`. */
export function prepare(
  readings: ReadingsInput,
  values: readonly Float64Array[],
  quality: Quality,
  drift: Float64Array,
): Prepared {
  const columns = columnsOf(readings, values);
  const normal = new Float64Array(columns.length);
  const normed = Float32Array.from(columns, (value, column) => {
    const i = normalIndex(readings, column);
    const scale = readings.scale[i] ?? 1;
    normal[column] = (readings.mean[i] ?? 0) + (drift[i] ?? 0) * scale;
    return (value - (normal[column] ?? 0)) / scale;
  });
  return { readings, quality, columns, normed, normal };
}

/**
 * Asks the net.
 * @throws PIPELINE_FAILED if its outputs do not fit its kind, and what `Model.infer` throws.
 */
export async function judge(
  model: Net,
  manifest: Manifest,
  prepared: Prepared,
  options: { threshold: number | null; normalLabels: readonly string[] },
): Promise<Verdict> {
  const { readings, normed } = prepared;
  const [[name, input] = ['', undefined]] = Object.entries(manifest.inputs);
  const shape = input?.kind === 'tensor' ? input.shape : [normed.length];
  const given = shape.reduce((product, side) => product * side, 1);
  const outputs = await model.infer({ [name]: { data: normed.slice(0, given), shape } });
  if (readings.kind === 'classifier') return classified(outputs, options.normalLabels);
  const threshold = options.threshold ?? manifest.thresholds?.error;
  if (threshold === undefined) {
    throw failed('a threshold `error` in the bundle or the option `threshold`', 'none');
  }
  const expected = Object.values(outputs.tensors ?? {})[0]?.data ?? new Float32Array();
  // An autoencoder says its input again, a forecaster the end of the window.
  const offset = readings.kind === 'forecaster' ? given : 0;
  const wanted = normed.length - offset;
  if (expected.length !== wanted) throw failed(`an output of ${wanted} numbers`, `${expected.length}`);
  const deviations = Float64Array.from(expected, (value, i) => (normed[offset + i] ?? 0) - value);
  return explained(prepared, deviations, offset, threshold);
}

function explained(
  { readings, columns, normal, normed }: Prepared,
  deviations: Float64Array,
  offset: number,
  threshold: number,
): Verdict {
  const squares = deviations.map((deviation) => deviation * deviation);
  const total = squares.reduce((sum, square) => sum + square, 0);
  const error = Math.sqrt(total / deviations.length);
  const shares = readings.channels.map((name) => ({ name, share: 0 }));
  for (const [i, square] of squares.entries()) {
    const channel = shares[channelOf(readings, offset + i)];
    if (channel) channel.share += square / (total || 1);
  }
  const names = readings.features ? featureNames(readings.features) : [];
  const features =
    names.length === 0
      ? []
      : [...deviations.keys()]
          .sort((a, b) => (squares[b] ?? 0) - (squares[a] ?? 0))
          .slice(0, shown.features)
          .map((column) => ({
            name: `${readings.channels[channelOf(readings, column)]} ${names[column % names.length]}`,
            value: columns[column] ?? 0,
            normal: normal[column] ?? 0,
            deviation: normed[column] ?? 0,
          }));
  const byShare = shares.sort((a, b) => b.share - a.share);
  return {
    score: error / (error + threshold),
    channels: byShare.filter(({ share }) => share >= shown.share).slice(0, shown.channels),
    features,
  };
}

function classified({ classes = [] }: Outputs, normalLabels: readonly string[]): Verdict {
  const [best] = classes;
  if (!best) throw failed('an output with decoding `classes` of a classifier', 'none');
  const normal = classes
    .filter(({ label }) => normalLabels.includes(label))
    .reduce((sum, { score }) => sum + score, 0);
  return { score: 1 - Math.min(1, normal), label: best.label, channels: [], features: [] };
}

function failed(expected: string, received: string): GatewayError {
  return new GatewayError('PIPELINE_FAILED', `Expected ${expected} but received ${received}`);
}
