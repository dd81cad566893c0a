import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observe } from '../../../src/compiler/calibrate.ts';
import type { Graph } from '../../../src/compiler/graph.ts';
import { equalise } from '../../../src/compiler/quantization/equalise.ts';
import { Net, run, samples } from '../nets.ts';

const shape = [6, 6, 4] as const;

/** A convolution whose channels differ up to a thousandfold, a clamp, and a second convolution. */
function unequal(clamp: 'Relu' | 'Clip' | 'Sigmoid', depthwise: boolean, seed = 1): Graph {
  const net = new Net(seed);
  const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
  const first = net.weighted('Conv', nchw, [8, 4, 1, 1], 8);
  const six = net.builder.constant('six', { type: 'float32', dims: [], data: Float32Array.of(6) });
  const zero = net.builder.constant('zero', { type: 'float32', dims: [], data: Float32Array.of(0) });
  const clamped = net.builder.add(clamp, [first, ...(clamp === 'Clip' ? [zero, six] : [])]);
  const second = depthwise
    ? net.weighted('Conv', clamped, [8, 1, 3, 3], 8, { group: { int: 8 } })
    : net.weighted('Conv', clamped, [5, 8, 3, 3], 5);
  const graph = net.build(shape, second);
  const initializers = new Map(graph.initializers);
  for (const name of ['w', 'b']) {
    const tensor = initializers.get(name);
    if (tensor?.type !== 'float32') throw new TypeError('Expected weights');
    const stride = tensor.data.length / 8;
    const data = tensor.data.map((each, i) => each * 10 ** (-(Math.floor(i / stride) % 4) * 0.75));
    initializers.set(name, { ...tensor, data });
  }
  return { ...graph, initializers };
}

async function magnitudesOf(graph: Graph) {
  const { channels } = await observe(graph, [{ x: samples(8, shape).floats }]);
  return new Map([...channels].map(([name, { magnitudes }]) => [name, magnitudes]));
}

/** Of the value that the second convolution reads, the greatest magnitude of any channel over the least. */
async function unevenness(graph: Graph): Promise<number> {
  const second = graph.nodes.findLast(({ op }) => op === 'Conv');
  const magnitudes = [...((await magnitudesOf(graph)).get(second?.inputs[0] ?? '') ?? [])];
  return Math.max(...magnitudes) / Math.min(...magnitudes.filter((each) => each > 0));
}

describe('equalise', () => {
  it('keeps the answers to the last bit but for sums in another order', async () => {
    const clamps = fc.constantFrom('Relu' as const, 'Clip' as const);
    await fc.assert(
      fc.asyncProperty(clamps, fc.boolean(), fc.nat(1000), async (clamp, depthwise, seed) => {
        const graph = unequal(clamp, depthwise, seed);
        const after = equalise(graph, await magnitudesOf(graph));
        const { floats } = samples(8, shape);
        const [expected, actual] = [await run(graph, floats), await run(after, floats)];
        const greatest = Math.max(...expected.map(Math.abs));
        for (const [i, each] of expected.entries()) {
          expect(Math.abs(each - (actual[i] ?? Number.NaN))).toBeLessThanOrEqual(1e-5 * greatest);
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each(['Relu', 'Clip'] as const)(
    'brings the channels before a depthwise one near each other (%s)',
    async (clamp) => {
      const graph = unequal(clamp, true);
      const after = equalise(graph, await magnitudesOf(graph));
      const before = await unevenness(graph);
      expect(before).toBeGreaterThan(100);
      expect(await unevenness(after)).toBeLessThan(before / 20);
    },
  );

  it('leaves alone what does not scale along', async () => {
    const graph = unequal('Sigmoid', true);
    expect(equalise(graph, await magnitudesOf(graph))).toBe(graph);
  });
});
