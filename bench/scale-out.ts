/** Gateways that share one camera topic of mosquitto: throughput, fair shares, and one of them killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeNet } from './frames/net.ts';
import { cameraPictures } from './frames/pictures.ts';
import { atLeast, atMost, type Benchmark, type Goal, median, rounded } from './report.ts';
import { type Group, startGroup } from './scale-out/group.ts';

const counts = [1, 2, 4] as const;
const rounds = 3;
/** Frames on the way: two batches for each of four gateways. */
const window = 64;
const warmupMs = 1_500;
const measureMs = 4_000;
const drainMs = 30_000;
/** Of what the gateways could judge together, while one of them is killed: the others have room for its frames. */
const load = 0.4;
const beforeKillMs = 2_000;
const downMs = 2_000;

interface Round {
  readonly framesPerSecond: number;
  readonly cpuMsPerFrame: number;
  /** Of the gateway that judged fewest, as a part of an equal share. */
  readonly leastShare: number;
  /** Frames without a result or with more than one. */
  readonly notOnce: number;
}

type Say = (line: string) => void;

const benchmark: Benchmark = async (say) => {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  try {
    const pictures = await cameraPictures(8);
    const { bundle } = await makeNet(folder, pictures);
    const start = (count: number) => startGroup(count, bundle, pictures);
    const measured = new Map<number, Round[]>();
    for (let round = 0; round < rounds; round++) {
      for (const count of counts) {
        const group = await start(count);
        if (group === undefined) return { goals: [withoutMosquitto], figures: {} };
        const result = await share(group, count);
        measured.set(count, [...(measured.get(count) ?? []), result]);
        say(
          `${count} gateways: ${rounded(result.framesPerSecond)} frames/s, ${rounded(result.cpuMsPerFrame)} ms of CPU ` +
            `a frame, the least ${rounded(result.leastShare)} of its share, ${result.notOnce} frames not judged once`,
        );
      }
    }
    const of = (count: number, key: keyof Round) => (measured.get(count) ?? []).map((round) => round[key]);
    const mediansOf = (key: keyof Round) =>
      Object.fromEntries(counts.map((count) => [count, rounded(median(of(count, key)))]));
    const rates = mediansOf('framesPerSecond');
    const killed = [];
    for (const count of counts.slice(1)) {
      const group = await start(count);
      if (group) killed.push(await kill(group, load * (rates[count] ?? 0), say));
    }
    return {
      goals: [
        ...counts.slice(1).flatMap((count) => sharingGoals(count, of)),
        ...killed.map(({ gateways, lost }) =>
          atMost(`frames lost with one of ${gateways} gateways killed`, 'frames', 0, lost),
        ),
      ],
      figures: {
        framesPerSecond: rates,
        cpuMsPerFrame: mediansOf('cpuMsPerFrame'),
        killed,
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
export default benchmark;

const withoutMosquitto: Goal = {
  what: 'gateways that share one topic',
  unit: 'gateways',
  want: '>= 4',
  got: null,
  ok: false,
  why: 'mosquitto is not installed',
};

function sharingGoals(count: number, of: (count: number, key: keyof Round) => number[]): Goal[] {
  const one = of(1, 'framesPerSecond');
  const times = median(of(count, 'framesPerSecond').map((rate, i) => rate / (one[i] ?? Number.NaN)));
  // More gateways than cores cannot be faster than the cores are.
  const cores = Math.min(count, availableParallelism());
  const who = `${count} gateways`;
  return [
    atLeast(`frames a second of ${who} on ${cores} cores against one`, 'times', 0.8 * cores, times),
    atLeast(
      `least share of one of ${who}, of an equal share`,
      'times',
      0.8,
      Math.min(...of(count, 'leastShare')),
    ),
    atMost(`frames not judged exactly once by ${who}`, 'frames', 0, Math.max(...of(count, 'notOnce'))),
  ];
}

/** More frames than the gateways can judge, for a while; each must have exactly one result in the end. */
async function share(group: Group, count: number): Promise<Round> {
  const { frames } = group;
  try {
    frames.flood(window);
    await delay(warmupMs);
    const [before, cpuBefore, startedAt] = [frames.answers(), await group.cpuMs(), performance.now()];
    await delay(measureMs);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuMs = (await group.cpuMs()) - cpuBefore;
    const judged = [...frames.answers()].map(([gateway, all]) => all - (before.get(gateway) ?? 0));
    frames.pause();
    await frames.drain(drainMs);
    const { unanswered, repeated } = frames.book();
    const total = judged.reduce((sum, one) => sum + one, 0);
    return {
      framesPerSecond: total / seconds,
      cpuMsPerFrame: cpuMs / total,
      leastShare: judged.length < count ? 0 : Math.min(...judged) / (total / count),
      notOnce: unanswered + repeated,
    };
  } finally {
    await group.stop();
  }
}

/** Cameras go on while one gateway is killed and comes back: who has no result in the end is lost. */
async function kill({ gateways, frames, stop }: Group, framesPerSecond: number, say: Say) {
  try {
    frames.film(framesPerSecond);
    await delay(beforeKillMs);
    await gateways[0]?.kill();
    await delay(downMs);
    const waiting = frames.book().unanswered;
    await gateways[0]?.restart();
    const backAt = performance.now();
    frames.pause();
    await frames.drain(drainMs);
    const { sent, unanswered, repeated } = frames.book();
    const caughtUpMs = rounded(performance.now() - backAt);
    say(
      `one of ${gateways.length} killed: ${sent} frames, ${waiting} waited for its return, ${unanswered} lost, ` +
        `${repeated} judged twice; all done ${caughtUpMs} ms after it was ready again`,
    );
    return { gateways: gateways.length, sent, waiting, lost: unanswered, repeated, caughtUpMs };
  } finally {
    await stop();
  }
}
