import { expect, it } from 'vitest';
import { importTfjs } from '../../../src/compiler/tfjs/import.ts';
import { attr, type Feeds, Net, noise, reference, run, worst } from './models.ts';

/** A net of one operator or a few: it builds on the input `x` and returns what it gives. */
export interface Case {
  readonly dims: readonly number[];
  readonly build: (net: Net, x: string) => string | readonly string[];
  /** The numbers of the input; default between -1 and 1. */
  readonly scale?: number;
}
/** An input of four channels. */
export const picture = [1, 6, 5, 4];
export const matrix = [1, 12];
export const strides = (size: number) => attr.ints(1, size, size, 1);
export const weight = (dims: readonly number[], seed = 7) => ({ dims, data: noise(dims, seed) });

function feed(name: string, dims: readonly number[], scale: number, seed: number): Feeds {
  return { [name]: { type: 'float32', dims, data: noise(dims, seed).map((each) => each * scale) } };
}

/** Tests that each net answers as TensorFlow.js does, and in a batch as alone. */
export function testCases(cases: Readonly<Record<string, Case>>): void {
  it.each(Object.entries(cases))('%s', async (_, { dims, build, scale = 1 }) => {
    const net = new Net();
    const path = await net.save([build(net, net.input('x', dims))].flat());
    const { graph } = await importTfjs(path);
    const feeds = feed('x', dims, scale, 5);
    const actual = await run(graph, feeds);
    const expected = await reference(path, feeds, 'cpu');
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, numbers] of Object.entries(expected)) {
      expect(actual[name]?.dims).toEqual(numbers.dims);
      expect(worst(actual[name], numbers)).toBeLessThan(1e-5);
    }
  });

  it.each(Object.entries(cases))('%s, a batch as each alone', async (_, { dims, build, scale = 1 }) => {
    const net = new Net();
    const { graph } = await importTfjs(await net.save([build(net, net.input('x', dims))].flat()));
    expect(graph.inputs[0]?.shape?.[0]).toBe('N');
    const batch = [3, ...dims.slice(1)];
    const all = feed('x', batch, scale, 5).x;
    if (all?.type !== 'float32') throw new TypeError('Expected floats');
    const together = await run(graph, { x: all });
    const size = all.data.length / 3;
    for (let row = 0; row < 3; row++) {
      const data = all.data.slice(row * size, (row + 1) * size);
      const alone = await run(graph, { x: { type: 'float32', dims, data } });
      for (const [name, numbers] of Object.entries(alone)) {
        const length = numbers.data.length;
        const part = together[name]?.data.slice(row * length, (row + 1) * length) ?? new Float32Array();
        expect(worst({ dims: numbers.dims, data: part }, numbers)).toBeLessThan(1e-6);
      }
    }
  });
}
