import {
  failed,
  field,
  integer,
  isObject,
  type Json,
  list,
  number,
  object,
  text,
  unexpected,
} from './json.ts';
import type { Source } from './order.ts';

/** One node of TensorFlow's `GraphDef`, as its JSON has it. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Without those that only say in which order to run. */
  readonly inputs: readonly Source[];
  readonly attributes: Json;
}

/** @throws COMPILE_FAILED */
export function readNodes(topology: Json, label: string): Map<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  for (const [i, value] of list(field(topology, 'node'), `the nodes of ${label}`).entries()) {
    const what = `node ${i} of ${label}`;
    const json = object(value, what);
    const name = text(field(json, 'name'), `the name of ${what}`);
    const op = text(field(json, 'op'), `the operator of node ${name}`);
    const inputs = list(field(json, 'input') ?? [], `the inputs of node ${name}`)
      .map((input) => text(input, `an input of node ${name}`))
      .filter((input) => !input.startsWith('^'));
    const attributes = object(field(json, 'attr') ?? {}, `the attributes of node ${name}`);
    if (nodes.has(name)) throw failed('every node once', label, `${name} again`);
    nodes.set(name, { name, op, inputs: inputs.map(readSource), attributes });
  }
  return nodes;
}

/** `name`, `name:1`, or in functions `name:argument:1`. */
export function readSource(input: string): Source {
  const [node = '', ...rest] = input.split(':');
  const index = Number(rest.at(-1) ?? 0);
  return { node, index: Number.isInteger(index) ? index : 0 };
}

/** Nodes whose running depends on numbers, and the lists that loops fill. */
const controlFlow =
  /^(Enter|Exit|Merge|Switch|LoopCond|NextIteration|(Stateless)?(If|While|Case)|Tensor(List|Array).*)$/;

/** @throws COMPILE_FAILED */
export function checkNoControlFlow({ name, op }: GraphNode): void {
  if (controlFlow.test(op)) throw failed('a net without control flow', `node ${name}`, op);
}

function attribute(node: GraphNode, name: string, kind: string): unknown {
  const value = field(node.attributes, name);
  return isObject(value) ? field(value, kind) : undefined;
}

const place = (node: GraphNode, name: string) => `attribute ${name} of node ${node.name}`;

export function integerOf(node: GraphNode, name: string, fallback: number): number {
  const value = attribute(node, name, 'i');
  return value === undefined ? fallback : integer(value, place(node, name));
}

export function floatOf(node: GraphNode, name: string, fallback: number): number {
  const value = attribute(node, name, 'f');
  return value === undefined ? fallback : number(value, place(node, name));
}

export function boolOf(node: GraphNode, name: string): boolean {
  const value = attribute(node, name, 'b');
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw unexpected('true or false', place(node, name), value);
}

export function stringOf(node: GraphNode, name: string, fallback: string): string {
  const value = attribute(node, name, 's');
  return value === undefined ? fallback : fromBytes(value, place(node, name));
}

/** Bytes are base64 in the JSON of protocol buffers; old converters wrote their numbers. */
function fromBytes(value: unknown, what: string): string {
  if (Array.isArray(value)) return String.fromCharCode(...value.map((byte) => integer(byte, what)));
  return Buffer.from(text(value, what), 'base64').toString('utf8');
}

export function stringsOf(node: GraphNode, name: string): string[] {
  return listOf(node, name, 's').map((value) => fromBytes(value, place(node, name)));
}

export function integersOf(node: GraphNode, name: string): number[] {
  return listOf(node, name, 'i').map((value) => integer(value, place(node, name)));
}

/** An empty list has no field of its kind. */
function listOf(node: GraphNode, name: string, kind: string): readonly unknown[] {
  const value = attribute(node, name, 'list');
  return value === undefined
    ? []
    : list(field(object(value, place(node, name)), kind) ?? [], place(node, name));
}

/** Names and numbers of `DataType` in TensorFlow's `types.proto` that TensorFlow.js computes with. */
const types = new Map<unknown, 'float32' | 'int32' | 'bool' | 'uint8'>([
  ['DT_FLOAT', 'float32'],
  [1, 'float32'],
  ['DT_INT32', 'int32'],
  [3, 'int32'],
  ['DT_UINT8', 'uint8'],
  [4, 'uint8'],
  // TensorFlow.js has 32 bits at most.
  ['DT_INT64', 'int32'],
  [9, 'int32'],
  ['DT_BOOL', 'bool'],
  [10, 'bool'],
]);

/** `undefined` where the node has no such attribute. */
export function typeOf(node: GraphNode, name: string): 'float32' | 'int32' | 'bool' | 'uint8' | undefined {
  const value = attribute(node, name, 'type');
  if (value === undefined) return undefined;
  const type = types.get(value);
  if (type === undefined) throw unexpected('float32, int32, uint8 or bool', place(node, name), value);
  return type;
}

/** Sizes of the attribute, -1 for one that is open. */
export function shapeOf(node: GraphNode, name: string): number[] {
  return readShape(attribute(node, name, 'shape'), place(node, name));
}

/** Sizes of a `TensorShapeProto`, -1 for one that is open. */
export function readShape(value: unknown, what: string): number[] {
  const shape = object(value, what);
  if (field(shape, 'unknownRank') === true) throw failed('a shape', what, 'one of any rank');
  return list(field(shape, 'dim') ?? [], what).map((dimension) =>
    integer(field(object(dimension, what), 'size') ?? -1, what),
  );
}
