import { intAttribute, type Node } from '../graph.ts';
import type { Infos } from '../shapes/infer.ts';
import { batchRules, elementwiseOps, type Lookup, mixes, type Passed, positive } from './batch-rules.ts';

/** Of each value that holds a batch, the axis along which it lies. Values that are the same for all have none. */
export type BatchAxes = Map<string, number>;

/** Where the outputs of `node` hold the batch, given where its inputs do. */
export function batchAxes(node: Node, axes: BatchAxes, infos: Infos): Passed {
  const holders = node.inputs.filter((name) => axes.has(name));
  if (holders.length === 0) {
    return Object.values(node.attributes).some((attribute) => 'graph' in attribute)
      ? { reason: 'it has a body' }
      : { axis: undefined };
  }
  const outcome = ruleFor(node, axes, infos);
  return outcome ?? { reason: 'nothing is known of the operator' };
}

function ruleFor(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  if (node.domain !== '') return undefined;
  if (elementwiseOps.has(node.op)) return broadcastAxis(node, axes, infos);
  if (node.op === 'Concat') return concatAxis(node, axes, infos);
  if (node.op === 'MatMul') return matMulAxis(node, axes, infos);
  if (node.op === 'Gemm') return gemmAxis(node, axes);
  const [data = '', ...rest] = node.inputs;
  const axis = axes.get(data);
  const rank = infos.get(data)?.shape?.length;
  // Weights, scales and targets that depend on the picture.
  if (axis === undefined || rank === undefined || rest.some((name) => axes.has(name))) return undefined;
  const indicesRank = infos.get(rest[0] ?? '')?.shape?.length;
  const constant: Lookup = (index) => {
    const value = infos.get(node.inputs[index] ?? '')?.value;
    return value?.every((each) => typeof each === 'number') ? (value as number[]) : undefined;
  };
  if (node.op === 'Reshape') return reshapedAxis(node, infos);
  return batchRules[node.op]?.({ node, axis, rank, constant, indicesRank });
}

function reshapedAxis(node: Node, infos: Infos): Passed {
  const shape = infos.get(node.outputs[0] ?? '')?.shape;
  return { axis: shape?.findIndex((size) => typeof size === 'string') };
}

function broadcastAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const rank = infos.get(node.outputs[0] ?? '')?.shape?.length;
  if (rank === undefined) return undefined;
  let found: number | undefined;
  for (const name of node.inputs) {
    const axis = axes.get(name);
    const own = infos.get(name)?.shape?.length;
    if (axis === undefined) continue;
    const at = rank - (own ?? rank) + axis;
    if (found !== undefined && found !== at) return { reason: 'its inputs hold the batch along other axes' };
    found = at;
  }
  return { axis: found };
}

function concatAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const rank = infos.get(node.outputs[0] ?? '')?.shape?.length;
  const [axis, ...others] = new Set(node.inputs.map((name) => axes.get(name)));
  if (rank === undefined || axis === undefined || others.length > 0) {
    return { reason: 'not all of its inputs hold the batch' };
  }
  return positive(intAttribute(node, 'axis', 0), rank) === axis ? mixes : { axis };
}

function matMulAxis(node: Node, axes: BatchAxes, infos: Infos): Passed | undefined {
  const [a = '', b = ''] = node.inputs;
  const [left, right] = [infos.get(a)?.shape?.length, infos.get(b)?.shape?.length];
  if (left === undefined || right === undefined || left < 2 || right < 2) return undefined;
  const rank = Math.max(left, right);
  const [rows, columns] = [axes.get(a), axes.get(b)];
  if (rows === left - 1 || (columns !== undefined && columns >= right - 2)) return mixes;
  const places = new Set([
    ...(rows === undefined ? [] : [rank - left + rows]),
    ...(columns === undefined ? [] : [rank - right + columns]),
  ]);
  const [axis] = places;
  return places.size === 1 ? { axis } : { reason: 'its inputs hold the batch along other axes' };
}

function gemmAxis(node: Node, axes: BatchAxes): Passed {
  const [a = '', ...rest] = node.inputs;
  const plain = intAttribute(node, 'transA', 0) === 0 && axes.get(a) === 0;
  return plain && !rest.some((name) => axes.has(name)) ? { axis: 0 } : mixes;
}
