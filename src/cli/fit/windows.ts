import type { Manifest, ReadingsInput } from '../../models/manifest.ts';
import type { Net } from '../../pipelines/sensor/net.ts';
import type { SensorOptions } from '../../pipelines/sensor/options.ts';
import { SourceMonitor } from '../../pipelines/sensor/source-monitor.ts';

/** A net that only looks: it keeps each window that the pipeline brings, and finds nothing odd about any. */
class Collector implements Net {
  readonly manifest: Manifest;
  readonly rows: Float64Array[] = [];

  constructor(readings: ReadingsInput) {
    const { features, channels, window } = readings;
    const each = features ? features.statistics.length + features.bandsHz.length : window;
    const size = channels.length * each;
    const ones = Array.from({ length: features ? size : channels.length }, () => 1);
    this.manifest = {
      format: 1,
      name: 'collector',
      version: '0.0.0',
      task: 'anomaly',
      graph: '',
      inputs: { window: { kind: 'tensor', type: 'float32', shape: [size] } },
      // As they are: what is normal is about to be learned.
      readings: { ...readings, kind: 'autoencoder', mean: ones.map(() => 0), scale: ones },
      outputs: {},
      thresholds: { error: 1 },
      golden: { samples: [] },
      files: {},
    };
  }

  async infer(...[input]: Parameters<Net['infer']>): ReturnType<Net['infer']> {
    const [tensor] = 'window' in input ? [input.window] : [];
    const data = Float32Array.from(tensor?.data ?? []);
    this.rows.push(Float64Array.from(data));
    return {
      model: { name: 'collector', version: '0.0.0', digest: '' },
      tensors: { expected: { data, shape: [data.length] } },
      timing: { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 },
    };
  }
}

/**
 * The windows that the pipeline itself makes of these messages, as rows of columns: whatever it does to a
 * reading is done to those that a net learns from as well.
 */
export async function windowsOf(
  readings: ReadingsInput,
  options: SensorOptions,
  messages: Iterable<string>,
): Promise<Float64Array[]> {
  const collector = new Collector(readings);
  const monitor = new SourceMonitor(options);
  let index = 0;
  for (const message of messages) {
    await monitor.note(
      {
        id: String(index),
        source: 'normal',
        // Of messages without a time each follows the one before it.
        receivedAt: (index * readings.window * 1000) / readings.rateHz,
        payload: Buffer.from(message),
        contentType: 'application/json',
      },
      collector,
    );
    index++;
  }
  return collector.rows;
}
