/** Connections that are cut and half-open: of the gateway to its broker, and of a camera to the gateway. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import { MosquittoProcess, mosquittoFile } from '../test/support/mosquitto-process.ts';
import { BrokenWay } from './broken-way.ts';
import type { Flow } from './flow.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import type { Blow, Conditions, Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';

/** Of each kind, on each way. */
const times = { short: 1, whole: 10 };

const part: Part = async (conditions) => {
  const camera = await withScratch((scratch) => camerasWay(scratch, conditions));
  if (mosquittoFile === undefined) {
    return { ...camera, skipped: { 'cut gateway': 'mosquitto is not installed' } };
  }
  const gateway = await withScratch((scratch) => gatewaysWay(scratch, conditions));
  return { blows: [...camera.blows, ...gateway.blows], flows: { ...camera.flows, ...gateway.flows } };
};
export default part;

async function camerasWay(scratch: Scratch, conditions: Conditions) {
  const { daemon, port } = await createGateway(scratch);
  await daemon.start();
  const way = await openWay(scratch, port);
  const flow = await startFlow(scratch, 'camera', { port: way.port, judgePort: port });
  const blows = await breakWay('camera', way, flow, conditions);
  const report = await flow.finish();
  tell(conditions.say, 'camera over a broken way', report);
  return { blows, flows: { 'camera, broken way': report } };
}

async function gatewaysWay(scratch: Scratch, conditions: Conditions) {
  const lines = ['max_queued_messages 0'];
  const broker = new MosquittoProcess({ folder: await scratch.folder(), port: await freePort(), lines });
  scratch.use(broker, () => broker.stop('SIGKILL'));
  await broker.start();
  const way = await openWay(scratch, broker.port);
  const { daemon } = await createGateway(scratch, { broker: way.port });
  await daemon.start();
  const flow = await startFlow(scratch, 'gateway', { port: broker.port });
  const blows = await breakWay('gateway', way, flow, conditions);
  const report = await flow.finish();
  tell(conditions.say, 'gateway over a broken way', report);
  return { blows, flows: { 'gateway, broken way': report } };
}

async function openWay(scratch: Scratch, to: number): Promise<BrokenWay> {
  const way = new BrokenWay({ to });
  await way.start();
  return scratch.use(way, () => way.stop());
}

async function breakWay(
  who: string,
  way: BrokenWay,
  flow: Flow,
  { random, short, say }: Conditions,
): Promise<Blow[]> {
  const blows: Blow[] = [];
  for (let n = 0; n < (short ? times.short : times.whole); n++) {
    for (const [how, strike] of [
      ['cut', () => way.cut()],
      ['silence', () => way.silence()],
    ] as const) {
      await delay(100 + random() * 500);
      strike();
      const recoveryMs = await flow.recovered();
      blows.push({ kind: `${how} ${who}`, recoveryMs });
      say(
        `${how} ${who}: ${recoveryMs === null ? 'no recovery' : `recovered in ${Math.round(recoveryMs)} ms`}`,
      );
    }
  }
  return blows;
}
