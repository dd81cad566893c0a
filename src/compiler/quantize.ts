import { GatewayError } from '../errors.ts';
import type { Range } from './calibrate.ts';
import { consumers, floatAttribute, type Graph, intAttribute, type Node } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { type Parameters, quantizeWeights, type WeightRange } from './quantization.ts';
import { type Bytes, QuantizeValues } from './quantize-values.ts';
import type { TypedTensor } from './tensor.ts';

export interface QuantizeOptions {
  /** Float inputs that are to take bytes, and what a byte of each means. */
  readonly inputs: Readonly<Record<string, Parameters>>;
  /** As `calibrate` found them. What has no range stays float, and so does what would read it as bytes. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Default `reduced`: the same answers on every processor. */
  readonly weightRange?: WeightRange;
}

/**
 * Post-training static quantization to the QDQ form of ONNX: uint8 activations, int8 weights with a scale a
 * channel, int32 biases around each MatMul, Gemm and Conv with constant weights. The runtime fuses each such
 * group into one integer operator; whether it did, `floatOperators` tells.
 * @throws COMPILE_FAILED for a graph of an operator set under 13, which has no scale a channel.
 */
export function quantize(graph: Graph, options: QuantizeOptions): Graph {
  const opset = graph.opsets[''] ?? 0;
  if (opset < 13) {
    const text = `Expected operator set 13 or newer for quantize but received ${opset}`;
    throw new GatewayError('COMPILE_FAILED', text);
  }
  const names = [...graph.nodes.flatMap((node) => node.outputs), ...graph.inputs.map(({ name }) => name)];
  const builder = new GraphBuilder(names);
  for (const [name, tensor] of graph.initializers) builder.constant(name, tensor);
  const values = new QuantizeValues(builder, options.ranges);
  for (const [name, parameters] of Object.entries(options.inputs)) values.setBytes(name, name, parameters);

  const pass: Pass = {
    graph,
    builder,
    values,
    readers: consumers(graph),
    weightRange: options.weightRange ?? 'reduced',
  };
  const wanted = new Set<string>();
  for (const node of graph.nodes) rewrite(pass, node, wanted);
  for (const { name } of graph.outputs) {
    const bytes = values.bytes(name);
    if (bytes !== undefined) values.dequantize(bytes, name);
  }
  return builder.build({
    name: graph.name,
    opsets: graph.opsets,
    inputs: graph.inputs.map((input) => (input.name in options.inputs ? { ...input, type: 'uint8' } : input)),
    outputs: graph.outputs,
  });
}

interface Pass {
  readonly graph: Graph;
  readonly builder: GraphBuilder;
  readonly values: QuantizeValues;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  readonly weightRange: WeightRange;
}

/** They move numbers or choose among them, so that bytes go through with their meaning unchanged. */
const carriers = new Set(['Flatten', 'Identity', 'MaxPool', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

/** The runtime leaves them out where the bytes after them end where they do. */
const clampers = new Set(['Clip', 'Relu']);

/** `wanted`: values that become bytes as soon as they are there, since they end an integer operator. */
function rewrite(pass: Pass, node: Node, wanted: Set<string>): void {
  const { values, builder } = pass;
  const [output = ''] = node.outputs;
  const carried = carriers.has(node.op) ? values.bytes(node.inputs[0] ?? '') : undefined;
  if (carried !== undefined && node.outputs.length === 1) {
    const rest = node.inputs.slice(1).map((input) => values.float(input));
    const name = builder.add(node.op, [carried.name, ...rest], { attributes: node.attributes });
    values.carryBytes(output, { ...carried, name });
    return;
  }
  const weighted = weightedParts(pass, node);
  const inputs = weighted
    ? dequantizedInputs(pass, weighted)
    : node.inputs.map((input) => values.float(input));
  // Of Gemm and MatMul there are integer operators that give floats; of Conv there is none.
  if (weighted && node.op === 'Conv') wanted.add(clampedOutput(pass, output));
  if (!wanted.has(output) || !values.canQuantize(output)) {
    builder.push({ ...node, inputs });
    return;
  }
  const name = builder.add(node.op, inputs, { attributes: node.attributes });
  values.renameFloat(output, name);
  values.quantized(output);
}

/** `output`, or what the ReLU makes of it that alone reads it. */
function clampedOutput({ readers }: Pass, output: string): string {
  const [reader, ...others] = readers.get(output) ?? [];
  const clamped = reader && clampers.has(reader.op) && others.length === 0 ? reader.outputs[0] : undefined;
  return clamped ?? output;
}

/** A MatMul, Gemm or Conv that the runtime has an integer operator for. */
interface Weighted {
  readonly node: Node;
  readonly input: Bytes;
  readonly weights: TypedTensor<'float32'>;
  readonly bias: TypedTensor<'float32'> | undefined;
  /** Of the output channels among the dimensions of the weights. */
  readonly axis: number;
}

function weightedParts({ graph, values }: Pass, node: Node): Weighted | undefined {
  const axis = outputAxis(node);
  const [input = '', weightsName = '', biasName = ''] = node.inputs;
  if (axis === undefined || !values.canQuantize(input)) return undefined;
  const constant = (name: string) => {
    const tensor = graph.initializers.get(name);
    return tensor?.type === 'float32' ? tensor : undefined;
  };
  const weights = constant(weightsName);
  const bias = constant(biasName);
  if (weights === undefined || (node.op !== 'Conv' && weights.dims.length !== 2)) return undefined;
  if (biasName !== '' && bias?.dims.length !== 1) return undefined;
  return { node, input: values.quantized(input), weights, bias, axis };
}

/** `undefined` for other operators, and for a Gemm that does more than multiply and add. */
function outputAxis(node: Node): number | undefined {
  switch (node.op) {
    case 'MatMul':
      return 1;
    case 'Conv':
      return 0;
    case 'Gemm': {
      const plain =
        intAttribute(node, 'transA', 0) === 0 &&
        floatAttribute(node, 'alpha', 1) === 1 &&
        floatAttribute(node, 'beta', 1) === 1;
      if (!plain) return undefined;
      return intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
    }
    default:
      return undefined;
  }
}

/** Input, weights and bias as floats out of integers, in the form that the runtime recognises. */
function dequantizedInputs({ builder, values, weightRange }: Pass, parts: Weighted): string[] {
  const { node, input, axis } = parts;
  const { weights, scales, bias, biasScales } = quantizeWeights({
    ...parts,
    inputScale: input.scale,
    range: weightRange,
  });
  const [, weightsName = '', biasName = ''] = node.inputs;
  const zeros = { type: 'int8', dims: scales.dims, data: new Int8Array(scales.data.length) } as const;
  const dequantized = [
    values.dequantize(input),
    builder.add(
      'DequantizeLinear',
      [
        builder.constant(`${weightsName}_int8`, weights),
        builder.constant(`${weightsName}_scale`, scales),
        builder.constant(`${weightsName}_zero`, zeros),
      ],
      { attributes: { axis: { int: axis } } },
    ),
  ];
  if (bias === undefined) return dequantized;
  const constants = [
    builder.constant(`${biasName}_int32`, bias),
    builder.constant(`${biasName}_scale`, biasScales),
  ];
  return [...dequantized, builder.add('DequantizeLinear', constants, { attributes: { axis: { int: 0 } } })];
}
