import { describe, expect, it } from 'vitest';
import { readModel, writeModel } from '../../../src/compiler/onnx/model.ts';
import { quantizeToInt8 } from '../../../src/compiler/post-training.ts';
import { quantize } from '../../../src/compiler/quantize.ts';
import { meaning, Net, relativeError, run, samples } from '../nets.ts';

const shape = [12, 12, 3] as const;
const inputs = { x: meaning };
const given = Array.from({ length: 4 }, () => ({ x: samples(2, shape).bytes }));

/** Three convolutions. The second has one output that dwarfs the others: bytes of it say little of them. */
function hardNet() {
  const net = new Net(3);
  const nchw = net.add('Transpose', 'x', { perm: { ints: [0, 3, 1, 2] } });
  const first = net.add('Relu', net.weighted('Conv', nchw, [8, 3, 3, 3], 8));
  const second = net.add('Sigmoid', net.weighted('Conv', first, [8, 8, 1, 1], 8));
  const graph = net.build(shape, net.weighted('Conv', second, [4, 8, 3, 3], 4));
  const initializers = new Map(graph.initializers);
  const w = initializers.get('w_1');
  if (w?.type !== 'float32') throw new TypeError('Expected weights');
  initializers.set('w_1', { ...w, data: w.data.map((each, i) => (i < 8 ? each * 300 : each)) });
  return { ...graph, initializers };
}

describe('quantizeToInt8', () => {
  it('tries every way, says which was best, and answers as the float net', async () => {
    const graph = hardNet();
    const { int8, report } = await quantizeToInt8(graph, { inputs, samples: given });
    expect(report.tried.length).toBeGreaterThanOrEqual(5);
    const [best] = report.tried;
    for (const { sqnrDb } of report.tried) expect(sqnrDb).toBeLessThanOrEqual(best?.sqnrDb ?? 0);
    expect(report.floatProducts).toEqual([]);
    expect(report.bytes.int8).toBeGreaterThan(0);
    const { bytes, floats } = samples(2, shape);
    expect(relativeError(await run(graph, floats), await run(int8, bytes))).toBeLessThan(0.05);
  });

  it('leaves the most costly layers in float until the bound holds, and no more than it takes', async () => {
    const graph = hardNet();
    const options = { inputs, samples: given, method: 'min-max' } as const;
    const free = await quantizeToInt8(graph, { ...options, sensitivity: true });
    const [own = 0] = Object.values(free.report.sqnrDb);
    const sqnrDb = own + 3;
    const { report } = await quantizeToInt8(graph, { ...options, bound: { sqnrDb } });
    const [reached = 0] = Object.values(report.sqnrDb);
    expect(reached).toBeGreaterThanOrEqual(sqnrDb);
    const chosen = report.floatOperators.filter(({ why }) => why.includes('chosen'));
    expect(chosen.length).toBeGreaterThanOrEqual(1);
    expect(chosen.length).toBeLessThan(3);
    expect(chosen[0]?.name).toBe(free.report.sensitivity[0]?.name);
  });

  it('gives the float net where no int8 net is good enough, and says so', async () => {
    const graph = hardNet();
    const quality = { evaluate: async () => 0, greatestLoss: -1 };
    const { graph: chosen, report } = await quantizeToInt8(graph, {
      inputs,
      samples: given,
      method: 'min-max',
      bound: { quality },
    });
    expect(chosen).toBe(graph);
    expect(report).toMatchObject({ chosen: 'float', reason: expect.stringContaining('not good enough') });
  });

  it('refuses to calibrate with nothing', async () => {
    await expect(quantizeToInt8(hardNet(), { inputs, samples: [] })).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: expect.stringContaining('received none'),
    });
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(quantizeToInt8(hardNet(), { inputs, samples: given, signal })).rejects.toThrow('aborted');
  });
});

it('nodes that stay keep names that are theirs alone', async () => {
  const net = new Net();
  let value = net.add('Flatten', 'x', { axis: { int: 1 } });
  for (let layer = 0; layer < 4; layer++) value = net.weighted('Gemm', value, [9, 9], 9);
  const built = net.build([9], value);
  // As importers leave it: the last node has the name that its output had before it became the net's.
  const nodes = built.nodes.slice(0, -1).map((node) => {
    return node.outputs[0] === value ? { ...node, outputs: ['y'] } : node;
  });
  const ranges = new Map(nodes.map(({ outputs }) => [outputs[0] ?? '', { min: -4, max: 4 }] as const));
  const int8 = quantize({ ...built, nodes }, { inputs, ranges });
  const names = readModel(writeModel(int8)).nodes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(await run(int8, samples(2, [9]).bytes)).toHaveLength(18);
});
