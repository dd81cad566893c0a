import { GatewayError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { type Plan, type PlanOptions, planQuantization } from './quantization/plan.ts';
import { rewriteNode } from './quantization/rewrite.ts';
import type { WeightRange } from './quantization.ts';
import { QuantizeValues } from './quantize-values.ts';

export interface QuantizeOptions extends PlanOptions {
  /** Default `reduced`: the same answers on every processor. */
  readonly weightRange?: WeightRange;
  /** Mean of each channel of the values that products read: biases then make up for rounded weights. */
  readonly means?: ReadonlyMap<string, Float64Array>;
}

/**
 * Post-training static quantization to the QDQ form of ONNX: uint8 activations, int8 weights with a scale a
 * channel, int32 biases whose scale is exactly that of the products. Bytes go from operator to operator as
 * far as the runtime has integer operators; whether it fused them all, `floatOperators` tells.
 * @throws COMPILE_FAILED for a graph of an operator set under 13, which has no scale a channel.
 */
export function quantize(graph: Graph, options: QuantizeOptions): Graph {
  return quantizePlanned(graph, options, planQuantization(graph, options));
}

/** As `quantize`, by a plan that was made from the same options. */
function quantizePlanned(graph: Graph, options: QuantizeOptions, plan: Plan): Graph {
  const opset = graph.opsets[''] ?? 0;
  if (opset < 13) {
    const text = `Expected operator set 13 or newer for quantize but received ${opset}`;
    throw new GatewayError('COMPILE_FAILED', text);
  }
  // Nodes that stay keep their names, which need not be those of their outputs and have to stay the only ones too.
  const names = [
    ...graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
    ...graph.inputs.map(({ name }) => name),
  ];
  const builder = new GraphBuilder(names);
  for (const [name, tensor] of graph.initializers) builder.constant(name, tensor);
  const parameters = (value: string) => plan.groups.parameters(value);
  const values = new QuantizeValues({ builder, parameters, constants: graph.initializers });
  for (const name of Object.keys(options.inputs)) values.setBytes(name, name);
  const { weightRange = 'reduced', means = new Map() } = options;
  const absorbed = new Set(plan.clamps.values());
  for (const node of graph.nodes) rewriteNode({ plan, absorbed, builder, values, weightRange, means }, node);
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
