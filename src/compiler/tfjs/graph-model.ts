import type { Value as GraphValue } from '../graph.ts';
import { GraphBuilder } from '../graph-builder.ts';
import type { Imported } from '../imported.ts';
import { NhwcBuilder, type Size, type Value } from '../nhwc-builder.ts';
import { cast } from '../nhwc-elementwise.ts';
import { removeUnused } from '../passes/unused.ts';
import { batchOf } from './alone.ts';
import { type Artifacts, constantBudget } from './artifacts.ts';
import {
  checkNoControlFlow,
  type GraphNode,
  readNodes,
  readShape,
  readSource,
  shapeOf,
  typeOf,
} from './graph-def.ts';
import { forEach } from './joined.ts';
import { failed, field, isObject, object, text } from './json.ts';
import { inOrder, type Source } from './order.ts';
import { translateNodes } from './translate.ts';

/** An input or output of the net: its name for people and its place in the graph. */
interface Port {
  readonly name: string;
  readonly source: Source;
  /** Of an input, its sizes as far as the signature knows them, which may be more than the node does. */
  readonly sizes?: readonly number[];
}

/**
 * The net of a graph model: TensorFlow's operators, as its converter leaves them.
 * @throws COMPILE_FAILED, naming node and operator, for what cannot be imported and for damaged models.
 */
export function importGraphModel(artifacts: Artifacts): Imported {
  const { label, topology, weights } = artifacts;
  const nodes = readNodes(topology, label);
  const { inputs, outputs } = portsOf(nodes, artifacts);
  const sources = outputs.map(({ source }) => source);
  const order = inOrder(nodes, sources, checkNoControlFlow);
  const builder = new NhwcBuilder(new GraphBuilder([...inputs, ...outputs].map(({ name }) => name)));
  const values = new Map<string, readonly Value[]>();
  const graphInputs = inputs.map((port) => {
    const { name, source } = port;
    const input = inputOf(nodes, port);
    const value = builder.value(name, input);
    // TensorFlow.js computes with bytes as integers.
    values.set(source.node, [input.type === 'uint8' ? cast(builder, value, 'int32') : value]);
    return { name, ...input };
  });
  const maxBytes = constantBudget(weights);
  const results = translateNodes({ label, weights, order, builder, values, maxBytes }, sources);
  const batched = [...values.values()].flat().find(({ shape }) => shape[0] === 'N');
  const graph = builder.graph.build({
    name: label,
    opsets: { '': 17 },
    inputs: graphInputs,
    outputs: results.values.map((value, i) => addOutput(builder, outputs[i]?.name ?? '', value, batched)),
  });
  return { graph: removeUnused(graph), source: 'tfjs-graph', quantized: false, notes: results.notes };
}

/** As TensorFlow.js finds them: by the signature, else placeholders, and nodes that nobody reads. */
function portsOf(nodes: ReadonlyMap<string, GraphNode>, { signature, label }: Artifacts) {
  const named = (kind: 'inputs' | 'outputs'): Port[] => {
    const entries = signature === undefined ? undefined : field(signature, kind);
    if (!isObject(entries)) return [];
    return Object.entries(entries).map(([name, value]) => {
      const what = `${kind} ${name} of ${label}`;
      const entry = object(value, what);
      const source = readSource(text(field(entry, 'name'), what));
      const shape = field(entry, 'tensorShape');
      return { name, source, ...(isObject(shape) && { sizes: readShape(shape, what) }) };
    });
  };
  const byName = ({ name }: GraphNode): Port => ({ name, source: { node: name, index: 0 } });
  const all = [...nodes.values()];
  const placeholders = all.filter(({ op }) => op === 'Placeholder').map(byName);
  const inputs = named('inputs');
  const outputs = named('outputs');
  if (outputs.length === 0) {
    const read = new Set(all.flatMap((node) => node.inputs.map((source) => source.node)));
    outputs.push(...all.filter(({ name, op }) => !read.has(name) && op !== 'Const').map(byName));
  }
  if (outputs.length === 0) throw failed('outputs', label, 'none');
  return { inputs: inputs.length > 0 ? inputs : placeholders, outputs };
}

function inputOf(nodes: ReadonlyMap<string, GraphNode>, { name, source: { node }, sizes: known }: Port) {
  const placeholder = nodes.get(node);
  if (placeholder?.op !== 'Placeholder') {
    throw failed(`a placeholder ${node}`, `input ${name}`, placeholder?.op ?? 'none of that name');
  }
  const sizes = shapeOf(placeholder, 'shape').map((size, axis) =>
    size === -1 ? (known?.[axis] ?? size) : size,
  );
  const shape = sizes.map((size, axis): Size => (axis === 0 && isBatch(size, sizes.length) ? 'N' : size));
  if (shape.some((size) => size !== 'N' && size < 1)) {
    throw failed('a fixed size for all but the batch', `input ${name}`, `[${sizes}]`);
  }
  return { type: typeOf(placeholder, 'dtype') ?? 'float32', shape };
}

/** A vector of one number is more likely a setting than a batch. */
function isBatch(size: number, rank: number): boolean {
  return size === -1 || (size === 1 && rank > 1);
}

/** A row for each sample: one that is alone gets its batch back, and one that is the same for all is repeated. */
function addOutput(builder: NhwcBuilder, name: string, value: Value, batched: Value | undefined): GraphValue {
  const whole = batchOf(value) ?? value;
  const rows = batched && whole.shape[0] === 1 ? forEach(builder, whole, batched) : whole;
  builder.graph.add('Identity', [builder.nhwc(rows)], { output: name });
  return { name, type: value.type, shape: rows.shape };
}
