import { GatewayError } from '../../errors.ts';
import type { Graph } from '../graph.ts';
import type { Imported } from '../imported.ts';
import { constantNodesToInitializers } from '../passes/constant-nodes.ts';
import { freeBatch } from '../passes/free-batch.ts';
import { ordered } from '../passes/order.ts';
import { settleShapes } from '../passes/settle-shapes.ts';
import { removeUnused } from '../passes/unused.ts';
import { toTargetOpset } from './convert.ts';
import { readModel } from './model.ts';

/**
 * The graph of an ONNX file of operator set 7 to 22 in the form that the passes take.
 * @throws COMPILE_FAILED if the file is damaged, or says something that operator set 17 cannot say.
 */
export function importOnnx(file: Uint8Array): Imported {
  const read = ordered(withOneName(readModel(file)));
  if (read.outputs.length === 0) {
    throw new GatewayError('COMPILE_FAILED', 'Expected an output for the graph but received none');
  }
  const settled = settleShapes(removeUnused(toTargetOpset(constantNodesToInitializers(read))));
  const freed = isFree(settled) ? { graph: settled } : freeBatch(settled);
  const notes = 'reason' in freed ? [`The batch stays as it is: ${freed.reason}.`] : [];
  return {
    graph: 'graph' in freed ? freed.graph : settled,
    source: 'onnx',
    quantized: settled.nodes.some(({ op }) => op === 'DequantizeLinear' || op === 'QLinearConv'),
    notes,
  };
}

/** ONNX's own operator set goes by the empty domain and by `ai.onnx`. */
function withOneName(graph: Graph): Graph {
  const { 'ai.onnx': own, ...others } = graph.opsets;
  return {
    ...graph,
    opsets: own === undefined ? graph.opsets : { ...others, '': own },
    nodes: graph.nodes.map((node) => (node.domain === 'ai.onnx' ? { ...node, domain: '' } : node)),
  };
}

function isFree({ inputs }: Graph): boolean {
  return (
    inputs.length > 0 && inputs.every(({ shape }) => typeof shape?.[0] === 'string' || shape?.[0] === null)
  );
}
