import type { Graph, Node } from '../graph.ts';
import type { TypedTensor } from '../tensor.ts';
import { floats, freshNames, makeNode, readCounts, renameValues } from './rewrite.ts';
import { removeUnused } from './unused.ts';

/** `real = (byte - zeroPoint) * scale` */
interface Meaning {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A graph whose input `name` is float, and what a byte of it will mean. */
export interface ByteInput {
  readonly graph: Graph;
  readonly meaning: Meaning;
}

/**
 * The number that stands for zero, where it is the same whole number for every channel, goes from the `Sub`
 * or `Add` at the input into the meaning of the bytes, which costs nothing.
 */
export function zeroPointOf(graph: Graph, name: string): ByteInput {
  const plain = { graph, meaning: { scale: 1, zeroPoint: 0 } };
  const shift = firstShift(graph, name);
  const numbers = shift && floats(graph, shift.inputs[1])?.data;
  const zero = (numbers?.[0] ?? -1) * (shift?.op === 'Add' ? -1 : 1);
  if (shift === undefined || numbers === undefined || !isByte(zero)) return plain;
  if (!numbers.every((each) => each === numbers[0])) return plain;
  const nodes = graph.nodes.filter((node) => node !== shift);
  const without = renameValues(
    { ...graph, nodes },
    new Map([[shift.outputs[0] ?? '', shift.inputs[0] ?? '']]),
  );
  return { graph: removeUnused(without), meaning: { scale: 1, zeroPoint: zero } };
}

/** The `Sub` or `Add` through which alone the input is read, perhaps behind a `Transpose`. */
function firstShift(graph: Graph, name: string): Node | undefined {
  const counts = readCounts(graph);
  let value = name;
  for (;;) {
    if (counts.get(value) !== 1) return undefined;
    const reader = graph.nodes.find(({ inputs }) => inputs[0] === value);
    if (reader?.op === 'Sub' && !graph.outputs.some((output) => output.name === reader.outputs[0]))
      return reader;
    if (reader?.op !== 'Transpose') return undefined;
    value = reader.outputs[0] ?? '';
  }
}

function isByte(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 255;
}

/**
 * The graph with floats for an int32 input that is to take bytes. A `Cast` to float that it begins with, as nets
 * that take pictures as integers do, is then nothing.
 */
export function wholeNumbersAsFloats(graph: Graph, name: string): Graph {
  const whole = freshNames(graph)(`${name}_whole`);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const casts = graph.nodes.filter(
    (node) => isCastToFloat(node) && node.inputs[0] === name && !outputs.has(node.outputs[0] ?? ''),
  );
  const names = new Map(casts.map((node) => [node.outputs[0] ?? '', name]));
  const others = renameValues(
    { ...graph, nodes: graph.nodes.filter((node) => !casts.includes(node)) },
    new Map([[name, whole]]),
  );
  const inputs = graph.inputs.map((input) =>
    input.name === name ? ({ ...input, type: 'float32' } as const) : input,
  );
  const first = makeNode('Cast', [name], [whole], { to: { int: 6 } });
  const { nodes } = renameValues(others, names);
  return removeUnused({ ...graph, inputs, nodes: [first, ...nodes] });
}

function isCastToFloat({ op, domain, attributes: { to } }: Node): boolean {
  return op === 'Cast' && domain === '' && to !== undefined && 'int' in to && to.int === 1;
}

/** The float graph with an input of bytes: what they mean is the first thing that it computes. */
export function takeBytes({ graph, meaning }: ByteInput, name: string): Graph {
  const { scale, zeroPoint } = meaning;
  const fresh = freshNames(graph);
  const value = fresh(`${name}_float`);
  const initializers = new Map(graph.initializers);
  const first = scale === 1 && zeroPoint === 0 ? cast() : dequantize();
  const inner = renameValues(graph, new Map([[name, value]]));
  const inputs = graph.inputs.map((input) =>
    input.name === name ? ({ ...input, type: 'uint8' } as const) : input,
  );
  return { ...inner, inputs, nodes: [first, ...inner.nodes], initializers };

  function cast(): Node {
    return makeNode('Cast', [name], [value], { to: { int: 1 } });
  }

  function dequantize(): Node {
    const [scaleName, zeroName] = [fresh(`${name}_scale`), fresh(`${name}_zero`)];
    const tensor: TypedTensor<'float32'> = { type: 'float32', dims: [], data: Float32Array.of(scale) };
    initializers.set(scaleName, tensor);
    initializers.set(zeroName, { type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) });
    return makeNode('DequantizeLinear', [name, scaleName, zeroName], [value]);
  }
}
