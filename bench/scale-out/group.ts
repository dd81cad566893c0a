/** Gateways of one machine that share the frames of one topic at a mosquitto of their own. */
import { type BenchDaemon, startDaemon } from '../daemon.ts';
import { startMosquitto } from '../mosquitto.ts';
import { type NumberedFrames, numberedFrames } from './numbered-frames.ts';

export interface Group {
  readonly gateways: readonly BenchDaemon[];
  readonly frames: NumberedFrames;
  /** CPU time of all gateways with their model processes, ms. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** Resolves with `undefined` where mosquitto is not installed. */
export async function startGroup(
  count: number,
  bundle: string,
  pictures: readonly Buffer[],
): Promise<Group | undefined> {
  const broker = await startMosquitto();
  if (broker === undefined) return undefined;
  const started: { stop(): Promise<unknown> }[] = [broker];
  const stop = async () => {
    for (const each of started.reverse()) await each.stop();
  };
  try {
    const gateways: BenchDaemon[] = [];
    for (let i = 0; i < count; i++) {
      const env = { EDGEWARD_GATEWAY_ID: `gateway-${i}`, EDGEWARD_BUS_SHARE: 'hall' };
      const gateway = await startDaemon(configOf(bundle), broker.url, env);
      started.push(gateway);
      gateways.push(gateway);
    }
    const frames = await numberedFrames({ url: broker.url, topic: 'bench/hall/frame', pictures });
    started.push({ stop: () => frames.close() });
    const cpuMs = async () =>
      (await Promise.all(gateways.map((gateway) => gateway.treeCpuMs()))).reduce((sum, ms) => sum + ms, 0);
    return { gateways, frames, cpuMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One model process each: on one machine a gateway stands for a core. */
function configOf(bundle: string): string {
  return `
models: { net: { bundle: '${bundle}', maxBatch: 8, instances: 1 } }
sources: { cameras: { topic: 'bench/{source}/frame' } }
pipelines: { net: { use: classify, models: { classifier: net }, mailbox: every } }
`;
}
