import { GatewayError } from '../../errors.ts';
import type { Value as GraphValue } from '../graph.ts';
import { GraphBuilder } from '../graph-builder.ts';
import type { Imported } from '../imported.ts';
import { BatchNotFree, NhwcBuilder, type Size, type Value } from '../nhwc-builder.ts';
import { type Artifacts, constantBudget } from './artifacts.ts';
import { failed, field, isObject, list, unexpected } from './json.ts';
import type { Layers } from './layer-call.ts';
import { type FindWeight, weightsByLayer } from './layer-weights.ts';
import { convolutional } from './layers/convolutional.ts';
import { core } from './layers/core.ts';
import { isModel, type LayerSpec, readTopology, type Topology, useOf } from './layers-topology.ts';
import { inOrder, type Reader } from './order.ts';

const layers: Layers = { ...convolutional, ...core };

/** Models within models: no real one has more, and each costs stack. */
const maxDepth = 16;

/** A layer used on something. */
interface Use extends Reader {
  readonly layer: LayerSpec;
}

interface Context {
  readonly label: string;
  readonly builder: NhwcBuilder;
  readonly find: FindWeight;
  readonly maxBytes: number;
  readonly depth: number;
}

/** What to call inputs and outputs, in their order. */
export interface PortNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * The net of a layers model: Keras layers, as TensorFlow.js saves them. Dropout and its like are left out.
 * Inputs and outputs without a name in `wishes` are called after their layers.
 * @throws COMPILE_FAILED, naming the layer, for what cannot be imported and for damaged models.
 */
export function importLayersModel(artifacts: Artifacts, wishes?: PortNames): Imported {
  const { label, topology: json } = artifacts;
  const config = field(json, 'model_config');
  const topology = readTopology(isObject(config) ? config : json, label);
  const uses = usesOf(topology);
  const layerAt = (name: string) => {
    const use = uses.get(name);
    if (use === undefined) throw failed(`a layer used as ${name}`, label, 'none');
    return use.layer;
  };
  const taken = new Set<string>();
  const inputs = topology.inputs.map(({ node }, i) => ({
    name: unique(wishes?.inputs[i] ?? layerAt(node).name, taken),
    ...inputOf(layerAt(node)),
  }));
  const names = topology.outputs.map(({ node }, i) =>
    unique(wishes?.outputs[i] ?? layerAt(node).name, taken),
  );
  const builder = new NhwcBuilder(new GraphBuilder(taken));
  const values = inputs.map(({ name, ...input }) => builder.value(name, input));
  const find = weightsByLayer(artifacts);
  const context = { label, builder, find, maxBytes: constantBudget(artifacts.weights), depth: 0 };
  const outputs = run(context, topology, values).map((value, i): GraphValue => {
    const name = builder.graph.add('Identity', [builder.nhwc(value)], { output: names[i] ?? '' });
    return { name, type: value.type, shape: value.shape };
  });
  const graph = builder.graph.build({ name: label, opsets: { '': 17 }, inputs, outputs });
  return { graph, source: 'tfjs-layers', quantized: false, notes: [] };
}

function usesOf({ layers }: Topology): Map<string, Use> {
  const uses = layers.flatMap((layer) =>
    layer.uses.map((inputs, i): Use => ({ name: useOf(layer.name, layer.firstUse + i), inputs, layer })),
  );
  return new Map(uses.map((use) => [use.name, use]));
}

function unique(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let i = 1; taken.has(name); i++) name = `${wish}_${i}`;
  taken.add(name);
  return name;
}

function inputOf({ name, config }: LayerSpec): Pick<Value, 'type' | 'shape'> {
  const what = `input ${name}`;
  const [, ...sizes] = list(
    field(config, 'batch_input_shape') ?? field(config, 'batch_shape'),
    `the shape of ${what}`,
  );
  const shape = sizes.map((size): Size => {
    if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
    throw unexpected('a fixed size for all but the batch', what, size);
  });
  const type = field(config, 'dtype') ?? 'float32';
  if (type !== 'float32' && type !== 'int32') throw unexpected('float32 or int32', what, type);
  return { type, shape: ['N', ...shape] };
}

/** What the model makes of `inputs`. */
function run(context: Context, topology: Topology, inputs: readonly Value[]): Value[] {
  const { label } = context;
  if (inputs.length !== topology.inputs.length) {
    throw failed(`${topology.inputs.length} inputs`, label, `${inputs.length}`);
  }
  const values = new Map<string, readonly Value[]>();
  for (const [i, value] of inputs.entries()) values.set(topology.inputs[i]?.node ?? '', [value]);
  for (const use of inOrder(usesOf(topology), topology.outputs)) {
    if (values.has(use.name)) continue;
    const read = use.inputs.map(({ node, index }) => valueAt(values, node, index, use.layer.name));
    values.set(use.name, apply(context, use.layer, read));
  }
  return topology.outputs.map(({ node, index }) => valueAt(values, node, index, label));
}

function valueAt(
  values: ReadonlyMap<string, readonly Value[]>,
  node: string,
  index: number,
  what: string,
): Value {
  const value = values.get(node)?.[index];
  if (value !== undefined) return value;
  throw failed(`an output ${index} of ${node}`, what, 'none');
}

function apply(context: Context, spec: LayerSpec, inputs: readonly Value[]): readonly Value[] {
  const { label, builder, find, maxBytes, depth } = context;
  const { name, kind, config } = spec;
  const place = `layer ${name} (${kind}) of ${label}`;
  if (isModel(kind)) {
    if (depth >= maxDepth) throw failed(`at most ${maxDepth} models within each other`, place, 'more');
    return run({ ...context, depth: depth + 1 }, readTopology(config, place), inputs);
  }
  const layer = Object.hasOwn(layers, kind) ? layers[kind] : undefined;
  if (layer === undefined) throw failed('a layer that the compiler knows', place, kind);
  const weight = (key: string) => builder.constant(find(name, key));
  try {
    const result = layer({ builder, name, config, inputs, weight });
    if (builder.graph.bytes <= maxBytes) return [result];
    throw new RangeError(`Expected constants of at most ${maxBytes} bytes but received more`);
  } catch (cause) {
    // What does not fit into each other is a RangeError all through the builder, which knows no layers.
    if (!(cause instanceof RangeError || cause instanceof BatchNotFree)) throw cause;
    throw new GatewayError('COMPILE_FAILED', `${cause.message}, at ${place}`, { cause });
  }
}
