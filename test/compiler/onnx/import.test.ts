import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, Node } from '../../../src/compiler/graph.ts';
import { importOnnx } from '../../../src/compiler/onnx/import.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { ordered } from '../../../src/compiler/passes/order.ts';
import { makeNode } from '../../../src/compiler/passes/rewrite.ts';
import { GatewayError } from '../../../src/errors.ts';
import { anyNet, difference, feedsOf, netOf, ops, outputsOf, worst } from '../passes/random-net.ts';

const refused = (text: string) =>
  expect.objectContaining({ code: 'COMPILE_FAILED', message: expect.stringContaining(text) });

describe('the order of nodes', () => {
  it('is restored, whichever it was', async () => {
    const shuffled = anyNet.chain((graph) =>
      fc
        .shuffledSubarray([...graph.nodes], { minLength: graph.nodes.length })
        .map((nodes) => ({ graph, nodes })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ({ graph, nodes }) => {
        const again = ordered({ ...graph, nodes });
        expect(new Set(again.nodes)).toEqual(new Set(graph.nodes));
        const known = new Set(['x', ...graph.initializers.keys()]);
        for (const node of again.nodes) {
          for (const input of node.inputs) expect(known).toContain(input);
          for (const output of node.outputs) known.add(output);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('of nodes in order is kept', () => {
    const graph = netOf(['conv', 'residual', 'focus']);
    expect(ordered(graph).nodes).toEqual(graph.nodes);
  });

  it('of a chain as long as you like needs no stack', () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) =>
      makeNode('Relu', [i === 0 ? 'x' : `${i - 1}`], [`${i}`]),
    );
    const graph = { ...netOf([]), nodes: nodes.toReversed(), outputs: [{ name: '49999' }] };
    expect(ordered(graph).nodes).toEqual(nodes);
  });

  const broken = (...nodes: Node[]): Graph => ({ ...netOf([]), nodes, outputs: [{ name: 'a' }] });

  it.each([
    ['a cycle', broken(makeNode('Relu', ['b'], ['a']), makeNode('Relu', ['a'], ['b'])), 'received one'],
    ['a node that reads itself', broken(makeNode('Relu', ['a'], ['a'])), 'received one'],
    ['a value that nothing makes', broken(makeNode('Relu', ['q'], ['a'])), 'received q'],
    ['a value made twice', broken(makeNode('Relu', ['x'], ['a']), makeNode('Relu', ['x'], ['a'])), 'value a'],
    ['a value that is an input too', broken(makeNode('Relu', ['x'], ['x'])), 'value x'],
    ['an output that nothing makes', broken(makeNode('Relu', ['x'], ['b'])), 'output a'],
  ])('is refused with %s', (_, graph, text) => {
    expect(() => ordered(graph)).toThrow(refused(text));
    expect(() => importOnnx(writeModel(graph))).toThrow(refused(text));
  });
});

describe('a batch of one', () => {
  it('becomes one of any size, and each row is answered as if it were alone', async () => {
    const fixed = fc
      .tuple(
        fc.array(
          fc.constantFrom(
            'conv',
            'norm',
            'focus',
            'there',
            'reshaped',
            'padMax',
            'shuffled',
            'deconv',
            'residual',
          ),
          { maxLength: 5 },
        ),
        fc.nat(100),
      )
      .map(([layers, seed]) => netOf(layers, seed, 8, 1));
    await fc.assert(
      fc.asyncProperty(fixed, async (graph) => {
        const { graph: free, notes } = importOnnx(writeModel(graph));
        expect(notes).toEqual([]);
        expect(free.inputs[0]?.shape?.[0]).toBe('N');
        const both = feedsOf(free);
        const together = await outputsOf(free, both);
        for (const row of [0, 1]) {
          const part = <T extends { dims: readonly number[] }>(all: Readonly<Record<string, T>>) =>
            Object.fromEntries(
              Object.entries(all).map(([name, tensor]) => [name, rowOf(tensor as never, row)]),
            );
          expect(worst(await outputsOf(graph, part(both)), part(together))).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each<[string, (graph: Graph) => Graph, string]>([
    [
      'is reduced away',
      ends('ReduceMean', { axes: { ints: [0] } }),
      'ReduceMean end: it mixes the rows of the batch',
    ],
    ['is squeezed away', ends('Squeeze', {}, [[0]]), 'Squeeze'],
    [
      'is put elsewhere',
      ends('Transpose', { perm: { ints: [1, 0, 2, 3] } }),
      'output end has no row for each',
    ],
    ['meets a constant as if it were data', withConstant, 'not all of its inputs hold the batch'],
    ['is mixed into the pixels', ends('Reshape', {}, [[3, 1, 8, 8]]), 'output end has no row'],
  ])('stays where it %s, and a note says which node', async (_, change, text) => {
    const graph = change(netOf([], 1, 8, 1));
    const imported = importOnnx(writeModel(graph));
    expect(imported.graph.inputs[0]?.shape?.[0]).toBe(1);
    expect(imported.notes.join()).toContain(text);
    expect(await difference(graph, imported.graph)).toBe(0);
  });

  function ends(op: string, attributes: Node['attributes'], lists: readonly (readonly number[])[] = []) {
    return (graph: Graph): Graph => {
      const initializers = new Map(graph.initializers);
      const names = lists.map((list, i) => {
        initializers.set(`l${i}`, {
          type: 'int64',
          dims: [list.length],
          data: BigInt64Array.from(list, BigInt),
        });
        return `l${i}`;
      });
      const nodes = [...graph.nodes, makeNode(op, ['y', ...names], ['end'], attributes)];
      return { ...graph, nodes, initializers, outputs: [{ name: 'end' }] };
    };
  }

  function withConstant(graph: Graph): Graph {
    const data = new Float32Array(64).fill(2);
    const initializers = new Map(graph.initializers).set('k', { type: 'float32', dims: [1, 1, 8, 8], data });
    const nodes = [...graph.nodes, makeNode('Concat', ['y', 'k'], ['end'], { axis: { int: 1 } })];
    return { ...graph, nodes, initializers, outputs: [{ name: 'end' }] };
  }
});

function rowOf(
  { type, dims, data }: { type: 'float32'; dims: readonly number[]; data: Float32Array },
  row: number,
) {
  const length = data.length / (dims[0] ?? 1);
  return { type, dims: [1, ...dims.slice(1)], data: data.slice(row * length, (row + 1) * length) };
}

it('ONNX goes by two names of its own operators', () => {
  const graph = netOf(['relu']);
  const nodes = graph.nodes.map((node) => ({ ...node, domain: 'ai.onnx' }));
  const imported = importOnnx(writeModel({ ...graph, nodes, opsets: { 'ai.onnx': 17 } }));
  expect(imported.graph.opsets).toEqual({ '': 17 });
  expect(ops(imported.graph)).toEqual(['Relu', 'Identity']);
});

it('a net that is quantized says so', () => {
  const graph = netOf(['relu']);
  expect(importOnnx(writeModel(graph)).quantized).toBe(false);
  const initializers = new Map(graph.initializers).set('s', {
    type: 'float32',
    dims: [],
    data: Float32Array.of(1),
  });
  const nodes = [
    ...graph.nodes,
    makeNode('QuantizeLinear', ['y', 's'], ['q']),
    makeNode('DequantizeLinear', ['q', 's'], ['d']),
  ];
  const outputs = [{ name: 'd' }];
  expect(importOnnx(writeModel({ ...graph, nodes, initializers, outputs })).quantized).toBe(true);
});

describe('a damaged file', () => {
  const file = writeModel(netOf(['conv', 'norm', 'focus', 'reshaped', 'padMax', 'there'], 1, 8, 1));

  /** It ends, with a graph or an error that has a code; anything else is thrown. */
  const survives = (bytes: Uint8Array) => {
    try {
      importOnnx(bytes);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'COMPILE_FAILED') throw error;
    }
  };

  it('that is cut anywhere ends in a clear error or a graph', () => {
    fc.assert(
      fc.property(fc.nat(file.length), (length) => survives(file.subarray(0, length))),
      { numRuns: 300 },
    );
  });

  it('with flipped bits ends in a clear error or a graph', () => {
    const flips = fc.array(fc.nat(file.length * 8 - 1), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(flips, (places) => {
        const bytes = file.slice();
        for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) ^ (1 << (place & 7));
        survives(bytes);
      }),
      { numRuns: 1_000 },
    );
  });
});

const shared = new URL('../../../../shared/models/', import.meta.url);
const models = existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith('.onnx')) : [];

describe.skipIf(models.length === 0)('models of others (skipped where ../shared/models is missing)', () => {
  it.each(models)('%s answers the same after its import, also in a batch', async (name) => {
    const { graph, notes } = importOnnx(readFileSync(new URL(name, shared)));
    expect(notes).toEqual([]);
    const [input] = graph.inputs;
    const inputs = [
      {
        ...input,
        name: input?.name ?? '',
        shape: input?.shape?.map((size, i) => (typeof size === 'number' ? size : i === 0 ? 2 : 64)) ?? [],
      },
    ];
    const both = feedsOf({ ...graph, inputs });
    const together = await outputsOf(graph, both);
    const { openSession } = await import('../../../src/compiler/runtime.ts');
    const original = await openSession(readFileSync(new URL(name, shared)), { threads: 1 });
    for (const row of [0, 1]) {
      const part = (all: Readonly<Record<string, unknown>>) =>
        Object.fromEntries(Object.entries(all).map(([key, tensor]) => [key, rowOf(tensor as never, row)]));
      expect(worst(await original.run(part(both)), part(together))).toBeLessThan(1e-5);
    }
    await original.close();
  });
});
