/** Outages of the cloud's broker, and kills of the daemon, while results go up through the queue on disk. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import { MosquittoProcess, mosquittoFile } from '../test/support/mosquitto-process.ts';
import { BrokenWay } from './broken-way.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import type { Blow, Part } from './report.ts';
import { withScratch } from './scratch.ts';

const outageMs = { short: 4_000, whole: 30_000 };
const kills = { short: 1, whole: 10 };

const part: Part = async ({ short, random, say }) => {
  if (mosquittoFile === undefined)
    return { blows: [], flows: {}, skipped: { uplink: 'mosquitto is not installed' } };
  return withScratch(async (scratch) => {
    const lines = ['max_queued_messages 0'];
    const cloud = new MosquittoProcess({ folder: await scratch.folder(), port: await freePort(), lines });
    scratch.use(cloud, () => cloud.stop('SIGKILL'));
    await cloud.start();
    const way = new BrokenWay({ to: cloud.port });
    await way.start();
    scratch.use(way, () => way.stop());
    const { daemon, port } = await createGateway(scratch, {
      yaml: `uplink:
  url: mqtt://127.0.0.1:${way.port}
  keepaliveS: 2
  reconnect: { minMs: 50, maxMs: 1000 }
  up: ['{gateway}/+/+/result']`,
    });
    await daemon.start();
    // The judge sits in the cloud: what counts is what comes up there.
    const flow = await startFlow(scratch, 'uplink', { port, judgePort: cloud.port });
    const blows: Blow[] = [];
    const note = (kind: string, recoveryMs: number | null) => {
      blows.push({ kind, recoveryMs });
      say(`${kind}: ${recoveryMs === null ? 'no recovery' : `recovered in ${Math.round(recoveryMs)} ms`}`);
    };
    const kill = async () => {
      await daemon.kill();
      const recovered = flow.recovered();
      await daemon.start();
      return recovered;
    };
    for (let n = 0; n < (short ? kills.short : kills.whole); n++) {
      await delay(200 + random() * 500);
      note('kill daemon with uplink', await kill());
    }
    const outage = short ? outageMs.short : outageMs.whole;
    way.refuse(true);
    await delay(outage);
    way.refuse(false);
    note(`uplink outage of ${outage / 1000} s`, await flow.recovered());
    way.refuse(true);
    await delay(1_000);
    await daemon.kill();
    await daemon.start();
    way.refuse(false);
    note('uplink outage with a kill', await flow.recovered());
    const report = await flow.finish();
    tell(say, 'uplink', report);
    return { blows, flows: { uplink: report } };
  });
};
export default part;
