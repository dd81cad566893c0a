import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attribute, Graph } from '../../../src/compiler/graph.ts';
import { GraphBuilder } from '../../../src/compiler/graph-builder.ts';
import { importOnnx } from '../../../src/compiler/onnx/import.ts';
import { makeNode } from '../../../src/compiler/passes/rewrite.ts';
import { infer } from '../../../src/compiler/shapes/infer.ts';
import { broadcast, divide, multiply, type Size } from '../../../src/compiler/shapes/size.ts';
import { anyNet, feedsOf, outputsOf } from '../passes/random-net.ts';

/** What is inferred has to hold of the real tensors, where free sizes are what they were fed with. */
async function expectTrue(graph: Graph, free: Readonly<Record<string, number>>): Promise<number> {
  const infos = infer(graph);
  const names = graph.nodes.flatMap(({ outputs }) => outputs);
  const real = await outputsOf(exposed(graph, names, infos), feedsOf(graph));
  const size = (given: Size) =>
    typeof given === 'string'
      ? given.split('*').reduce((product, each) => product * (free[each] ?? Number(each)), 1)
      : given;
  let known = 0;
  for (const name of names) {
    const { type, shape, value } = infos.get(name) ?? {};
    const dims = Array.from(real[`${name} shape`]?.data ?? [], Number);
    if (shape === undefined) continue;
    expect([name, ...shape.map((each, axis) => size(each) ?? dims[axis])]).toEqual([name, ...dims]);
    if (shape.every((each) => each !== null)) known++;
    if (value === undefined) continue;
    const numbers = Array.from(real[name]?.data ?? [], Number);
    expect([name, type]).toEqual([name, real[name]?.type]);
    expect(value.map((each, at) => size(each) ?? numbers[at])).toEqual(numbers);
  }
  return known / names.length;
}

/** The shape of every value as an output, and the numbers of those of which they are inferred. */
function exposed(graph: Graph, names: readonly string[], infos: ReturnType<typeof infer>): Graph {
  const shapes = names.map((name) => makeNode('Shape', [name], [`${name} shape`]));
  const numbers = names.filter((name) => infos.get(name)?.value !== undefined);
  const outputs = [...numbers, ...names.map((name) => `${name} shape`)].map((name) => ({ name }));
  return { ...graph, nodes: [...graph.nodes, ...shapes], outputs };
}

it('shapes are what the runtime finds them to be, in nets of pictures with a free batch', async () => {
  await fc.assert(
    fc.asyncProperty(anyNet, async (graph) => {
      expect(await expectTrue(graph, { N: 2 })).toBe(1);
    }),
    { numRuns: 40 },
  );
});

/** One operator on constants and an input, by hand. */
function single(
  op: string,
  shape: readonly (number | string)[],
  ints: readonly (readonly number[])[] = [],
  attributes: Readonly<Record<string, Attribute>> = {},
  outputs = 1,
): Graph {
  const builder = new GraphBuilder(['x']);
  const extra = ints.map((list) => {
    const data = BigInt64Array.from(list, BigInt);
    return builder.constant('i', { type: 'int64', dims: [data.length], data });
  });
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  builder.push({ op, domain: '', name: op, inputs: ['x', ...extra], outputs: names, attributes });
  return builder.build({
    name: 'one',
    opsets: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: names.map((name) => ({ name })),
  });
}

const end = 2 ** 40;
const nchw = ['N', 6, 8, 10] as const;

