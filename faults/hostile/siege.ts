import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Goal } from '../../bench/report.ts';
import type { FaultyGateway } from '../gateway.ts';
import { startFlow, tell } from '../gateway.ts';
import { footprintOf, withoutFootprint } from '../processes.ts';
import type { Conditions, Findings } from '../report.ts';
import type { Scratch } from '../scratch.ts';

const hangMs = 1_000;
const growthMb = 32;
/** What was held only for the moment is let go by then. */
const restMs = 500;

/**
 * Lets `attack` do its worst to a gateway, in two waves, while an honest camera sends its frames: none of them may be
 * lost or wait long, the daemon must go on, and the second wave must leave it no larger than the first.
 */
export async function besiege(
  scratch: Scratch,
  { daemon, port }: FaultyGateway,
  { say }: Conditions,
  { name, attack }: { name: string; attack: () => Promise<void> },
): Promise<Findings> {
  const { pid } = daemon;
  const flow = await startFlow(scratch, name, { port });
  await attack();
  await delay(restMs);
  const first = await footprintOf(pid);
  await attack();
  await delay(restMs);
  const second = await footprintOf(pid);
  const report = await flow.finish();
  tell(say, name, report);
  const survived = daemon.running && (await daemon.health())?.alive === true;
  const memory: Goal[] = withoutFootprint
    ? []
    : [
        atMost(`${name}: memory of the second half`, 'MB more', growthMb, second.mb - first.mb),
        atMost(`${name}: files of the second half`, 'files more', 4, second.openFiles - first.openFiles),
      ];
  return {
    blows: [],
    flows: { [name]: report },
    goals: [
      atMost(`${name}: daemon crashed`, 'times', 0, survived ? 0 : 1),
      atMost(`${name}: longest wait of an honest frame`, 'ms', hangMs, report.latencyMs.max),
      ...memory,
    ],
    figures: { first, second },
  };
}
