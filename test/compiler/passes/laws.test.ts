import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../src/compiler/graph.ts';
import { foldChannelOrder } from '../../../src/compiler/passes/channel-order.ts';
import { foldConstants } from '../../../src/compiler/passes/constants.ts';
import { foldAffineAfter } from '../../../src/compiler/passes/fold-after.ts';
import { foldAffineBefore } from '../../../src/compiler/passes/fold-before.ts';
import { foldBlocks } from '../../../src/compiler/passes/fold-blocks.ts';
import { foldPads } from '../../../src/compiler/passes/fold-pads.ts';
import { removeIdentities } from '../../../src/compiler/passes/identities.ts';
import { raiseTransposes } from '../../../src/compiler/passes/raise-transposes.ts';
import { settleShapes } from '../../../src/compiler/passes/settle-shapes.ts';
import { simplify } from '../../../src/compiler/passes/simplify.ts';
import { removeUnused } from '../../../src/compiler/passes/unused.ts';
import { anyNet, difference } from './random-net.ts';

const passes: Readonly<Record<string, (graph: Graph) => Graph | Promise<Graph>>> = {
  removeUnused,
  settleShapes,
  removeIdentities,
  raiseTransposes,
  foldBlocks,
  foldPads,
  foldAffineAfter,
  foldChannelOrder,
  foldAffineBefore,
  foldConstants,
  simplify,
};

describe.each(Object.entries(passes))('%s', (_, pass) => {
  it('gives a graph that answers the same, and the same inputs and outputs', async () => {
    await fc.assert(
      fc.asyncProperty(anyNet, async (graph) => {
        const after = await pass(graph);
        expect(after.inputs).toEqual(graph.inputs);
        expect(after.outputs).toEqual(graph.outputs);
        expect(await difference(graph, after)).toBeLessThan(1e-4);
      }),
      { numRuns: 60 },
    );
  });

  it('finds nothing more to do in what it gave', async () => {
    await fc.assert(
      fc.asyncProperty(anyNet, async (graph) => {
        const once = await pass(await pass(graph));
        expect((await pass(once)).nodes.length).toBe(once.nodes.length);
      }),
      { numRuns: 30 },
    );
  });
});
