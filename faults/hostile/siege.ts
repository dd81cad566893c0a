import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Goal } from '../../bench/report.ts';
import type { FaultyGateway } from '../gateway.ts';
import { startFlow, tell } from '../gateway.ts';
import { type Footprint, footprintOf, withoutFootprint } from '../processes.ts';
import type { Conditions, Findings } from '../report.ts';
import type { Scratch } from '../scratch.ts';

const hangMs = 1_000;
/** The first two fill the heap with what is yet to be collected. */
const waves = 3;
const growthMb = 32;
/** What was held only for the moment is let go by then. */
const restMs = 500;

export interface Siege {
  readonly name: string;
  /** Damaged inputs, over all waves. */
  readonly count: number;
  /** Sends so many of them. */
  readonly attack: (count: number) => Promise<void>;
}

/**
 * Lets `attack` do its worst to a gateway, in waves, while an honest camera sends its frames: none of them may be lost
 * or wait long, the daemon must go on, and the last wave must leave it no larger than the one before.
 */
export async function besiege(
  scratch: Scratch,
  { daemon, port }: FaultyGateway,
  { say }: Conditions,
  { name, count, attack }: Siege,
): Promise<Findings> {
  const { pid } = daemon;
  const flow = await startFlow(scratch, name, { port });
  const footprints: Footprint[] = [];
  for (let wave = 0; wave < waves; wave++) {
    await attack(Math.ceil(count / waves));
    await delay(restMs);
    footprints.push(await footprintOf(pid));
  }
  const grown = (what: 'mb' | 'openFiles') =>
    (footprints.at(-1)?.[what] ?? Number.NaN) - (footprints.at(-2)?.[what] ?? Number.NaN);
  const report = await flow.finish();
  tell(say, name, report);
  const survived = daemon.running && (await daemon.health())?.alive === true;
  const memory: Goal[] = withoutFootprint
    ? []
    : [
        atMost(`${name}: memory of the last wave`, 'MB more', growthMb, grown('mb')),
        atMost(`${name}: files of the last wave`, 'files more', 4, grown('openFiles')),
      ];
  return {
    blows: [],
    flows: { [name]: report },
    goals: [
      atMost(`${name}: daemon crashed`, 'times', 0, survived ? 0 : 1),
      atMost(`${name}: longest wait of an honest frame`, 'ms', hangMs, report.latencyMs.max),
      ...memory,
    ],
    figures: { footprints },
  };
}
