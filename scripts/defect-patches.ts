/**
 * Cuts the net that sees patches out of CenterNet (@vladmandic/human, MIT): `npx tsx scripts/defect-patches.ts`.
 * Takes bytes, so that exposure does not count, and gives what its inverted bottlenecks say at strides 8 and 16.
 */
import { fileURLToPath } from 'node:url';
import { importModel } from '../src/compiler/compile-source.ts';
import type { Graph } from '../src/compiler/graph.ts';
import { GraphBuilder } from '../src/compiler/graph-builder.ts';
import { toHalves } from '../src/compiler/half.ts';
import { writeModel } from '../src/compiler/onnx/model.ts';
import { simplify } from '../src/compiler/passes/simplify.ts';
import { removeUnused } from '../src/compiler/passes/unused.ts';
import type { Tensor } from '../src/compiler/tensor.ts';
import { replaceFile } from '../src/durable.ts';
import { patchNet } from '../src/training/defect/patch-net.ts';

/** The sums at the ends of the last two groups of blocks at each stride: 32 and 32, 64 and 88 channels. */
const taken = { fine: ['add_5', 'add_7'], coarse: ['add_18', 'add_25'] } as const;
const { side, fine, coarse } = patchNet;

const centernet = new URL('../node_modules/@vladmandic/human/models/centernet.json', import.meta.url);
const { graph } = await importModel(fileURLToPath(centernet));
const [input] = graph.inputs;
if (input === undefined) throw new Error('Expected an input of CenterNet but received none');
const resized: Graph = { ...graph, inputs: [{ ...input, shape: ['N', side, side, 3] }] };
const simple = await simplify(resized);
const trunk = removeUnused({
  ...simple,
  outputs: [...taken.fine, ...taken.coarse].map((name) => ({ name })),
});

const builder = new GraphBuilder([
  'image',
  fine.output,
  coarse.output,
  input.name,
  ...trunk.nodes.flatMap(({ outputs }) => outputs),
]);
for (const [name, tensor] of trunk.initializers) {
  const cast = halved(tensor);
  if (cast === undefined) builder.constant(name, tensor);
  else {
    const half = builder.constant(`${name}_half`, cast);
    builder.add('Cast', [half], { attributes: { to: { int: 1 } }, output: name });
  }
}
standardise('image', input.name);
for (const node of trunk.nodes) builder.push(node);
builder.add('Concat', [...taken.fine], { attributes: { axis: { int: 1 } }, output: fine.output });
builder.add('Concat', [...taken.coarse], { attributes: { axis: { int: 1 } }, output: coarse.output });
const file = writeModel(
  builder.build({
    name: 'patches',
    opsets: graph.opsets,
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', side, side, 3] }],
    outputs: [fine, coarse].map(({ output, channels, cells }) => ({
      name: output,
      type: 'float32',
      shape: ['N', channels, cells, cells],
    })),
  }),
);
await replaceFile(fileURLToPath(new URL('../models/patches/patches.onnx', import.meta.url)), file);
process.stderr.write(`models/patches/patches.onnx: ${file.byteLength} bytes\n`);

/** Mean 127 and deviation 45 for every picture, as an ordinary photograph has them. */
function standardise(bytes: string, output: string): void {
  const number = (name: string, value: number) =>
    builder.constant(name, { type: 'float32', dims: [1], data: Float32Array.of(value) });
  const mean = (value: string) =>
    builder.add('ReduceMean', [value], { attributes: { axes: { ints: [1, 2, 3] }, keepdims: { int: 1 } } });
  const floats = builder.add('Cast', [bytes], { attributes: { to: { int: 1 } } });
  const centred = builder.add('Sub', [floats, mean(floats)]);
  const variance = mean(builder.add('Mul', [centred, centred]));
  // A picture of one colour has no deviation.
  const deviation = builder.add('Sqrt', [builder.add('Add', [variance, number('least_variance', 1)])]);
  const scaled = builder.add('Mul', [
    builder.add('Div', [centred, deviation]),
    number('photo_deviation', 45),
  ]);
  builder.add('Add', [scaled, number('photo_mean', 127)], { output });
}

/** Weights as halves: the net was published in them, and the runtime widens them once, when it loads. */
function halved(tensor: Tensor): Tensor | undefined {
  if (tensor.type !== 'float32' || tensor.data.length < 64) return undefined;
  return { type: 'float16', dims: tensor.dims, data: toHalves(tensor.data) };
}
