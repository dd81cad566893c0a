import { atMost, type Goal, median, rounded } from '../bench/report.ts';
import type { SeededRandom } from '../src/training/random.ts';
import type { FlowReport } from './flow/messages.ts';

export interface Conditions {
  readonly seed: number;
  readonly random: SeededRandom;
  /** A campaign of a minute instead of a whole one. */
  readonly short: boolean;
  readonly soakMinutes: number;
  /** For people, as it goes. */
  readonly say: (line: string) => void;
}

export interface Blow {
  readonly kind: string;
  /** Until frames came through as before, ms; `null`: they did not. */
  readonly recoveryMs: number | null;
}

export interface Findings {
  readonly blows: readonly Blow[];
  /** What became of the frames, by the name of the flow. */
  readonly flows: Readonly<Record<string, FlowReport>>;
  /** What could not be tried here, and why. */
  readonly skipped?: Readonly<Record<string, string>>;
  /** What this part promises beside that. */
  readonly goals?: readonly Goal[];
  readonly figures?: Readonly<Record<string, unknown>>;
}

/** A part of the campaign: breaks something, and tells what came of it. */
export type Part = (conditions: Conditions) => Promise<Findings>;

const recoveryGoalMs = 5_000;

/** The promises that hold whatever breaks. */
export function commonGoals(name: string, { blows, flows }: Findings): Goal[] {
  const reports = Object.values(flows);
  const sum = (of: (flow: FlowReport) => number) => reports.reduce((total, flow) => total + of(flow), 0);
  const times = blows.flatMap(({ recoveryMs }) => recoveryMs ?? []);
  return [
    ...(reports.length === 0
      ? []
      : [
          atMost(
            `${name}: acknowledged QoS 1 frames lost`,
            'frames',
            0,
            sum(({ lost }) => lost.length),
          ),
          atMost(
            `${name}: results that no frame explains`,
            'results',
            0,
            sum((flow) => flow.unidentifiable),
          ),
        ]),
    ...(blows.length === 0
      ? []
      : [
          atMost(`${name}: faults without a recovery`, 'faults', 0, blows.length - times.length),
          atMost(`${name}: slowest recovery`, 'ms', recoveryGoalMs, Math.max(0, ...times)),
        ]),
  ];
}

export interface KindOfBlow {
  readonly count: number;
  readonly medianMs: number;
  /** `null`: one was not recovered from. */
  readonly worstMs: number | null;
}

/** How often each kind of blow fell, and how long it took to recover. */
export function byKind(blows: readonly Blow[]): Record<string, KindOfBlow> {
  const kinds = [...new Set(blows.map(({ kind }) => kind))];
  return Object.fromEntries(
    kinds.map((kind) => {
      const times = blows
        .filter((blow) => blow.kind === kind)
        .map(({ recoveryMs }) => recoveryMs ?? Number.POSITIVE_INFINITY);
      const worst = Math.max(...times);
      const worstMs = Number.isFinite(worst) ? rounded(worst) : null;
      return [kind, { count: times.length, medianMs: rounded(median(times)), worstMs }];
    }),
  );
}
