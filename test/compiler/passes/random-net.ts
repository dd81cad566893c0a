import fc from 'fast-check';
import type { Attribute, Graph } from '../../../src/compiler/graph.ts';
import { GraphBuilder } from '../../../src/compiler/graph-builder.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import { elements, type Tensor, type TypedTensor } from '../../../src/compiler/tensor.ts';

/** Numbers like those of trained weights, the same for the same seed. */
function weights(seed: number, dims: readonly number[], spread = 1): TypedTensor<'float32'> {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const scale = (3 * spread) / Math.sqrt(elements(dims) / Math.max(1, ...dims));
  const data = Float32Array.from({ length: elements(dims) }, () => (uniform() + uniform()) * scale);
  return { type: 'float32', dims, data };
}

/** A value of a net of pictures under construction, `[N, channels, size, size]`. */
interface Picture {
  readonly name: string;
  readonly channels: number;
  readonly size: number;
}

type Attributes = Readonly<Record<string, Attribute>>;

/** Adds layers to a net whose weights follow from a seed. */
export class PictureNet {
  readonly builder = new GraphBuilder(['x', 'y']);
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed * 1000;
  }

  op(op: string, input: Picture, attributes: Attributes = {}, extra: readonly string[] = []): Picture {
    return { ...input, name: this.builder.add(op, [input.name, ...extra], { attributes }) };
  }

  floats(dims: readonly number[], spread = 1, around = 0): string {
    const tensor = weights(++this.#seed, dims, spread);
    return this.builder.constant('w', { ...tensor, data: tensor.data.map((each) => each + around) });
  }

  ints(...numbers: number[]): string {
    const data = BigInt64Array.from(numbers, BigInt);
    return this.builder.constant('i', { type: 'int64', dims: [data.length], data });
  }

  scalar(number: number): string {
    return this.builder.constant('s', { type: 'float32', dims: [], data: Float32Array.of(number) });
  }

  conv(input: Picture, kernel: number, pad: number, stride = 1): Picture {
    const outputs = 4;
    const size = Math.floor((input.size + 2 * pad - kernel) / stride) + 1;
    if (size < 2) return input;
    const extra = [this.floats([outputs, input.channels, kernel, kernel]), this.floats([outputs], 0.3)];
    const attributes = { pads: { ints: [pad, pad, pad, pad] }, strides: { ints: [stride, stride] } };
    return { ...this.op('Conv', input, attributes, extra), channels: outputs, size };
  }

  depthwise(input: Picture): Picture {
    const extra = [this.floats([input.channels, 1, 3, 3])];
    return this.op('Conv', input, { group: { int: input.channels }, pads: { ints: [1, 1, 1, 1] } }, extra);
  }

  deconv(input: Picture): Picture {
    if (input.size > 12) return input;
    const extra = [this.floats([input.channels, 4, 2, 2]), this.floats([4], 0.3)];
    const grown = this.op('ConvTranspose', input, { strides: { ints: [2, 2] } }, extra);
    return { ...grown, channels: 4, size: input.size * 2 };
  }

  norm(input: Picture): Picture {
    const each = (around: number) => this.floats([input.channels], 0.3, around);
    const positive = weights(++this.#seed, [input.channels]).data.map((value) => Math.abs(value) + 0.2);
    const variance = this.builder.constant('v', { type: 'float32', dims: [input.channels], data: positive });
    return this.op('BatchNormalization', input, { epsilon: { float: 1e-3 } }, [
      each(1),
      each(0),
      each(0),
      variance,
    ]);
  }

  channelwise(op: string, input: Picture): Picture {
    return this.op(op, input, {}, [this.floats([input.channels, 1, 1], 0.5, 1.5)]);
  }

  /** Zeros around, as a node of their own, and a window over them. */
  padded(op: string, input: Picture, kernel = 3): Picture {
    const pads = this.ints(0, 0, 1, 1, 0, 0, 1, 1);
    const wide = { ...this.op('Pad', input, {}, [pads]), size: input.size + 2 };
    if (op === 'Conv') return this.conv(wide, kernel, 0);
    return {
      ...this.op(op, wide, { kernel_shape: { ints: [kernel, kernel] } }),
      size: wide.size - kernel + 1,
    };
  }

  slice(input: Picture, axis: number, start: number): string {
    const parts = [start, 2 ** 40, axis, 2].map((each) => this.ints(each));
    return this.builder.add('Slice', [input.name, ...parts]);
  }

  focus(input: Picture): Picture {
    if (input.size % 2 !== 0 || input.size < 6) return input;
    const phases = [0, 1, 2, 3].map((phase) => {
      const rows = { ...input, name: this.slice(input, 2, phase % 2) };
      return this.slice(rows, 3, phase >> 1);
    });
    const name = this.builder.add('Concat', phases, { attributes: { axis: { int: 1 } } });
    return this.conv({ name, channels: input.channels * 4, size: input.size / 2 }, 3, 1);
  }

  there(input: Picture): Picture {
    return this.op('Transpose', input, { perm: { ints: [0, 2, 3, 1] } });
  }

  back(input: Picture): Picture {
    return this.op('Transpose', input, { perm: { ints: [0, 3, 1, 2] } });
  }

  shuffled(input: Picture): Picture {
    const order = Array.from({ length: input.channels }, (_, i) => (i + 1) % input.channels);
    return this.op('Gather', input, { axis: { int: 1 } }, [this.ints(...order)]);
  }

  /** Flattened and shaped back by what exporters of dynamic graphs write. */
  reshaped(input: Picture): Picture {
    const dims = this.builder.add('Shape', [input.name]);
    const first = this.builder.add('Gather', [dims, this.ints(0)]);
    const there = this.builder.add('Concat', [first, this.ints(-1)], { attributes: { axis: { int: 0 } } });
    const flat = this.builder.add('Reshape', [input.name, there]);
    return { ...input, name: this.builder.add('Reshape', [flat, dims]) };
  }

  build({ name }: Picture, input: Picture, batch: number | string = 'N'): Graph {
    this.builder.add('Identity', [name], { output: 'y' });
    return this.builder.build({
      name: 'net',
      opsets: { '': 17 },
      inputs: [{ name: 'x', type: 'float32', shape: [batch, input.channels, input.size, input.size] }],
      outputs: [{ name: 'y' }],
    });
  }
}

/** Layers by name, to be chosen at random. */
const layers: Readonly<Record<string, (net: PictureNet, input: Picture) => Picture>> = {
  conv: (net, input) => net.conv(input, 3, 1),
  valid: (net, input) => net.conv(input, 3, 0),
  strided: (net, input) => net.conv(input, 3, 1, 2),
  pointwise: (net, input) => net.conv(input, 1, 0),
  depthwise: (net, input) => net.depthwise(input),
  deconv: (net, input) => net.deconv(input),
  norm: (net, input) => net.norm(input),
  mul: (net, input) => net.channelwise('Mul', input),
  div: (net, input) => net.channelwise('Div', input),
  add: (net, input) => net.channelwise('Add', input),
  sub: (net, input) => net.channelwise('Sub', input),
  from: (net, input) => ({ ...input, name: net.builder.add('Sub', [net.scalar(0.5), input.name]) }),
  relu: (net, input) => net.op('Relu', input),
  clip: (net, input) => net.op('Clip', input, {}, [net.scalar(0), net.scalar(6)]),
  identity: (net, input) => net.op('Identity', input),
  dropout: (net, input) => net.op('Dropout', input),
  residual: (net, input) => ({
    ...input,
    name: net.builder.add('Add', [input.name, net.op('Relu', input).name]),
  }),
  padConv: (net, input) => net.padded('Conv', input),
  padAverage: (net, input) => net.padded('AveragePool', input),
  padMax: (net, input) => net.padded('MaxPool', input),
  focus: (net, input) => net.focus(input),
  there: (net, input) => net.back(net.op('Sigmoid', net.there(input))),
  shuffled: (net, input) => net.shuffled(input),
  reshaped: (net, input) => net.reshaped(input),
  constant: (net, input) => {
    const twice = net.builder.add('Mul', [net.floats([input.channels, 1, 1]), net.scalar(2)]);
    return { ...input, name: net.builder.add('Add', [input.name, twice]) };
  },
};

export type Layer = keyof typeof layers & string;

/** The net of the layers one after another, for pictures of `size` × `size` and three channels. */
export function netOf(chosen: readonly Layer[], seed = 1, size = 10, batch: number | string = 'N'): Graph {
  const net = new PictureNet(seed);
  const input: Picture = { name: 'x', channels: 3, size };
  const output = chosen.reduce((value, layer) => layers[layer]?.(net, value) ?? value, input);
  return net.build(output, input, batch);
}

/** Nets of up to eight random layers. */
export const anyNet: fc.Arbitrary<Graph> = fc
  .tuple(
    fc.array(fc.constantFrom(...Object.keys(layers)), { minLength: 1, maxLength: 8 }),
    fc.nat(1000),
    fc.constantFrom(8, 9, 10),
  )
  .map(([chosen, seed, size]) => netOf(chosen, seed, size));

/** A feed for every input of the graph, the same for the same seed; free sizes are 2. */
export function feedsOf({ inputs }: Graph, seed = 1): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, type, shape = [] }, i) => {
      const dims = shape.map((size) => (typeof size === 'number' ? size : 2));
      const floats: TypedTensor<'float32'> = weights(seed + i, dims, Math.sqrt(elements(dims) / 100));
      if (type !== 'uint8') return [name, floats];
      return [name, { type, dims, data: Uint8Array.from(floats.data, (each) => Math.abs(each * 1e5) % 256) }];
    }),
  );
}

export async function outputsOf(graph: Graph, feeds: Readonly<Record<string, Tensor>>) {
  const session = await openSession(writeModel(graph), { threads: 1 });
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
}

/** The greatest difference between all outputs of two graphs, relative to the greatest number of the first. */
export async function difference(before: Graph, after: Graph, feeds = feedsOf(before)): Promise<number> {
  const [expected, actual] = [await outputsOf(before, feeds), await outputsOf(after, feeds)];
  return worst(expected, actual);
}

export function worst(expected: Record<string, Tensor>, actual: Record<string, Tensor>): number {
  let greatest = 1e-3;
  let error = 0;
  for (const [name, { dims, data }] of Object.entries(expected)) {
    const other = actual[name];
    if (String(other?.dims) !== String(dims)) return Number.POSITIVE_INFINITY;
    for (const [i, each] of Array.from(data, Number).entries()) {
      greatest = Math.max(greatest, Math.abs(each));
      error = Math.max(error, Math.abs(each - Number(other?.data[i])));
    }
  }
  return error / greatest;
}

export function ops(graph: Graph): string[] {
  return graph.nodes.map(({ op }) => op);
}
