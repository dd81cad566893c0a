import type { Node } from '../graph.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { WeightRange } from '../quantization.ts';
import type { QuantizeValues } from '../quantize-values.ts';
import { carry, clampBytes } from './carry.ts';
import { dequantizedWeights } from './dequantized-weights.ts';
import { endOf } from './meanings.ts';
import type { Plan } from './plan.ts';
import type { Role } from './roles.ts';

export interface Rewriting {
  readonly plan: Plan;
  /** Clamps that the nodes before them do. */
  readonly absorbed: ReadonlySet<Node>;
  readonly builder: GraphBuilder;
  readonly values: QuantizeValues;
  readonly weightRange: WeightRange;
  /** Mean of each channel of a value, where biases are to make up for what rounding the weights shifts. */
  readonly means: ReadonlyMap<string, Float64Array>;
}

/** Adds `node` to the builder, on bytes where the plan says so. */
export function rewriteNode(rewriting: Rewriting, node: Node): void {
  const { plan, absorbed, builder, values } = rewriting;
  if (absorbed.has(node)) return;
  const role = plan.roles.get(node);
  if (role === undefined) builder.push({ ...node, inputs: node.inputs.map((input) => values.float(input)) });
  else if (!carry(rewriting, node, role)) compute(rewriting, node, role);
}

/** DequantizeLinear, the operator, QuantizeLinear: what the runtime makes one integer operator of. */
function compute(rewriting: Rewriting, node: Node, role: Role): void {
  const { plan, builder, values } = rewriting;
  const end = endOf(node, plan.clamps);
  const inputs = dequantizedInputs(rewriting, node, role);
  if (!plan.bytes.has(end)) {
    builder.push({ ...node, inputs });
    return;
  }
  const { op, attributes } = node;
  const name =
    role.kind === 'hardSwish' ? gated(rewriting, node, inputs) : builder.add(op, inputs, { attributes });
  const bytes = values.quantize(end, name);
  const clamp = plan.clamps.get(node);
  const bounds = clamp && plan.roles.get(clamp);
  if (bounds?.kind === 'clamp') clampBytes(rewriting, end, bytes, bounds);
}

function dequantizedInputs(rewriting: Rewriting, node: Node, role: Role): string[] {
  const { values } = rewriting;
  if (role.kind !== 'weighted') return node.inputs.map((input) => values.dequantize(values.quantized(input)));
  const input = values.quantized(node.inputs[0] ?? '');
  return [values.dequantize(input), ...dequantizedWeights(rewriting, node, role, input)];
}

/** `x * clip(x / 6 + 1 / 2, 0, 1)` as a sum, whose bytes end at 0 and 6, and a product. */
function gated({ builder, values }: Rewriting, node: Node, [first = '']: readonly string[]): string {
  const three = builder.constant('three', { type: 'uint8', dims: [], data: Uint8Array.of(255) });
  const scaleOfThree = builder.constant('three_scale', scalar(3 / 255));
  const zero = builder.constant('three_zero', { type: 'uint8', dims: [], data: Uint8Array.of(0) });
  const addend = builder.add('DequantizeLinear', [three, scaleOfThree, zero]);
  const sum = builder.add('Add', [first, addend]);
  const gate = builder.add('QuantizeLinear', [sum, builder.constant('six', scalar(6 / 255)), zero]);
  const share = builder.add('DequantizeLinear', [gate, builder.constant('one', scalar(1 / 255)), zero]);
  return builder.add('Mul', [values.dequantize(values.quantized(node.inputs[0] ?? '')), share]);
}

function scalar(value: number) {
  return { type: 'float32', dims: [], data: Float32Array.of(value) } as const;
}
