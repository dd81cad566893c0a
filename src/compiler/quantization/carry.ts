import type { Node } from '../graph.ts';
import type { Bytes } from '../quantize-values.ts';
import { dataInput } from './meanings.ts';
import type { Rewriting } from './rewrite.ts';
import { type Clamp, padding, type Role } from './roles.ts';

/** Lets bytes go through `node` as they are, if that is how it runs. */
export function carry(rewriting: Rewriting, node: Node, role: Role): boolean {
  const { plan, values } = rewriting;
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  switch (role.kind) {
    case 'carrier':
      moveBytes(rewriting, node);
      return true;
    case 'rescale':
      values.setBytes(output, values.quantized(dataInput(plan.graph.initializers, node.inputs)).name);
      return true;
    case 'clamp':
      clampBytes(rewriting, output, values.quantized(input), role);
      return true;
    case 'concat':
      if (plan.clamps.has(node) || !plan.groups.together([...node.inputs, output])) return false;
      joinBytes(rewriting, node);
      return true;
    default:
      return false;
  }
}

function moveBytes({ plan, builder, values }: Rewriting, node: Node): void {
  const [input = '', ...others] = node.inputs;
  const bytes = values.quantized(input);
  const rest = others.map((other) => values.float(other));
  if (node.op === 'Pad')
    rest[1] = byteConstant(builder, quantizedNumber(bytes, padding(node, plan.graph.initializers)));
  const outputs = node.outputs.map((output) => (output === '' ? '' : builder.unique(node.op.toLowerCase())));
  builder.push({ ...node, name: outputs[0] ?? '', inputs: [bytes.name, ...rest], outputs });
  for (const [i, output] of node.outputs.entries()) {
    values.carryBytes(output, { ...bytes, name: outputs[i] ?? '' });
  }
}

function joinBytes({ builder, values }: Rewriting, node: Node): void {
  const parts = node.inputs.map((input) => values.quantized(input));
  const name = builder.add(
    node.op,
    parts.map((part) => part.name),
    { attributes: node.attributes },
  );
  const [first] = parts;
  if (first) values.carryBytes(node.outputs[0] ?? '', { ...first, name });
}

/** Lets `value` be `bytes` clamped, by an operator only where they do not end there by themselves. */
export function clampBytes({ builder, values }: Rewriting, value: string, bytes: Bytes, clamp: Clamp): void {
  const [low, high] = [quantizedNumber(bytes, clamp.low), quantizedNumber(bytes, clamp.high)];
  const name =
    low === 0 && high === 255
      ? bytes.name
      : builder.add('Clip', [bytes.name, byteConstant(builder, low), byteConstant(builder, high)]);
  values.carryBytes(value, { ...bytes, name });
}

function quantizedNumber({ scale, zeroPoint }: Bytes, number = 0): number {
  return Math.min(255, Math.max(0, Math.round(number / scale) + zeroPoint));
}

function byteConstant(builder: Rewriting['builder'], byte: number): string {
  return builder.constant('byte', { type: 'uint8', dims: [], data: Uint8Array.of(byte) });
}
