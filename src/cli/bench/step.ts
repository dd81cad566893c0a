import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusClient } from '../../bus/external.ts';
import { GatewayError } from '../../errors.ts';
import type { Step } from './capacity.ts';

export interface StepOptions {
  readonly pictures: readonly Uint8Array[];
  /** Of each camera. */
  readonly framesPerSecond: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** How long a verdict may take after the last frame; later, the gateway has fallen behind. */
const graceMs = 1_000;
/** Of the frames; a lone one may be lost to something else that the machine does. */
const enough = 0.98;
/** Of the time that the frames should take; a machine that is too busy to send is too busy. */
const patience = 1.05;
const pipeline = 'bench';

export interface Cameras {
  /** @throws REQUEST_FAILED if there was no verdict but an error. */
  run(cameras: number): Promise<Step>;
}

/**
 * Cameras that send at their rate whatever comes back, evenly spread over time. The pipeline is named `bench` and takes
 * `bench/{source}/frame`.
 */
export async function openCameras(client: BusClient, options: StepOptions): Promise<Cameras> {
  const { pictures, framesPerSecond, seconds, signal } = options;
  let verdicts = 0;
  /** Why a frame had no verdict. */
  let failure: string | undefined;
  /** Microseconds. */
  let latencies = createHistogram();
  await client.subscribe(`edgeward/+/+/${pipeline}/result`, ({ payload }) => {
    const { latencyMs, result }: { latencyMs: number; result?: object } = JSON.parse(payload.toString());
    if (result === undefined) return;
    verdicts++;
    latencies.record(Math.max(1, Math.round(latencyMs * 1000)));
  });
  await client.subscribe('edgeward/+/+/error', ({ payload }) => {
    const { code, message }: { code: string; message: string } = JSON.parse(payload.toString());
    failure ??= `${message} (${code})`;
  });

  const send = async (cameras: number, frames: number) => {
    const startedAt = performance.now();
    for (let i = 0; i < frames; i++) {
      const early = startedAt + (i * 1000 * seconds) / frames - performance.now();
      if (early >= 1) await delay(early, undefined, { signal });
      // Else timers, and with them the verdicts that come back, would wait for a sender that is late.
      else if (i % 64 === 0) await delay(0, undefined, { signal });
      // Each camera shows one picture after the other: a camera that shows one alone sees no motion.
      const turn = Math.floor(i / cameras) + (i % cameras);
      const picture = pictures[turn % pictures.length] ?? new Uint8Array();
      await client.publish(`bench/camera-${i % cameras}/frame`, picture, { qos: 0 });
    }
    const left = startedAt + 1000 * seconds - performance.now();
    if (left > 0) await delay(left, undefined, { signal });
    return performance.now() - startedAt;
  };

  return {
    async run(cameras) {
      verdicts = 0;
      latencies = createHistogram();
      const frames = Math.max(1, Math.round(cameras * framesPerSecond * seconds));
      const sendMs = await send(cameras, frames);
      const deadline = performance.now() + graceMs;
      while (verdicts < frames && performance.now() < deadline) await delay(10, undefined, { signal });
      if (verdicts === 0 && failure !== undefined) {
        throw new GatewayError('REQUEST_FAILED', `Expected verdicts but received errors: ${failure}`);
      }
      const percentile = (percent: number) => Math.round(latencies.percentile(percent) / 100) / 10;
      return {
        cameras,
        sent: frames,
        verdicts,
        sentPerSecond: round((frames * 1000) / sendMs),
        verdictsPerSecond: round(verdicts / seconds),
        medianMs: percentile(50),
        p99Ms: percentile(99),
        held: verdicts >= enough * frames && sendMs <= patience * 1000 * seconds,
      };
    },
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
