import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Numbers } from '../../../bench/compiler/litert.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { floatOperators, optimizedGraph } from '../../../src/compiler/optimized.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import type { Tensor } from '../../../src/compiler/tensor.ts';
import { importTflite } from '../../../src/compiler/tflite/import.ts';
import type { TensorInfo } from '../../../src/compiler/tflite/model.ts';
import { indexOfGreatest, openBoth, relativeDifference, shareWithin } from './compare.ts';

const shared = new URL('../../../../shared/', import.meta.url);
const folder = new URL('models/', shared);
const models = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tflite')) : [];

/** Every activation of these is a byte. */
const integers = models.filter((name) => /uint8|_int8\.|quant\./.test(name));
const floats = models.filter((name) => /float\.|fp32|blazeface/.test(name));
/** Bytes inside, floats outside. */
const mixed = models.filter((name) => !integers.includes(name) && !floats.includes(name));

function photographs(): string[] {
  const people = new URL('data/coco-people/', shared);
  const files = readdirSync(people, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jpg'),
  );
  return [
    fileURLToPath(new URL('data/photos/cat_720p.jpg', shared)),
    ...files
      .sort()
      .slice(0, 4)
      .map((name) => fileURLToPath(new URL(name, people))),
  ];
}

/** The picture, or for a net of signals the numbers of its first pixels, as the net wants them. */
async function input(
  { shape, type }: Pick<TensorInfo, 'shape' | 'type'>,
  photograph: string,
): Promise<Numbers> {
  const [, height = 1, width = 1] = shape.length === 4 ? shape : [1, 16, 16];
  const pixels = sharp(photograph).resize(width, height, { fit: 'fill' }).removeAlpha();
  const bytes = new Uint8Array(await pixels.raw().toBuffer());
  const enough = bytes.subarray(
    0,
    shape.reduce((product, size) => product * size, 1),
  );
  if (type === 'uint8') return enough;
  if (type === 'int8') return Int8Array.from(enough, (each) => each - 128);
  return Float32Array.from(enough, (each) => (each - 127.5) / 128);
}

describe.skipIf(models.length === 0)('TFLite nets of others (skipped where ../shared is missing)', () => {
  it('are all looked at', () => {
    expect([...integers, ...floats, ...mixed].sort()).toEqual([...models].sort());
  });

  it.each([...integers, ...mixed])('%s answers as in LiteRT.js, within two steps', async (name) => {
    const both = await openBoth(readFileSync(new URL(name, folder)));
    const [info] = both.inputs;
    if (info === undefined) throw new Error('Expected an input');
    for (const photograph of photographs()) {
      const outputs = await both.run([await input(info, photograph)]);
      for (const output of outputs) {
        if (output.step === undefined) expect(relativeDifference(output)).toBeLessThan(0.02);
        else expect(shareWithin(output, 2)).toBeGreaterThanOrEqual(0.99);
        // Of several that are alike in bytes, any is the best.
        expect(output.ours[indexOfGreatest(output.theirs)]).toBe(Math.max(...output.ours));
      }
    }
    await both.close();
  });

  it.each(floats)('%s answers as in LiteRT.js, to a part in ten thousand', async (name) => {
    const both = await openBoth(readFileSync(new URL(name, folder)));
    const [info] = both.inputs;
    if (info === undefined) throw new Error('Expected an input');
    for (const photograph of photographs()) {
      for (const output of await both.run([await input(info, photograph)])) {
        expect(relativeDifference(output)).toBeLessThan(1e-4);
      }
    }
    await both.close();
  });

  it.each([...integers, ...mixed])('%s runs in integers from end to end', async (name) => {
    const { graph, quantized, notes } = importTflite(readFileSync(new URL(name, folder)));
    expect(quantized).toBe(true);
    expect(notes).toEqual([]);
    const { nodes } = await optimizedGraph(writeModel(graph));
    expect(floatOperators({ ...graph, nodes })).toEqual([]);
    if (!integers.includes(name)) return;
    const ops = nodes.map(({ op }) => op).filter((op) => !/^(QLinear|QGemm|Reshape|Transpose)/.test(op));
    expect(ops).toEqual(['DequantizeLinear']);
  });

  it.each(models)('%s has a free batch, whose samples do not meet', async (name) => {
    const { graph } = importTflite(readFileSync(new URL(name, folder)));
    const session = await openSession(writeModel(graph), { threads: 1 });
    const [value] = graph.inputs;
    if (value?.shape === undefined || value.type === undefined) throw new Error('Expected an input');
    expect(value.shape[0]).toBe('N');
    const sizes = value.shape.slice(1).map(Number);
    const info = { shape: [1, ...sizes], type: value.type };
    const samples = await Promise.all(
      photographs()
        .slice(0, 3)
        .map((each) => input(info, each)),
    );
    const stacked = [...samples.flatMap((each) => [...each])].map(Number);
    const data = value.type === 'uint8' ? Uint8Array.from(stacked) : Float32Array.from(stacked);
    const batch = await session.run({
      [value.name]: { type: value.type, dims: [samples.length, ...sizes], data } as Tensor,
    });
    for (const [i, sample] of samples.entries()) {
      const alone = await session.run({
        [value.name]: { type: value.type, dims: [1, ...sizes], data: sample } as Tensor,
      });
      for (const [output, { data: numbers, dims }] of Object.entries(alone)) {
        const row = batch[output]?.data.slice(i * numbers.length, (i + 1) * numbers.length) as Float32Array;
        expect(batch[output]?.dims).toEqual([samples.length, ...dims.slice(1)]);
        const scale = Math.max(...(numbers as Float32Array).map(Math.abs));
        for (const [at, number] of (numbers as Float32Array).entries()) {
          expect(Math.abs(number - (row[at] ?? Number.NaN))).toBeLessThanOrEqual(scale * 1e-5);
        }
      }
    }
    await session.close();
  });
});
