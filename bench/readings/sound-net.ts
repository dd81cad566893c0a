/** The anomaly detector of MLPerf Tiny, an autoencoder of 640 numbers, as a bundle. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/compiler/compile.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { writeBundle } from '../../src/models/bundle.ts';
import { model } from '../compiler/pictures.ts';

const width = 640;
const sampleCount = 64;

export interface SoundNet {
  readonly bundle: string;
  /** `[640] uint8`, as the net takes them. */
  readonly samples: readonly Uint8Array[];
}

/** `undefined` where the file of the net is missing. */
export async function makeSoundNet(folder: string): Promise<SoundNet | undefined> {
  const path = model('mlperf_ad01_int8.tflite');
  if (!existsSync(path)) return undefined;
  const { file } = await compile({ path });
  const session = await openSession(file, { threads: 1 });
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]];
  // How long it takes does not depend on the numbers.
  const samples = Array.from({ length: sampleCount }, (_, i) =>
    Uint8Array.from({ length: width }, (_, k) => (128 + 60 * Math.sin((i + 1) * k)) & 255),
  );
  const [golden = new Uint8Array(width)] = samples;
  const answer = await session.run({ [input]: { type: 'uint8', dims: [1, width], data: golden } });
  await session.close();
  const row = answer[output];
  const bundle = join(folder, 'sound.bundle');
  await writeBundle(
    {
      format: 1,
      name: 'sound',
      version: '1.0.0',
      task: 'anomaly',
      graph: 'net.onnx',
      inputs: { [input]: { kind: 'tensor', type: 'uint8', shape: [width] } },
      outputs: { [output]: { kind: 'tensor' } },
      golden: {
        samples: [
          {
            inputs: { [input]: 'golden.bin' },
            outputs: { [output]: row ? Array.from(row.data, Number) : [] },
            tolerance: 1,
          },
        ],
      },
    },
    { 'net.onnx': file, 'golden.bin': golden },
    bundle,
  );
  return { bundle, samples };
}
