import type { Attribute, Graph, Node } from '../graph.ts';
import { infer } from '../shapes/infer.ts';
import { ints } from '../shapes/info.ts';
import type { Tensor } from '../tensor.ts';
import { type Folding, foldedWeights, foldingOf, repeat } from './column-folding.ts';
import { type Layer, layerOf, type Stored } from './picture-layer.ts';
import { freshNames, makeNode, makers, readCounts } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/**
 * A quantized convolution of pictures with 3 channels (or any that are no multiple of 4) misses the runtime's
 * fast path. In memory, four columns of 3 channels lie as one column of 12 do: so the same bytes are read
 * with a quarter of the columns, each output column of the new convolution is two (with a stride of 2) of the
 * old, and its channels lie in memory as the old columns do. Nothing is moved; what is between the old windows
 * has weight 0. For all that it multiplies more, the first layer of YOLOX-nano then takes half the time on AVX2.
 */
export function foldColumns(graph: Graph): Graph {
  const infos = infer(graph);
  const made = makers(graph);
  const counts = readCounts(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const replaced = new Map<Node, readonly Node[]>();
  const only = (name: string) => {
    const readers = counts.get(name) === 1 ? graph.nodes.filter(({ inputs }) => inputs.includes(name)) : [];
    return readers[0];
  };

  for (const conv of graph.nodes) {
    if (conv.op !== 'Conv' || conv.domain !== '') continue;
    const layer = layerOf(graph, conv, made, only);
    const shape = layer && infos.get(layer.picture)?.shape;
    if (layer === undefined || shape === undefined || shape === null) continue;
    const folding = foldingOf(conv, layer, shape);
    if (folding === undefined) continue;
    const constant = (wish: string, tensor: Tensor) => {
      const name = fresh(wish);
      initializers.set(name, tensor);
      return name;
    };
    rewrite({ layer, folding, replaced, fresh, constant });
  }
  if (replaced.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node) => replaced.get(node) ?? [node]);
  return removeUnused({ ...graph, nodes, initializers });
}

interface Rewriting {
  readonly layer: Layer;
  readonly folding: Folding;
  readonly replaced: Map<Node, readonly Node[]>;
  readonly fresh: (wish: string) => string;
  readonly constant: (wish: string, tensor: Tensor) => string;
}

function rewrite({ layer, folding, replaced, fresh, constant }: Rewriting): void {
  const { picture, source, conv, clamp, quantize, weights, bias } = layer;
  const { width, channels, columns, copies, first, last, height, outputs } = folding;
  const shape = (...sizes: number[]) =>
    constant('shape', { type: 'int64', dims: [4], data: BigInt64Array.from([-1, ...sizes], BigInt) });
  const transposed = (input: string, perm: readonly number[], output: string) =>
    makeNode('Transpose', [input], [output], { perm: { ints: perm } });
  const dequantized = ({ node, meaning }: Stored, tensor: Tensor): Node => {
    const repeated = meaning.map((each, i) =>
      each.dims.length === 0 ? (node.inputs[i + 1] ?? '') : constant('folded', repeat(each, copies)),
    );
    const inputs = [constant('folded', tensor), ...repeated];
    return makeNode('DequantizeLinear', inputs, [fresh('folded')], node.attributes);
  };

  const [narrow, moved, real] = [fresh('columns'), fresh('columns'), fresh('columns')];
  const kernel = dequantized(weights, foldedWeights(weights.tensor, folding));
  const offsets = bias && dequantized(bias, repeat(bias.tensor, copies));
  const [top = 0, , bottom = 0] = ints(conv, 'pads') ?? [];
  const [down = 1] = ints(conv, 'strides') ?? [];
  const attributes: Record<string, Attribute> = {
    kernel_shape: { ints: [folding.rows, last - first + 1] },
    strides: { ints: [down, 1] },
    pads: { ints: [top, -first, bottom, last] },
  };
  const inputs = [real, kernel.outputs[0] ?? '', ...(offsets ? [offsets.outputs[0] ?? ''] : [])];
  replaced.set(conv, [
    makeNode('Reshape', [picture, shape(height, width / columns, columns * channels)], [narrow]),
    transposed(narrow, [0, 3, 1, 2], moved),
    makeNode('DequantizeLinear', [moved, ...source.inputs.slice(1)], [real]),
    kernel,
    ...(offsets ? [offsets] : []),
    { ...conv, inputs, attributes },
  ]);

  // The clamp works as before; after the bytes the columns are taken apart again, where it costs nothing.
  const [wide, last4, whole] = [fresh('columns'), fresh('columns'), fresh('columns')];
  const outHeight = Math.floor((height + top + bottom - folding.rows) / down) + 1;
  replaced.set(quantize, [
    {
      ...quantize,
      name: wide,
      inputs: [(clamp ?? conv).outputs[0] ?? '', ...quantize.inputs.slice(1)],
      outputs: [wide],
    },
    transposed(wide, [0, 2, 3, 1], last4),
    makeNode('Reshape', [last4, shape(outHeight, width / folding.stride, outputs)], [whole]),
    transposed(whole, [0, 3, 1, 2], quantize.outputs[0] ?? ''),
  ]);
}
