import type { Attribute } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';
import { readModel, writeModel } from '../../compiler/onnx/model.ts';
import { renameValues } from '../../compiler/passes/rewrite.ts';
import { openSession } from '../../compiler/runtime.ts';
import { floatsOf } from '../net/floats-of.ts';
import { FoldedLayers, type Learned } from '../net/folded.ts';
import { greyWeights } from './grey-parts.ts';
import type { SpotCalibration } from './spot-calibration.ts';
import { describeSpotNet } from './spot-net.ts';
import { partSide as side } from './view.ts';

/** Logits of one picture, `[32 * 32]`: above 0 where it is bad. */
export interface SpotFinder {
  /** @param picture `[256, 256, 3]` */
  find(picture: Uint8Array): Promise<Float32Array>;
  close(): Promise<void>;
}

const opset = 17;
const outputs = ['score', 'heatmap', 'local'] as const;

/** Runs spot nets by themselves: what they say in the mean. */
export async function openSpotFinder(nets: readonly Learned[]): Promise<SpotFinder> {
  const builder = new GraphBuilder(['image']);
  const logits = addSpotNets(builder, 'image', nets);
  const graph = builder.build({
    name: 'spots',
    opsets: { '': opset },
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', side, side, 3] }],
    outputs: [{ name: logits }],
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  return {
    async find(picture) {
      const image = { type: 'uint8', dims: [1, side, side, 3], data: picture } as const;
      return floatsOf(await session.run({ image }), logits);
    },
    close: () => session.close(),
  };
}

/** The graph of a part model (see `partGraph`) with spot nets beside it: the same inputs and outputs. */
export function withSpotNets(
  partGraph: Uint8Array,
  nets: readonly Learned[],
  { picture, cell }: SpotCalibration,
): Uint8Array {
  const part = readModel(partGraph);
  const [input] = part.inputs;
  if (input === undefined) throw new RangeError('Expected an input of the part model but found none');
  const of = (output: string) => `part_${output}`;
  const inner = renameValues(part, new Map(outputs.map((name) => [name, of(name)])));
  const builder = new GraphBuilder([
    ...outputs,
    ...inner.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
    input.name,
  ]);
  for (const [name, tensor] of inner.initializers) builder.constant(name, tensor);
  for (const node of inner.nodes) builder.push(node);
  const { add, numbers } = operators(builder);
  const line = (value: string, weight: number, bias: number) =>
    add('Add', [add('Mul', [value, numbers([weight])]), numbers([bias])]);
  const unit = (value: string, output: string) => {
    const half = numbers([0.5]);
    builder.add('Add', [add('Mul', [add('Softsign', [value]), half]), half], { output });
  };
  /** From [0, 1] back to what it was made of: see `unitOf`. */
  const undone = (value: string) => {
    const signed = line(value, 2, -1);
    return add('Div', [signed, line(add('Abs', [signed]), -1, 1)]);
  };

  const spots = add('Squeeze', [addSpotNets(builder, input.name, nets), whole(builder, [1])]);
  const worst = add('ReduceMax', [spots], { axes: { ints: [1, 2] }, keepdims: { int: 0 } });
  const worstSpot = line(add('Unsqueeze', [worst, whole(builder, [1])]), picture.spot, picture.bias);
  unit(add('Add', [worstSpot, line(undone(of('score')), picture.part, 0)]), 'score');
  const heat = line(spots, cell.weight / 2, cell.bias / 2);
  for (const name of ['heatmap', 'local']) unit(add('Add', [heat, line(undone(of(name)), 0.5, 0)]), name);
  return writeModel(
    builder.build({ name: 'parts', opsets: inner.opsets, inputs: part.inputs, outputs: part.outputs }),
  );
}

/** Name of the mean of the logits of all nets, `[N, 1, 32, 32]`, of `image` `[N, 256, 256, 3]` uint8. */
function addSpotNets(builder: GraphBuilder, image: string, nets: readonly Learned[]): string {
  const { add, numbers } = operators(builder);
  const mean = (value: string) =>
    add('ReduceMean', [value], { axes: { ints: [1, 2, 3] }, keepdims: { int: 1 } });
  const channelsFirst = add('Transpose', [image], { perm: { ints: [0, 3, 1, 2] } });
  const floats = add('Cast', [channelsFirst], { to: { int: 1 } });
  const grey = add('Conv', [floats, numbers(greyWeights, [1, 3, 1, 1])]);
  const centred = add('Sub', [grey, mean(grey)]);
  const variance = add('Max', [mean(add('Mul', [centred, centred])), numbers([1])]);
  const standard = add('Div', [centred, add('Sqrt', [variance])]);
  return add(
    'Mean',
    nets.map((net) => describeSpotNet(new FoldedLayers({ builder, ...net }), standard)),
  );
}

function operators(builder: GraphBuilder) {
  return {
    add: (op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}) =>
      builder.add(op, inputs, { attributes }),
    numbers: (data: readonly number[], dims: readonly number[] = [data.length]) =>
      builder.constant('numbers', { type: 'float32', dims, data: Float32Array.from(data) }),
  };
}

function whole(builder: GraphBuilder, data: readonly number[]): string {
  const sizes = { type: 'int64', dims: [data.length], data: BigInt64Array.from(data, BigInt) } as const;
  return builder.constant('sizes', sizes);
}
