/** The daemon's clock jumps by hours, forwards and back, while frames flow. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '../bench/report.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import type { Blow, Part } from './report.ts';
import { withScratch } from './scratch.ts';

const preload = new URL('./clock/preload.mjs', import.meta.url).href;
const hourMs = 3_600_000;
const jumps = [hourMs, -24 * hourMs, 0];

const part: Part = ({ say }) =>
  withScratch(async (scratch) => {
    const clock = join(await scratch.folder(), 'offset');
    const env = { NODE_OPTIONS: `--import ${preload}`, FAULTS_CLOCK: clock };
    const { daemon, port } = await createGateway(scratch, { daemon: { env } });
    await daemon.start();
    const flow = await startFlow(scratch, 'clock', { port });
    const blows: Blow[] = [];
    for (const offset of jumps) {
      await delay(300);
      await writeFile(clock, String(offset));
      process.kill(daemon.pid, 'SIGUSR2');
      const recoveryMs = await flow.recovered();
      blows.push({ kind: 'clock jump', recoveryMs });
      say(`clock ${offset / hourMs} h off: recovered in ${Math.round(recoveryMs ?? Number.NaN)} ms`);
    }
    // A jump must not make the gateway believe that it stalls, or its sources gone.
    const health = await daemon.health();
    const report = await flow.finish();
    tell(say, 'clock', report);
    return {
      blows,
      flows: { clock: report },
      goals: [atMost('clock: reasons not to be ready', 'reasons', 0, health?.reasons.length ?? Number.NaN)],
    };
  });
export default part;
