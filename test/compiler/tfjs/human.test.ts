import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Numbers, tfjsSession } from '../../../bench/compiler/tfjs.ts';
import { compile } from '../../../src/compiler/compile.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import { importTfjs } from '../../../src/compiler/tfjs/import.ts';
import { worst } from './models.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/human')), '../models');
const photograph = fileURLToPath(new URL('../../../../shared/data/photos/cat_720p.jpg', import.meta.url));

/** Bytes of a picture with edges and colours: a photograph where ../shared is there, else waves and noise. */
async function pictureOf(width: number, height: number, channels: number, turn = false): Promise<Uint8Array> {
  if (!existsSync(photograph)) {
    return Uint8Array.from({ length: width * height * channels }, (_, i) => {
      const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
      return 127 + 60 * Math.sin((turn ? y : x) / 9 + (i % channels)) + 60 * Math.sin((x * y) / 300);
    });
  }
  const picture = sharp(photograph).resize(width, height, { fit: 'fill' }).removeAlpha();
  const grey = channels === 1 ? picture.toColourspace('b-w') : picture;
  return new Uint8Array(await (turn ? grey.rotate(180) : grey).raw().toBuffer());
}

interface Compared {
  readonly scale: number;
  readonly mean: number;
}

/** What each net of faces, hands and people is fed with: `byte * scale - mean`. */
const nets: Readonly<Record<string, Compared>> = {
  antispoof: { scale: 1 / 255, mean: 0 },
  blazeface: { scale: 1 / 127.5, mean: 1 },
  centernet: { scale: 1, mean: 0 },
  emotion: { scale: 1 / 127.5, mean: 1 },
  facemesh: { scale: 1 / 255, mean: 0 },
  faceres: { scale: 1, mean: 0 },
  'handlandmark-lite': { scale: 1 / 255, mean: 0 },
  iris: { scale: 1 / 255, mean: 0 },
  liveness: { scale: 1 / 255, mean: 0 },
  'movenet-lightning': { scale: 1, mean: 0 },
};

describe('graph models of others, compiled to take bytes', () => {
  it.each(Object.entries(nets))(
    '%s answers as in TensorFlow.js, in a batch as well',
    async (name, { scale, mean }) => {
      const path = join(folder, `${name}.json`);
      const { graph, file, report } = await compile({ path, preprocessing: { scale, mean } });
      const [input] = graph.inputs;
      const [, height = 1, width = 1, channels = 1] = (input?.shape ?? []).map(Number);
      expect(input).toMatchObject({ type: 'uint8', shape: ['N', height, width, channels] });
      const size = height * width * channels;
      const bytes = new Uint8Array(2 * size);
      bytes.set(await pictureOf(width, height, channels));
      bytes.set(await pictureOf(width, height, channels, true), size);
      const session = await openSession(file, { threads: 1 });
      const dims = [2, height, width, channels];
      const outputs = await session.run({ [input?.name ?? '']: { type: 'uint8', dims, data: bytes } });
      await session.close();
      const reference = await tfjsSession(path);
      expect(report.outputs.map((each) => each.name).sort()).toEqual([...reference.outputNames].sort());
      for (const row of [0, 1]) {
        const floats = Float32Array.from(
          bytes.subarray(row * size, (row + 1) * size),
          (byte) => byte * scale - mean,
        );
        const expected = await reference.run({
          [input?.name ?? '']: { dims: [1, ...dims.slice(1)], data: floats },
        });
        for (const [output, numbers] of Object.entries(expected)) {
          const { data } = outputs[output] as Numbers;
          const length = numbers.data.length;
          const actual = { dims: numbers.dims, data: data.slice(row * length, (row + 1) * length) };
          expect(worst(actual, numbers), output).toBeLessThan(1e-3);
        }
      }
      reference.close();
    },
  );

  it('handtrack, which loops, is refused by the name of what loops', async () => {
    await expect(importTfjs(join(folder, 'handtrack.json'))).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringMatching(/without control flow for node .*TensorListStack/),
    });
  });
});
