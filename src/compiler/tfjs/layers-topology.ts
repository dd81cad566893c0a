import { failed, field, integer, isObject, type Json, list, object, text, unexpected } from './json.ts';
import type { Source } from './order.ts';

/** A model of Keras, sequential or functional, as layers and how often each is used on what. */
export interface Topology {
  readonly layers: readonly LayerSpec[];
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

export interface LayerSpec {
  readonly name: string;
  readonly kind: string;
  readonly config: Json;
  /** What each use of the layer reads. */
  readonly uses: readonly (readonly Source[])[];
  /** The number of the first use: a model has been used once before, on its own inputs. */
  readonly firstUse: number;
}

/** The name under which use `use` of a layer is read. */
export function useOf(layer: string, use: number): string {
  return `${layer}#${use}`;
}

export function isModel(kind: string): boolean {
  return kind === 'Sequential' || kind === 'Model' || kind === 'Functional';
}

/** @throws COMPILE_FAILED */
export function readTopology(value: Json, what: string): Topology {
  const kind = text(field(value, 'class_name'), `the class of ${what}`);
  const config = field(value, 'config');
  if (kind === 'Sequential') return sequential(config, what);
  if (isModel(kind)) return functional(object(config, `the configuration of ${what}`), what);
  throw failed('a sequential or functional model', what, kind);
}

/** One layer after another. Where the first says what it takes, that makes an input layer. */
function sequential(config: unknown, what: string): Topology {
  const listed = list(isObject(config) ? field(config, 'layers') : config, `the layers of ${what}`);
  const layers: LayerSpec[] = [];
  for (const [i, value] of listed.entries()) {
    const spec = readLayer(value, `layer ${i} of ${what}`);
    const [first] = layers;
    if (first === undefined && spec.kind !== 'InputLayer') {
      layers.push({
        name: `${spec.name}_input`,
        kind: 'InputLayer',
        config: spec.config,
        uses: [[]],
        firstUse: 0,
      });
    }
    const previous = layers.at(-1);
    const reads = previous ? [{ node: useOf(previous.name, 0), index: 0 }] : [];
    layers.push({ ...spec, uses: [reads], firstUse: 0 });
  }
  const ends = [layers[0], layers.at(-1)].flatMap((layer) =>
    layer ? [{ node: useOf(layer.name, 0), index: 0 }] : [],
  );
  if (ends.length === 0) throw failed('layers', what, 'none');
  return { layers, inputs: ends.slice(0, 1), outputs: ends.slice(1) };
}

function functional(config: Json, what: string): Topology {
  const listed = list(field(config, 'layers'), `the layers of ${what}`).map((value, i) => {
    const spec = readLayer(value, `layer ${i} of ${what}`);
    const inbound = list(
      field(object(value, what), 'inbound_nodes') ?? [],
      `the inputs of layer ${spec.name}`,
    );
    const uses = inbound.map((use) => readUse(use, `the inputs of layer ${spec.name}`));
    // An input layer reads nothing, once.
    return { ...spec, uses: uses.length === 0 ? [[]] : uses };
  });
  const ports = (key: string) => {
    const what2 = `${key} of ${what}`;
    const value = list(field(config, key), what2);
    // One alone may stand without its list.
    return typeof value[0] === 'string'
      ? [readTensor(value, what2)]
      : value.map((each) => readTensor(each, what2));
  };
  const [inputs, outputs] = [ports('input_layers'), ports('output_layers')];
  const read = new Set([...listed.flatMap(({ uses }) => uses.flat()), ...outputs].map(({ node }) => node));
  const layers = listed.map((layer): LayerSpec => ({ ...layer, firstUse: firstUseOf(layer, read) }));
  return { layers, inputs, outputs };
}

/** Some versions of Keras do not count the use of a model on its own inputs. */
function firstUseOf({ name, kind }: Omit<LayerSpec, 'firstUse'>, read: ReadonlySet<string>): number {
  return isModel(kind) && !read.has(useOf(name, 0)) ? 1 : 0;
}

function readLayer(value: unknown, what: string): Omit<LayerSpec, 'uses' | 'firstUse'> {
  const json = object(value, what);
  const config = field(json, 'config');
  const settings = isObject(config) ? config : {};
  const name = text(field(settings, 'name') ?? field(json, 'name'), `the name of ${what}`);
  // A model within a model: its configuration may be a list, and is read when it is used.
  const kind = text(field(json, 'class_name'), `the class of ${what}`);
  return { name, kind, config: isModel(kind) ? json : settings };
}

/** What one use reads: a list of tensors. */
function readUse(value: unknown, what: string): Source[] {
  if (isObject(value)) throw unexpected('the format of Keras 2', what, value);
  const tensors = list(value, what);
  return typeof tensors[0] === 'string'
    ? [readTensor(tensors, what)]
    : tensors.map((each) => readTensor(each, what));
}

/** `[layer, use, output]`, and what the layer is told, which only training asks for. */
function readTensor(value: unknown, what: string): Source {
  const [layer, use, output] = list(value, what);
  return { node: useOf(text(layer, what), integer(use ?? 0, what)), index: integer(output ?? 0, what) };
}
