/** A full disk under the state directory while frames flow, and a state directory that may not be written. */
import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { atMost } from '../bench/report.ts';
import { createGateway, startFlow, tell } from './gateway.ts';
import type { Blow, Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';

const run = promisify(execFile);
const diskMb = 48;
const fullMs = { short: 2_000, whole: 10_000 };
const rounds = { short: 1, whole: 3 };

const part: Part = ({ short, say }) =>
  withScratch(async (scratch) => {
    const folder = await scratch.folder();
    const state = join(folder, 'state');
    const why = await mountSmallDisk(scratch, state);
    if (why) return { blows: [], flows: {}, skipped: { 'full disk, read-only state': why } };
    const { daemon, port } = await createGateway(scratch, { folder });
    await daemon.start();
    const flow = await startFlow(scratch, 'disk', { port });
    const blows: Blow[] = [];
    const note = (kind: string, recoveryMs: number | null) => {
      blows.push({ kind, recoveryMs });
      say(`${kind}: ${recoveryMs === null ? 'no recovery' : `recovered in ${Math.round(recoveryMs)} ms`}`);
    };
    for (let n = 0; n < (short ? rounds.short : rounds.whole); n++) {
      await delay(500);
      await fill(join(state, 'ballast'));
      await delay(short ? fullMs.short : fullMs.whole);
      await rm(join(state, 'ballast'));
      note('disk full', await flow.recovered());
    }
    const survived = daemon.running;

    await daemon.kill('SIGTERM');
    await run('mount', ['-o', 'remount,ro', state]);
    const refusal = await daemon.start().then(
      () => 'none',
      () => daemon.stderr,
    );
    await run('mount', ['-o', 'remount,rw', state]);
    const recovered = flow.recovered();
    await daemon.start();
    note('read-only state directory', await recovered);
    const report = await flow.finish();
    tell(say, 'disk', report);
    return {
      blows,
      flows: { disk: report },
      goals: [
        atMost('disk: daemon crashed on a full disk', 'times', 0, survived ? 0 : 1),
        atMost(
          'disk: starts on a read-only state directory without saying so',
          'starts',
          0,
          refusal.includes('STATE_UNWRITABLE') ? 0 : 1,
        ),
      ],
    };
  });
export default part;

/** Why there is none, if there is none: it takes the rights of root. */
async function mountSmallDisk(scratch: Scratch, folder: string): Promise<string | undefined> {
  await mkdir(folder);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', folder]);
  } catch {
    return 'a small file system cannot be mounted without the rights of root';
  }
  scratch.use(folder, () => run('umount', ['-l', folder]));
  return undefined;
}

async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) await handle.write(block);
  } catch {
    // Now it is full.
  } finally {
    await handle.close();
  }
}
