import { GatewayError } from '../../errors.ts';
import type { Attribute, Body, Graph, Node } from '../graph.ts';
import { freshNames } from '../passes/rewrite.ts';
import { infer } from '../shapes/infer.ts';
import { misfit } from '../shapes/info.ts';
import type { Size } from '../shapes/size.ts';
import type { Tensor } from '../tensor.ts';
import { downgrades } from './downgrade.ts';
import { upgrades } from './upgrade.ts';

/** The operator set of every graph in the compiler: the newest that all runtimes of the last years know. */
const targetOpset = 17;

const oldest = 7;
const newest = 22;

/** How an operator of some operator sets is said in others. */
export interface Step {
  readonly op: string;
  /** For graphs of operator sets below this one. */
  readonly before?: number;
  /** For graphs of this operator set and newer ones. */
  readonly from?: number;
  readonly convert: (node: Node, conversion: Conversion) => Node[];
}

/** What a step may ask and add. */
export interface Conversion {
  /** Of the graph that is converted. */
  readonly opset: number;
  fresh(wish: string): string;
  constant(wish: string, tensor: Tensor): string;
  constantInts(wish: string, numbers: readonly number[]): string;
  scalar(wish: string, number: number): string;
  /** Of a constant, else `undefined`. */
  numbers(name: string): readonly number[] | undefined;
  floats(name: string): Float32Array | undefined;
  shape(name: string): readonly Size[] | undefined;
  /** @throws COMPILE_FAILED always */
  refuse(node: Node, expected: string): never;
}

/**
 * Operators that came after operator set 17 and for which there is no step. (Those that only take more types
 * since then need none.)
 */
const unknown = new Set([
  ...[
    'AffineGrid',
    'Attention',
    'BitwiseAnd',
    'BitwiseNot',
    'BitwiseOr',
    'BitwiseXor',
    'CenterCropPad',
    'Col2Im',
  ],
  ...['DeformConv', 'ImageDecoder', 'RegexFullMatch', 'StringConcat', 'StringSplit'],
]);

/**
 * The graph in operator set 17, from 7 to 22. Graphs of newer sets than 17 go back to it, so that every pass
 * knows one form of each operator.
 * @throws COMPILE_FAILED for other operator sets, and for what 17 cannot say.
 */
export function toTargetOpset(graph: Graph): Graph {
  const opset = graph.opsets[''] ?? 1;
  if (opset < oldest || opset > newest) {
    const text = `Expected operator set ${oldest} to ${newest} for an ONNX model but received ${opset}`;
    throw new GatewayError('COMPILE_FAILED', text);
  }
  if (opset === targetOpset) return graph;
  const steps = [...upgrades, ...downgrades].filter(
    ({ before = 0, from = Number.POSITIVE_INFINITY }) => opset < before || opset >= from,
  );
  const initializers = new Map(graph.initializers);
  const conversion = conversionOf(graph, opset, initializers);
  const nodes = steps.reduce((before, step) => convertNodes(before, step, conversion), graph.nodes);
  if (opset > targetOpset) refuseUnknown(nodes, conversion);
  return { ...graph, opsets: { ...graph.opsets, '': targetOpset }, nodes, initializers };
}

function conversionOf(graph: Graph, opset: number, initializers: Map<string, Tensor>): Conversion {
  const fresh = freshNames(graph);
  const infos = infer(graph);
  const constant = (wish: string, tensor: Tensor) => {
    const name = fresh(wish);
    initializers.set(name, tensor);
    return name;
  };
  return {
    opset,
    fresh,
    constant,
    constantInts: (wish, numbers) =>
      constant(wish, { type: 'int64', dims: [numbers.length], data: BigInt64Array.from(numbers, bigInt) }),
    scalar: (wish, number) => constant(wish, { type: 'float32', dims: [], data: Float32Array.of(number) }),
    numbers: (name) => {
      const tensor = initializers.get(name);
      return tensor && Array.from(tensor.data, Number);
    },
    floats: (name) => {
      const tensor = initializers.get(name);
      return tensor?.type === 'float32' ? tensor.data : undefined;
    },
    shape: (name) => infos.get(name)?.shape,
    refuse: (node, expected) => {
      throw misfit(node, expected, `another form of operator set ${opset}`);
    },
  };
}

/** "To the end" is the greatest int64, one less than the double that stands for it. */
function bigInt(number: number): bigint {
  const limit = 2n ** 63n;
  const wide = BigInt(number);
  return wide >= limit ? limit - 1n : wide;
}

function convertNodes(nodes: readonly Node[], step: Step, conversion: Conversion): readonly Node[] {
  return nodes.flatMap((node) => {
    const inner = convertBodies(node, step, conversion);
    return inner.op === step.op && inner.domain === '' ? step.convert(inner, conversion) : [inner];
  });
}

function convertBodies(node: Node, step: Step, conversion: Conversion): Node {
  const entries = Object.entries(node.attributes);
  if (!entries.some(([, attribute]) => 'graph' in attribute)) return node;
  const attributes = entries.map(([name, attribute]): [string, Attribute] => {
    if (!('graph' in attribute)) return [name, attribute];
    const body: Body = { ...attribute.graph, nodes: convertNodes(attribute.graph.nodes, step, conversion) };
    return [name, { graph: body }];
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}

function refuseUnknown(nodes: readonly Node[], { refuse }: Conversion): void {
  for (const node of nodes) {
    if (node.domain === '' && unknown.has(node.op))
      refuse(node, `an operator of operator set ${targetOpset}`);
  }
}
