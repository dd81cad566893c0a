import { GatewayError } from '../../errors.ts';
import type { Attribute, Node } from '../graph.ts';
import type { Tensor, TensorType } from '../tensor.ts';
import type { Size } from './size.ts';

/** What is known of a value before the graph has run. */
export interface Info {
  readonly type?: TensorType | undefined;
  readonly shape?: readonly Size[] | undefined;
  /** Of a small tensor of rank 0 or 1, as the shape that `Reshape` reads: its numbers. */
  readonly value?: readonly Size[] | undefined;
}

/** A node together with what is known of its inputs. */
export interface Site {
  readonly node: Node;
  /** `{}` for an input that is left out or of which nothing is known. */
  readonly inputs: readonly Info[];
  /** Of the operator set of the node's domain. */
  readonly opset: number;
}

/** What is known of the outputs of a node; one `Info` where it has one output. */
export type Rule = (site: Site) => Info | readonly Info[];

export function input({ inputs }: Site, index: number): Info {
  return inputs[index] ?? {};
}

/** The numbers of an input that is known, or of an attribute of the same meaning in older operator sets. */
export function knownInts(site: Site, index: number, attribute?: string): readonly number[] | undefined {
  const found = attribute === undefined ? undefined : site.node.attributes[attribute];
  if (found !== undefined && 'ints' in found) return found.ints;
  const value = input(site, index).value;
  return value?.every((each) => typeof each === 'number') ? (value as readonly number[]) : undefined;
}

export function ints(node: Node, name: string): readonly number[] | undefined {
  const attribute: Attribute | undefined = node.attributes[name];
  return attribute !== undefined && 'ints' in attribute ? attribute.ints : undefined;
}

export function text(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'string' in attribute ? attribute.string : fallback;
}

/** `axis` counted from the front. @throws COMPILE_FAILED if the tensor has no such axis. */
export function positiveAxis(node: Node, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive >= 0 && positive < rank) return positive;
  throw misfit(node, `an axis of ${rank}`, `${axis}`);
}

/** A node that cannot run on such inputs. */
export function misfit({ op, name, outputs }: Node, expected: string, received: string): GatewayError {
  const where = `${op} ${name === '' ? (outputs[0] ?? '') : name}`;
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${where} but received ${received}`);
}

/** Longer tensors are weights, not shapes. */
const longestValue = 64;

export function infoOfTensor({ type, dims, data }: Tensor): Info {
  const small = dims.length <= 1 && data.length <= longestValue && type !== 'float16';
  return { type, shape: dims, ...(small && { value: Array.from(data, Number) }) };
}
