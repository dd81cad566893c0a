import { median, rounded } from '../report.ts';

/** One of those that are compared: a run of it takes one input, or as many as it says. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  /** Pictures a run takes. Default 1. */
  readonly pictures?: number;
}

export interface Times {
  /** Of one picture, milliseconds of CPU, the median over the rounds. */
  readonly ms: Readonly<Record<string, number>>;
  /** How many times as long as `name` each of the others takes, the median of the rounds' own ratios. */
  readonly over: (name: string, other: string) => number;
}

const rounds = 15;
/** Slow ones have fewer rounds, but as many as a median needs. */
const budgetMs = 15_000;
const leastRounds = 5;
/** What each has a round, at least one run: the first of a round finds the caches of the others. */
const roundMs = 60;

/**
 * Races on one thread, in rounds that take turns. Time is that of the processor, not of the clock, so that what
 * else the machine does is not counted; on a machine at rest they are the same.
 */
export async function race(contenders: readonly Contender[]): Promise<Times> {
  const times = contenders.map((): number[] => []);
  const end = performance.now() + budgetMs;
  for (let round = 0; round <= rounds && (round <= leastRounds || performance.now() < end); round++) {
    for (const [i, { run, pictures = 1 }] of contenders.entries()) {
      const each = await timed(run);
      // The first round warms up.
      if (round > 0) times[i]?.push(each / pictures);
    }
  }
  const of = (name: string) => times[contenders.findIndex((each) => each.name === name)] ?? [];
  return {
    ms: Object.fromEntries(contenders.map(({ name }) => [name, rounded(median(of(name)))])),
    over(name, other) {
      const own = of(name);
      return median(of(other).map((ms, round) => ms / (own[round] ?? Number.NaN)));
    },
  };
}

async function timed(run: Contender['run']): Promise<number> {
  const runs: number[] = [];
  const end = performance.now() + roundMs;
  do {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    runs.push((user + system) / 1000);
  } while (performance.now() < end);
  return median(runs);
}
