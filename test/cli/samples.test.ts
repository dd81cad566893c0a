import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { npmDigits, pngOf } from '../../scripts/npm-digits.ts';
import { asker } from '../daemon/updates/fixtures.ts';
import { collect, digitsYaml, envelope, startGateway } from '../support/gateway.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { scratch } from '../training/mnist-files.ts';

const yaml = `${digitsYaml.replace('mailbox: every', 'mailbox: every, options: { sampleNearThreshold: 1 }')}
samples: { enabled: true, perMinute: 1000 }
`;
const each = 12;
/** What people call a digit, one as treacherous as can be: elsewhere such a folder is a part of the data. */
const names = { 0: 'train', 1: 'one' } as const;

it('what a gateway kept and people labelled is exported and learned from as it is', async () => {
  const { client, configFile } = await startGateway(yaml);
  const results = await collect(client, 'edgeward/gw/desk/digits/result');
  const ask = await asker(client);
  const all = npmDigits();
  for (const digit of [0, 1] as const) {
    const first = all.labels.indexOf(digit);
    for (let i = 0; i <= each; i++) {
      const id = `${digit}-${i}`;
      await client.publish('cameras/desk/frame', envelope({ id, png: await pngOf(all, first + i) }), {
        qos: 1,
      });
      await results.until(digit * (each + 1) + i + 1);
      if (i === each) continue;
      const [answer] = await ask('sample/label', { frame: id, label: names[digit] });
      expect(answer).toMatchObject({ status: 'ok' });
    }
  }
  // While the gateway runs.
  const state = ['--state', join(dirname(configFile), 'state')];
  const samples = (...args: string[]) => runProgram(['samples', ...args, ...state]);
  await expect.poll(async () => (await samples('list')).stdout.trim().split('\n').length).toBe(26);
  const listed = await samples('list');
  expect(listed.stdout).toMatch(/^\S+Z {2}[0-9a-f-]{21} {2}desk\/digits {2}near-threshold {2}train {2}0-0$/m);
  expect((await samples('list', '--pipeline', 'other')).stdout).toBe('');

  const folder = await scratch();
  const out = join(folder, 'hard-cases');
  const exported = await samples('export', '--out', out);
  expect(exported.stdout).toBe(`${out}: 24 with a label, 2 without\n`);
  expect((await readdir(out)).sort()).toEqual(['one', 'samples.json', 'train', 'unlabelled']);
  const index = JSON.parse(await readFile(join(out, 'samples.json'), 'utf8'));
  expect(index).toHaveLength(26);
  expect(await readFile(join(out, index[0].file))).toEqual(await pngOf(all, all.labels.indexOf(0)));
  expect((await stat(join(out, index[0].file))).mode & 0o777).toBe(0o600);
  const again = await samples('export', '--out', out);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('(REQUEST_INVALID)') });

  const run = join(folder, 'run');
  const options = ['--size', '28x28', '--grey', '--epochs', '6', '--net', 'dense', '--json'];
  const trained = await runProgram(['train', 'classify', '--data', out, '--out', run, ...options]);
  expect(trained).toMatchObject({ code: 0 });
  expect(JSON.parse(trained.stdout)).toMatchObject({
    card: { labels: ['one', 'train'], data: { training: 16, heldOut: 4, test: 4 } },
  });
}, 60_000);

it('what goes up is received as a folder a gateway, and what is no sample is told and costs nothing', async () => {
  const { client, url } = await startGateway(
    `${yaml.replace('enabled: true', 'enabled: true, uplink: true')}uplink: { url: 'mqtt://127.0.0.1:9' }\n`,
  );
  const out = await scratch();
  const { child, ended } = startProgram(['samples', 'receive', '--broker', url, '--out', out, '-n', '4']);
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (line) => `${line}`.includes('receiving') && resolve()),
  );
  const texts = { id: '../../evil', pipeline: 'p', source: 's', at: '', reason: '', contentType: '' };
  const forged = { ...texts, frame: { id: 'f' }, models: [], result: {}, bytes: 0, data: '' };
  await client.publish('edgeward/gw/samples/digits', 'no JSON', { qos: 1 });
  await client.publish('edgeward/gw/samples/digits', JSON.stringify(forged), { qos: 1 });
  const ask = await asker(client);
  const results = await collect(client, 'edgeward/gw/desk/digits/result');
  const png = await pngOf(npmDigits(), 0);
  await client.publish('cameras/desk/frame', envelope({ id: 'f', png }), { qos: 1 });
  await results.until(1);
  await ask('sample/label', { frame: 'f', label: '0' });
  const { code, stdout, stderr } = await ended();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^gw {2}\S+ {2}near-threshold {2}0$/m);
  expect(stderr.match(/^edgeward: Expected .* on edgeward\/gw\/samples\/digits/gm)).toHaveLength(2);
  const listed = await runProgram(['samples', 'list', '--state', join(out, 'gw'), '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject({ frame: { id: 'f' }, label: '0', bytes: png.length });
});

it('a folder that is none is told in a line with a code', async () => {
  const missing = await runProgram(['samples', 'list', '--state', await scratch()]);
  expect(missing).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^edgeward: Expected a folder of samples at .* received none: no frame was kept there, see `samples\.enabled` \(REQUEST_FAILED\)\n$/,
    ),
  });
});
