/**
 * From training to a gateway and back, with the commands as they are typed: `npm run demo:loop`. Four versions of a
 * net for handwritten digits are trained, released and announced; two of them are bad, and the gateway finds out.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { interruptSignal } from '../src/cli/interrupt.ts';
import { startCamera } from './loop/camera.ts';
import { prepareDigits } from './loop/digits.ts';
import { frames, source, startEmptyGateway, topics } from './loop/gateway.ts';
import { live, showEvents } from './loop/live.ts';
import { edgewardIn, say } from './loop/program.ts';
import { trainAndRelease } from './loop/release.ts';
import { type Row, seconds, tableOf } from './loop/table.ts';
import { versionsOf } from './loop/versions.ts';

const { values } = parseArgs({ options: { data: { type: 'string' } } });
// Until there is a model, every frame is a warning.
process.env.EDGEWARD_LOG_LEVEL ??= 'error';
const signal = interruptSignal();
const startedAt = performance.now();
const home = await mkdtemp(join(tmpdir(), 'edgeward-loop-'));
/** What runs, in the order in which it started. */
const running: { stop(): Promise<unknown> }[] = [];
try {
  await loop();
} catch (error) {
  if (!signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  for (const each of running.reverse()) await each.stop();
  await rm(home, { recursive: true, force: true });
}

async function loop(): Promise<void> {
  const digits = await prepareDigits(home, values.data === undefined ? undefined : resolve(values.data));
  const env = { EDGEWARD_KEYS_PASSPHRASE: randomBytes(16).toString('hex') };
  const program = edgewardIn(home, { env, signal });
  await program.run('repo', 'init', 'repo');
  say((await program.run('repo', 'add-key', 'repo', '--model', 'digits')).trim());
  const server = await program.start('repo', 'serve', 'repo', '--port', '0');
  running.push(server);
  say(server.line);

  const gateway = await startEmptyGateway(home, /http:\S+/.exec(server.line)?.[0] ?? '');
  running.push(gateway);
  const { client, brokerUrl } = gateway;
  say(`\nA gateway without a model is at ${brokerUrl}; a camera shows it digits at QoS 1.`);
  await showEvents(client);
  const results = topics.result(source, 'digits');
  const camera = await startCamera({ client, digits: digits.live, topic: frames, results });

  const rows: Row[] = [];
  const surprises: string[] = [];
  for (const version of versionsOf(digits)) {
    const released = await trainAndRelease(version, { home, program });
    // Full load as soon as there is a model that bears it.
    camera.hurry(rows.length > 0);
    const { outcome, tookMs, surprise } = await live(version, { client, signal });
    camera.hurry(false);
    rows.push({ ...version, ...released, outcome, tookMs });
    if (surprise) surprises.push(surprise);
  }
  const balance = await camera.stop();
  if (balance.lost + balance.repeated > 0) surprises.push('Frames were lost or answered twice.');
  say((await program.run('model', 'list', '--broker', brokerUrl)).trim());
  for (const line of ['', ...tableOf(rows, balance), ...surprises]) say(line);
  say(`All of it took ${seconds(performance.now() - startedAt)}.`);
  process.exitCode = surprises.length === 0 ? 0 : 1;
}
