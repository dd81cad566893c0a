import type { Graph } from '../graph.ts';
import { foldChannelOrder } from './channel-order.ts';
import { foldConstants } from './constants.ts';
import { foldAffineAfter } from './fold-after.ts';
import { foldAffineBefore } from './fold-before.ts';
import { foldBlocks } from './fold-blocks.ts';
import { foldPads } from './fold-pads.ts';
import { removeIdentities } from './identities.ts';
import { raiseTransposes } from './raise-transposes.ts';
import { settleShapes } from './settle-shapes.ts';
import { removeUnused } from './unused.ts';

/** Each gives a graph that computes the same. In this order, each finds what those before it have laid open. */
const passes: readonly ((graph: Graph) => Graph)[] = [
  removeUnused,
  settleShapes,
  removeIdentities,
  raiseTransposes,
  removeIdentities,
  foldBlocks,
  foldPads,
  foldAffineAfter,
  foldChannelOrder,
  foldAffineBefore,
  removeIdentities,
];

/**
 * The graph with less to do at run time and the same answers.
 * @throws COMPILE_FAILED where a part of it cannot run at all.
 */
export async function simplify(graph: Graph): Promise<Graph> {
  return passes.reduce((now, pass) => pass(now), await foldConstants(graph));
}
