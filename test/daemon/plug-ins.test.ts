import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/gateway.ts';

const plugIn = (name: string, process: string) => `export default {
  name: '${name}', api: 1, models: [],
  create: () => ({ async process(frame) { ${process} } }),
};
`;

const plugIns = {
  throws: `if (frame.id.endsWith('-1')) throw new Error('no such part'); return { result: { id: frame.id } };`,
  hangs: `if (frame.id.endsWith('-1')) await new Promise(() => {}); return { result: { id: frame.id } };`,
  leaks: `
    Promise.reject('forgotten');
    (async () => { await null; throw new Error('forgotten too'); })();
    setTimeout(() => { throw new Error('left behind'); }, 1);
    return { result: { id: frame.id } };`,
  restless: 'return { result: { id: frame.id } };',
  works: 'return { result: { id: frame.id } };',
};
const names = Object.keys(plugIns);
/** What a module begins when it is loaded, before there is a frame. */
const atLoad = "setTimeout(() => { throw new Error('since it was loaded'); }, 1);\n";

it('a plug-in that throws, hangs, or leaks promises and timers costs only itself', async () => {
  const folder = await temporaryFolder();
  for (const [name, process] of Object.entries(plugIns)) {
    const text = plugIn(name, process);
    await writeFile(join(folder, `${name}.mjs`), name === 'restless' ? atLoad + text : text);
  }
  const [port, httpPort] = [await freePort(), await freePort()];
  const configFile = join(folder, 'edgeward.yaml');
  const pipelines = names.map((name) => `  ${name}: { use: ./${name}.mjs, mailbox: every, timeoutMs: 200 }`);
  await writeFile(
    configFile,
    `gateway: { id: gw, stateDir: ./state }
bus: { embedded: { port: ${port}, persist: false } }
log: { level: warn, format: json }
sources: { parts: { topic: 'parts/{source}' } }
pipelines:
${pipelines.join('\n')}
`,
  );
  const daemon = new Daemon({ configFile, httpPort });
  await daemon.start();
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  onTestFinished(() => client.endAsync(true));
  const answers: { frame: { id: string }; pipeline: string; result?: unknown; error?: { code: string } }[] =
    [];
  const leaks: { code: string; pipeline: string; frame: string }[] = [];
  client.on('message', (topic, payload) => {
    const body = JSON.parse(payload.toString());
    if (topic.endsWith('/result')) answers.push(body);
    else if (body.code === 'PIPELINE_LEAKED') leaks.push(body);
  });
  await client.subscribeAsync(['edgeward/gw/+/+/result', 'edgeward/gw/+/error'], { qos: 1 });
  // Accepted means answered by all of them.
  for (const i of [1, 2, 3]) {
    await client.publishAsync('parts/line', JSON.stringify({ id: `part-${i}`, data: 'AAAA' }), { qos: 1 });
  }
  await expect.poll(() => answers.length).toBe(3 * names.length);

  const of = (name: string) =>
    answers.filter(({ pipeline }) => pipeline === name).map(({ error }) => error?.code ?? 'ok');
  expect(of('works')).toEqual(['ok', 'ok', 'ok']);
  expect(of('throws')).toEqual(['PIPELINE_FAILED', 'ok', 'ok']);
  expect(of('hangs')).toEqual(['PIPELINE_TIMEOUT', 'ok', 'ok']);
  expect(of('leaks')).toEqual(['ok', 'ok', 'ok']);
  expect(of('restless')).toEqual(['ok', 'ok', 'ok']);

  const metrics = async () => (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  await expect.poll(metrics).toContain('edgeward_pipeline_leaks_total{pipeline="leaks"} 9\n');
  expect(await metrics()).toContain('edgeward_pipeline_leaks_total{pipeline="restless"} 1\n');
  expect(await metrics()).not.toContain('edgeward_pipeline_leaks_total{pipeline="works"}');
  await expect.poll(() => leaks.length).toBeGreaterThan(0);
  expect(leaks[0]).toMatchObject({ pipeline: 'leaks', frame: 'part-1' });
  expect((await daemon.health())?.ready).toBe(true);
  expect(await daemon.kill('SIGTERM')).toBe(0);
});