it.each([
  ['Slice from the end', single('Slice', nchw, [[-1], [-9], [2], [-2]])],
  [
    'Slice with a step',
    single('Slice', nchw, [
      [1, 2],
      [end, -1],
      [3, 2],
      [2, 3],
    ]),
  ],
  ['Slice of nothing', single('Slice', nchw, [[5], [2], [1]])],
  ['Split evenly', single('Split', nchw, [], { axis: { int: 1 } }, 3)],
  ['Split unevenly', single('Split', nchw, [[1, 5]], { axis: { int: -3 } }, 2)],
  ['Squeeze', single('Squeeze', [1, 3, 1, 4], [[0, -2]])],
  ['Squeeze of all', single('Squeeze', [1, 3, 1, 4])],
  ['Unsqueeze', single('Unsqueeze', nchw, [[-1, 0]])],
  ['Flatten from the end', single('Flatten', nchw, [], { axis: { int: -1 } })],
  ['Flatten from the start', single('Flatten', nchw, [], { axis: { int: 0 } })],
  ['Transpose backwards', single('Transpose', nchw)],
  ['Reshape with zeros', single('Reshape', nchw, [[0, -1, 10]])],
  ['Reshape of the batch', single('Reshape', nchw, [[-1, 5]])],
  ['Expand', single('Expand', [6, 1, 10], [[2, 1, 3, 1]])],
  ['Tile', single('Tile', nchw, [[1, 2, 1, 3]])],
  ['Pad', single('Pad', nchw, [[0, 0, 1, 2, 0, 0, 3, 0]])],
  ['ReduceMean', single('ReduceMean', nchw, [], { axes: { ints: [-1, 2] }, keepdims: { int: 0 } })],
  ['ReduceSum', single('ReduceSum', nchw, [[1]])],
  ['ReduceMax of all', single('ReduceMax', nchw, [], { keepdims: { int: 0 } })],
  ['ArgMax', single('ArgMax', nchw, [], { axis: { int: 1 } })],
  ['TopK', single('TopK', nchw, [[4]], { axis: { int: 1 } }, 2)],
  ['DepthToSpace', single('DepthToSpace', ['N', 8, 3, 4], [], { blocksize: { int: 2 } })],
  ['SpaceToDepth', single('SpaceToDepth', nchw, [], { blocksize: { int: 2 } })],
  ['Shape of a part', single('Shape', nchw, [], { start: { int: 1 }, end: { int: -1 } })],
  ['Gather of two', single('Gather', nchw, [[0, -1]], { axis: { int: -1 } })],
  ...[0, 1].flatMap((ceil) =>
    [1, 2, 3].map((stride): [string, Graph] => [
      `MaxPool by ${stride}${ceil === 1 ? ', rounded up' : ''}`,
      single('MaxPool', nchw, [], {
        kernel_shape: { ints: [3, 2] },
        strides: { ints: [stride, stride] },
        pads: { ints: [1, 0, 1, 1] },
        ceil_mode: { int: ceil },
      }),
    ]),
  ),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto): [string, Graph] => [
    `AveragePool ${auto}`,
    single('AveragePool', nchw, [], {
      kernel_shape: { ints: [3, 3] },
      strides: { ints: [2, 2] },
      auto_pad: { string: auto },
    }),
  ]),
] as readonly (readonly [string, Graph])[])(
  '%s has the shape that the runtime gives it',
  async (_, graph) => {
    expect(await expectTrue(graph, { N: 2 })).toBe(1);
  },
);

it.each([
  ['more elements than there are', single('Reshape', [2, 3], [[7]])],
  ['an axis that is not there', single('Squeeze', [1, 2], [[3]])],
  ['too small a picture', single('MaxPool', [1, 1, 2, 2], [], { kernel_shape: { ints: [5, 5] } })],
])('%s is an error that names the node', (_, graph) => {
  expect(() => infer(graph)).toThrow(
    expect.objectContaining({
      code: 'COMPILE_FAILED',
      message: expect.stringContaining(graph.nodes[0]?.op ?? ''),
    }),
  );
});

describe('sizes', () => {
  const size: fc.Arbitrary<Size> = fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.constantFrom('N', 'height', '3*N', null),
  );

  it('divide what they multiplied', () => {
    fc.assert(
      fc.property(size, size, (a, b) => {
        const product = multiply(a, b);
        expect(divide(product, b)).toEqual(product === null ? null : a);
        expect(product).toEqual(multiply(b, a));
      }),
    );
  });

  it('broadcast whichever comes first', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 4 }), fc.array(size, { maxLength: 4 }), (a, b) => {
        expect(broadcast(a, b)).toEqual(broadcast(b, a));
      }),
    );
  });
});

const shared = new URL('../../../../shared/models/', import.meta.url);
const models = existsSync(shared) ? readdirSync(shared).filter((file) => file.endsWith('.onnx')) : [];

describe.skipIf(models.length === 0)('models of others (skipped where ../shared/models is missing)', () => {
  it.each(models.filter((name) => !name.includes('dynamic')))(
    'every shape of %s is known and true',
    async (file) => {
      const { graph } = importOnnx(readFileSync(new URL(file, shared)));
      expect(await expectTrue(graph, { N: 2 })).toBe(1);
    },
  );
});
