import { type Graph, intAttribute, type Node } from '../graph.ts';
import { type Infos, infer } from '../shapes/infer.ts';
import { ints, text } from '../shapes/info.ts';
import type { Tensor, TypedTensor } from '../tensor.ts';
import { floats, freshNames, integers, makers } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** Every second row and column of a picture, from those of the offsets. */
interface Phase {
  readonly source: string;
  readonly row: number;
  readonly column: number;
}

/**
 * A convolution of a picture whose 2 × 2 blocks were moved into its channels, as YOLO's "focus" does with four
 * slices, becomes one of the picture itself with windows and strides twice as large: the same products without
 * the moving.
 */
export function foldBlocks(graph: Graph): Graph {
  const infos = infer(graph);
  const made = makers(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node) => {
    const concat = node.op === 'Conv' && node.domain === '' ? made.get(node.inputs[0] ?? '') : undefined;
    const phases = concat && phasesOf(graph, concat, { infos, made });
    const weights = floats(graph, node.inputs[1]);
    const channels = infos.get(phases?.[0]?.source ?? '')?.shape?.[1];
    if (phases === undefined || weights === undefined || typeof channels !== 'number') return node;
    if (!isPlain(node) || weights.dims[1] !== 4 * channels) return node;
    const name = fresh(`${node.inputs[1]}_blocks`);
    initializers.set(name, widened(weights, phases, channels));
    return onWhole(node, phases[0]?.source ?? '', name, weights.dims);
  });
  return removeUnused({ ...graph, nodes, initializers });
}

/** The phases that a Concat puts behind each other, if they are all four of one picture. */
function phasesOf(
  graph: Graph,
  concat: Node,
  { infos, made }: { infos: Infos; made: ReadonlyMap<string, Node> },
): readonly Phase[] | undefined {
  if (concat.op !== 'Concat' || intAttribute(concat, 'axis', 0) !== 1 || concat.inputs.length !== 4)
    return undefined;
  const phases = concat.inputs.map((name) => phaseOf(graph, name, made));
  if (!phases.every((phase) => phase !== undefined)) return undefined;
  const source = phases[0]?.source;
  const different = new Set(phases.map(({ row, column }) => row * 2 + column));
  const [, , rows, columns] = infos.get(source ?? '')?.shape ?? [];
  const even = typeof rows === 'number' && typeof columns === 'number' && rows % 2 === 0 && columns % 2 === 0;
  const one = phases.every((phase) => phase.source === source) && different.size === 4;
  return one && even ? phases : undefined;
}

/** Two slices, one of rows and one of columns, in whichever order. */
function phaseOf(graph: Graph, name: string, made: ReadonlyMap<string, Node>): Phase | undefined {
  const last = stepTwo(graph, made.get(name));
  const first = last && stepTwo(graph, made.get(last.source));
  if (first === undefined || last === undefined || first.axis === last.axis) return undefined;
  const [rows, columns] = first.axis === 2 ? [first, last] : [last, first];
  return { source: first.source, row: rows.start, column: columns.start };
}

function stepTwo(
  graph: Graph,
  node: Node | undefined,
): { source: string; axis: number; start: number } | undefined {
  if (node?.op !== 'Slice' || node.domain !== '') return undefined;
  const [start, end, axis, step] = node.inputs.slice(1).map((name) => integers(graph, name));
  if (start?.length !== 1 || end?.length !== 1 || axis?.length !== 1 || step?.length !== 1) return undefined;
  const [from = -1, to = 0, along = 0] = [start[0], end[0], axis[0]];
  const fits =
    step[0] === 2 && (from === 0 || from === 1) && to >= 2 ** 31 - 1 && (along === 2 || along === 3);
  return fits ? { source: node.inputs[0] ?? '', axis: along, start: from } : undefined;
}

function isPlain(node: Node): boolean {
  const dilated = ints(node, 'dilations')?.some((step) => step !== 1) ?? false;
  return !dilated && intAttribute(node, 'group', 1) === 1 && text(node, 'auto_pad', 'NOTSET') === 'NOTSET';
}

/** `[O, 4C, k, k]` as `[O, C, 2k, 2k]` */
function widened(weights: TypedTensor<'float32'>, phases: readonly Phase[], channels: number): Tensor {
  const [outputs = 0, , height = 0, width = 0] = weights.dims;
  const dims = [outputs, channels, height * 2, width * 2];
  const data = new Float32Array(weights.data.length);
  let from = 0;
  for (let output = 0; output < outputs; output++) {
    for (const { row, column } of phases) {
      for (let channel = 0; channel < channels; channel++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const line = (output * channels + channel) * height * 2 + 2 * y + row;
            data[line * width * 2 + 2 * x + column] = weights.data[from++] ?? 0;
          }
        }
      }
    }
  }
  return { type: 'float32', dims, data };
}

function onWhole(node: Node, source: string, weights: string, dims: readonly number[]): Node {
  const twice = (name: string, fallback: number, length: number) =>
    (ints(node, name) ?? new Array<number>(length).fill(fallback)).map((each) => each * 2);
  return {
    ...node,
    inputs: [source, weights, ...node.inputs.slice(2)],
    attributes: {
      ...node.attributes,
      kernel_shape: { ints: dims.slice(2).map((size) => size * 2) },
      strides: { ints: twice('strides', 1, 2) },
      pads: { ints: twice('pads', 0, 4) },
    },
  };
}
