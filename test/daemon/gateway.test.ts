import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { hashPassword } from '../../src/config/password.ts';
import { Gateway } from '../../src/daemon/gateway.ts';
import { startEmbedded } from '../bus/fixtures.ts';
import {
  collect,
  digitsYaml,
  envelope,
  modelProcess,
  readDigits,
  startGateway,
  temporaryFolder,
} from '../support/gateway.ts';
import { silent } from '../support/silent.ts';

const digits = await readDigits();

describe('a gateway', () => {
  it('reads handwritten digits that travel over MQTT', async () => {
    const { client } = await startGateway();
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    await Promise.all(
      digits.map((digit) => client.publish('cameras/desk/frame', envelope(digit), { qos: 1 })),
    );
    await results.until(digits.length);
    const read = results.json();
    expect(read.map(({ frame }) => frame.id)).toEqual(digits.map(({ id }) => id));
    const right = read.filter(({ frame, result }) => result.class === frame.id.slice(0, 1));
    expect(right.length / digits.length).toBeGreaterThan(0.9);
    expect(read[0]).toMatchObject({
      pipeline: 'digits',
      models: [{ name: 'digits', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }],
      latencyMs: expect.any(Number),
    });
  });

  it('keeps true what is retained: status, models, availability and state', async () => {
    const { client } = await startGateway();
    const [digit] = digits;
    if (!digit) throw new Error('no digits');
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
    await results.until(1);
    const retained = await collect(client, 'edgeward/gw/#');
    await retained.until(4);
    const byTopic = new Map(
      retained.messages.map(({ topic, payload, retain }) => [topic, { text: payload.toString(), retain }]),
    );
    expect(byTopic.get('edgeward/gw/status')).toEqual({ text: 'online', retain: true });
    expect(byTopic.get('edgeward/gw/desk/availability')).toEqual({ text: 'online', retain: true });
    expect(JSON.parse(byTopic.get('edgeward/gw/models/digits/state')?.text ?? '')).toMatchObject({
      installed_version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      in_progress: false,
    });
    const state = JSON.parse(byTopic.get('edgeward/gw/desk/digits/state')?.text ?? '');
    expect(state).toMatchObject({
      class: digit.label,
      since: expect.any(String),
      updated: expect.any(String),
    });
  });

  it('answers what cannot be decoded with FRAME_INVALID, in turn, and goes on', async () => {
    const { client } = await startGateway();
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    const errors = await collect(client, 'edgeward/gw/desk/error');
    const [digit] = digits;
    if (!digit) throw new Error('no digits');
    const cut = { id: 'cut', png: digit.png.subarray(0, digit.png.length / 2) };
    await client.publish('cameras/desk/frame', envelope(cut), { qos: 1 });
    await client.publish('cameras/desk/frame', '{"id":"odd","contentType":"image/jpeg","data":"AAAA"}', {
      qos: 1,
    });
    await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
    await results.until(3);
    expect(results.json()).toMatchObject([
      { frame: { id: 'cut' }, error: { code: 'FRAME_INVALID' } },
      { error: { code: 'FRAME_INVALID' } },
      { frame: { id: digit.id }, result: { class: digit.label } },
    ]);
    await errors.until(2);
    expect(errors.json()[0]).toMatchObject({ code: 'FRAME_INVALID', frame: 'cut', pipeline: 'digits' });
  });

  it('shares the queue of a model among the pipelines that use it', async () => {
    const pipeline = '{ use: classify, models: { classifier: digits }, mailbox: every }';
    const { client } = await startGateway(
      digitsYaml
        .replace('maxBatch: 32', 'maxBatch: 2, maxQueue: 6')
        .replace(
          / {2}digits: { use.*/,
          ['one', 'two', 'three'].map((name) => `  ${name}: ${pipeline}`).join('\n'),
        ),
    );
    const results = await collect(client, 'edgeward/gw/desk/+/result');
    await Promise.all(
      digits.map((digit) => client.publish('cameras/desk/frame', envelope(digit), { qos: 1 })),
    );
    await results.until(3 * digits.length);
    expect(results.json().filter(({ error }) => error)).toEqual([]);
  });

  it('tells a few errors a minute and counts them all', async () => {
    const { client, gateway } = await startGateway();
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    const errors = await collect(client, 'edgeward/gw/desk/error');
    for (let i = 0; i < 25; i++) await client.publish('cameras/desk/frame', `no picture ${i}`, { qos: 1 });
    await results.until(25);
    expect(errors.messages).toHaveLength(10);
    const metrics = await (await fetch(`${gateway.httpAddress}/metrics`)).text();
    expect(metrics).toContain(
      'edgeward_frames_total{source="desk",pipeline="digits",outcome="FRAME_INVALID"} 25',
    );
  });

  it('answers requests with their transaction, and refuses what it does not know', async () => {
    const { client } = await startGateway(`${digitsYaml}\nhomeAssistant: { enabled: false }`);
    const responses = await collect(client, 'edgeward/gw/response/#');
    await client.publish('edgeward/gw/request/health', '{"transaction":"t1"}');
    await client.publish('edgeward/gw/request/config', '');
    await client.publish('edgeward/gw/request/selfdestruct', '{"transaction":2}');
    await client.publish('edgeward/gw/request/health', 'now!');
    await responses.until(4);
    const answers = responses.json();
    const answer = (part: object) => expect(answers).toContainEqual(expect.objectContaining(part));
    expect(answers.find(({ transaction }) => transaction === 't1')).toMatchObject({
      status: 'ok',
      transaction: 't1',
      data: { ready: true, models: { digits: { state: 'READY' } } },
    });
    answer({
      status: 'ok',
      data: expect.objectContaining({ gateway: expect.objectContaining({ id: 'gw' }) }),
    });
    answer({ status: 'error', code: 'REQUEST_INVALID', transaction: 2 });
    answer({ status: 'error', code: 'REQUEST_INVALID', error: 'Expected JSON for a request' });
  });

  it('reloads pipelines and sources while the models that did not change go on', async () => {
    const { client, gateway, configFile } = await startGateway();
    const [digit] = digits;
    if (!digit) throw new Error('no digits');
    const before = modelProcess(gateway.health()).pid;
    const responses = await collect(client, 'edgeward/gw/response/reload');
    const more = digitsYaml.replace(
      'pipelines:',
      'pipelines:\n  second: { use: classify, models: { classifier: digits } }',
    );
    await writeFile(configFile, `${more}\nlimits: { errorsPerMinute: 3 }`);
    await client.publish('edgeward/gw/request/reload', '');
    await responses.until(1);
    expect(responses.json()[0]).toMatchObject({ status: 'ok', data: { restartRequired: ['limits'] } });
    const results = await collect(client, 'edgeward/gw/desk/+/result');
    await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
    await results.until(2);
    expect(
      results
        .json()
        .map(({ pipeline }) => pipeline)
        .sort(),
    ).toEqual(['digits', 'second']);
    expect(modelProcess(gateway.health()).pid).toBe(before);
  });

  it('keeps everything as it was when the new configuration is wrong', async () => {
    const { client, gateway, configFile } = await startGateway();
    const responses = await collect(client, 'edgeward/gw/response/reload');
    await writeFile(configFile, digitsYaml.replace('mailbox: every', 'mailbox: sometimes'));
    await client.publish('edgeward/gw/request/reload', '');
    await responses.until(1);
    expect(responses.json()[0]).toMatchObject({ status: 'error', code: 'CONFIG_INVALID' });
    expect(gateway.health().ready).toBe(true);
  });

  it('ends what a reload replaced though the broker refuses a topic of the new configuration', async () => {
    const folder = await temporaryFolder();
    const user = {
      passwordHash: await hashPassword('pw'),
      publish: ['#'],
      subscribe: ['edgeward/#', 'door/#'],
    };
    const { url } = await startEmbedded({ embedded: { users: { gw: user } } });
    await writeFile(
      `${folder}/closes.mjs`,
      `import { writeFileSync } from 'node:fs';
      export default { name: 'closes', api: 1, models: [], create: () => ({
        process: async () => ({ result: {} }), close: () => writeFileSync('${folder}/closed', '') }) };`,
    );
    const configFile = `${folder}/edgeward.yaml`;
    const yaml = `
gateway: { id: gw }
bus: { url: '${url}', protocol: 3.1.1, username: gw, password: pw }
http: { enabled: false }
homeAssistant: { enabled: false }
sources: { door: { topic: door/frame } }
`;
    await writeFile(configFile, `${yaml}pipelines: { old: { use: ./closes.mjs } }\n`);
    const reload = () =>
      loadConfig({ file: configFile, env: { EDGEWARD_GATEWAY_STATE_DIR: `${folder}/state` } });
    const gateway = new Gateway({ config: reload(), configFile, reload, version: '0.0.0', log: silent });
    onTestFinished(() => gateway.stop());
    await gateway.start(new AbortController().signal);
    await expect.poll(() => gateway.health().ready).toBe(true);
    await writeFile(configFile, yaml.replace('door: {', 'yard: { topic: yard/frame }, door: {'));
    await expect(gateway.reload()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(existsSync(`${folder}/closed`)).toBe(true);
  });

  it('disables a plug-in that throws or was written for another api, and nothing else', async () => {
    const plugin = (api: number, body: string) =>
      `export default { name: 'x', api: ${api}, models: [], create() { ${body} } };`;
    const yaml = `${digitsYaml}
  broken: { use: ./broken.mjs }
  old: { use: ./old.mjs }
  absent: { use: ./absent.mjs }
  empty: { use: ./empty.mjs }
`;
    const folder = await temporaryFolder();
    await writeFile(`${folder}/broken.mjs`, plugin(1, "throw new Error('no camera driver')"));
    await writeFile(`${folder}/old.mjs`, plugin(0, 'return {}'));
    await writeFile(`${folder}/empty.mjs`, plugin(1, ''));
    const { client, gateway } = await startGateway(yaml.replaceAll('./', `${folder}/`));
    expect(gateway.health()).toMatchObject({
      alive: true,
      ready: false,
      pipelines: {
        digits: { state: 'running' },
        broken: { state: 'disabled', code: 'PIPELINE_LOAD_FAILED', error: 'no camera driver' },
        old: { state: 'disabled', code: 'PIPELINE_API_MISMATCH' },
        absent: { state: 'disabled', code: 'PIPELINE_LOAD_FAILED' },
        empty: { state: 'disabled', code: 'PIPELINE_LOAD_FAILED' },
      },
    });
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    const [digit] = digits;
    if (digit) await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
    await results.until(1);
    expect(results.json()[0].result.class).toBe(digit?.label);
  });

  it('shows what it can to Home Assistant where a plug-in says its entities wrong', async () => {
    const folder = await temporaryFolder();
    const plugin = (entities: string) =>
      `export default { name: 'x', api: 1, models: [], create: () => ({
        process: async () => ({ result: {} }), entities() { ${entities} } }) };`;
    await writeFile(`${folder}/throws.mjs`, plugin("throw new Error('no idea')"));
    const good = "{ key: 'good', platform: 'sensor', name: 'good', from: 'state', template: 'x' }";
    await writeFile(`${folder}/mixed.mjs`, plugin(`return [${good}, { key: 'bad', from: 'nowhere' }];`));
    const yaml = `${digitsYaml}
  throws: { use: ${folder}/throws.mjs }
  mixed: { use: ${folder}/mixed.mjs }
`;
    const { client, gateway } = await startGateway(yaml);
    const devices = await collect(client, 'homeassistant/device/+/config');
    await client.publish('cameras/desk/frame', envelope(digits[0] ?? { id: '', png: Buffer.alloc(0) }), {
      qos: 1,
    });
    await devices.until((messages) => messages.some(({ payload }) => payload.includes('digits picture')));
    const source = devices.json().find(({ device }) => device.model_id === 'desk');
    expect(Object.values(source.components).map((each) => (each as { name: string }).name)).toEqual([
      'Problem',
      'digits class',
      'digits score',
      'digits picture',
      'throws picture',
      'mixed good',
      'mixed picture',
    ]);
    expect(gateway.health().ready).toBe(true);
  });

  it('counts sources that are one too many, and keeps none of their names', async () => {
    const { client, gateway } = await startGateway(`${digitsYaml}\nlimits: { maxSources: 2 }\n`);
    for (let i = 0; i < 20; i++) await client.publish(`cameras/made-up-${i}/frame`, 'x', { qos: 1 });
    const metrics = await (await fetch(`${gateway.httpAddress}/metrics`)).text();
    expect(metrics).toContain('edgeward_rejected_total{source="",code="SOURCE_INVALID"} 18\n');
    expect(metrics).not.toContain('made-up-2"');
  });

  it('goes on without a model that cannot be loaded, and says so', async () => {
    const yaml = digitsYaml.replace('builtin:digits', '/nowhere/none.bundle');
    const { client, gateway } = await startGateway(yaml);
    expect(gateway.health().reasons.join()).toContain('models.digits');
    const results = await collect(client, 'edgeward/gw/desk/digits/result');
    const [digit] = digits;
    if (digit) await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
    await results.until(1);
    expect(results.json()[0].error.code).toBe('MODEL_UNAVAILABLE');
  });

  it('announces itself, its model and each source to Home Assistant', async () => {
    const { client } = await startGateway();
    const devices = await collect(client, 'homeassistant/device/+/config');
    await client.publish('cameras/desk/frame', envelope(digits[0] ?? { id: '', png: Buffer.alloc(0) }), {
      qos: 1,
    });
    await devices.until((messages) => messages.some(({ payload }) => payload.includes('digits picture')));
    const payloads = devices.json();
    const platforms = payloads
      .flatMap(({ components }) => Object.values(components as Record<string, { platform: string }>))
      .map(({ platform }) => platform);
    expect(new Set(platforms)).toEqual(
      new Set(['binary_sensor', 'update', 'button', 'event', 'sensor', 'image']),
    );
  });
});
