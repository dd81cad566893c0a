import { GatewayError } from '../../errors.ts';
import { BatchNotFree, type NhwcBuilder, type Value } from '../nhwc-builder.ts';
import type { Tensor } from '../tensor.ts';
import type { GraphNode } from './graph-def.ts';
import { failed } from './json.ts';
import { translated } from './operators.ts';
import type { Source } from './order.ts';
import { perSample } from './per-sample.ts';

/** A graph model on its way into `builder`. */
export interface Translation {
  readonly label: string;
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Each node after those that it reads. */
  readonly order: readonly GraphNode[];
  readonly builder: NhwcBuilder;
  /** Outputs of nodes that are known already: those of the placeholders. */
  readonly values: Map<string, readonly Value[]>;
  /** Of the constants of the graph. */
  readonly maxBytes: number;
}

/**
 * Every node in turn, and what `sources` come to. Nodes that cannot bear a batch, and those that read them,
 * see one sample at a time.
 */
export function translateNodes(
  translation: Translation,
  sources: readonly Source[],
): { values: Value[]; notes: string[] } {
  const { order, builder, values, label } = translation;
  const apart = new Set<string>();
  let first: string | undefined;
  for (const node of order) {
    if (values.has(node.name)) continue;
    if (node.inputs.some((source) => apart.has(source.node))) {
      apart.add(node.name);
      continue;
    }
    try {
      values.set(node.name, translate(translation, node, builder, values));
    } catch (error) {
      if (!(error instanceof BatchNotFree)) throw error;
      first ??= `${node.op} ${node.name}: ${error.message}`;
      apart.add(node.name);
    }
  }
  if (first === undefined) {
    return { values: sources.map((source) => outputOf(values, source, label)), notes: [] };
  }
  const inner = translateApart(translation, apart, sources);
  const results = sources.map((source) => inner.get(source) ?? outputOf(values, source, label));
  const count = `${apart.size} of ${order.length}`;
  return { values: results, notes: [`Run a sample at a time: ${count} operators, from ${first}`] };
}

/** What the nodes that were set apart give, of `sources` those that they have. */
function translateApart(
  translation: Translation,
  apart: ReadonlySet<string>,
  sources: readonly Source[],
): Map<Source, Value> {
  const { order, builder, values, label } = translation;
  const part = perSample(builder);
  const inner = new Map<string, readonly Value[]>();
  for (const node of order) {
    if (!apart.has(node.name)) continue;
    for (const source of node.inputs) {
      if (apart.has(source.node)) continue;
      const read = [...(inner.get(source.node) ?? [])];
      read[source.index] = part.read(outputOf(values, source, label));
      inner.set(source.node, read);
    }
    inner.set(node.name, translate(translation, node, part.builder, inner));
  }
  const own = sources.filter((source) => apart.has(source.node));
  const results = part.close(own.map((source) => outputOf(inner, source, label)));
  return new Map(own.flatMap((source, i) => (results[i] ? [[source, results[i]] as const] : [])));
}

/** @throws COMPILE_FAILED naming the node, or `BatchNotFree` */
function translate(
  { weights, label, maxBytes }: Translation,
  node: GraphNode,
  builder: NhwcBuilder,
  values: ReadonlyMap<string, readonly Value[]>,
): readonly Value[] {
  if (node.op === 'Const') {
    const tensor = weights.get(node.name);
    if (tensor === undefined) throw failed('weights', `constant ${node.name} of ${label}`, 'none');
    return [builder.constant(tensor)];
  }
  const place = `node ${node.name} (${node.op}) of ${label}`;
  const inputs = node.inputs.map((source) => outputOf(values, source, place));
  try {
    const results = translated({ builder, node, inputs });
    if (builder.graph.bytes <= maxBytes) return results;
    throw new RangeError(`Expected constants of at most ${maxBytes} bytes but received more`);
  } catch (cause) {
    // What does not fit into each other is a RangeError all through the builder, which knows no nodes.
    if (!(cause instanceof RangeError)) throw cause;
    throw new GatewayError('COMPILE_FAILED', `${cause.message}, at ${place}`, { cause });
  }
}

function outputOf(
  values: ReadonlyMap<string, readonly Value[]>,
  { node, index }: Source,
  place: string,
): Value {
  const value = values.get(node)?.[index];
  if (value !== undefined) return value;
  throw failed(`an output ${index} of ${node}`, place, 'none');
}
