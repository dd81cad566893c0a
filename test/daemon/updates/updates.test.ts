import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, digitsYaml, startGateway } from '../../support/gateway.ts';
import { type Answer, asker, digitsRepository, shipped, showDigits } from './fixtures.ts';

/** Times say nothing on a busy machine. */
const quick = { probation: { seconds: 1, maxSlowdown: 1000 } };

async function auditOf(configFile: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(configFile, '../state/models/audit.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('an update over the bus', { timeout: 60_000 }, () => {
  it('is fetched, proved, put in charge under load and confirmed; every frame has one answer', async () => {
    const repository = await digitsRepository();
    const next = await repository.release('9.0.0', {}, { notes: 'Reads sevens better.' });
    const { client, configFile, gateway } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(client);
    const events = await collect(client, 'edgeward/gw/models/digits/event');
    const states = await collect(client, 'edgeward/gw/models/digits/state');
    const show = await showDigits(client);
    const answers = await ask('model/update', { model: 'digits', ...quick, by: 'a test' });
    const results = await show.stop();

    expect(answers[0]).toMatchObject({ status: 'ok', data: { model: 'digits', state: 'accepted' } });
    const phases = answers.map(({ data }) => data.phase ?? data.state);
    expect(new Set(phases)).toEqual(
      new Set(['accepted', 'fetching', 'proving', 'swapping', 'probation', 'done']),
    );
    expect(answers.at(-1)).toMatchObject({ status: 'ok', data: { state: 'done', version: '9.0.0' } });

    const ids = results.map(({ frame }) => frame.id);
    expect(new Set(ids).size).toBe(ids.length);
    const versions = results.map(({ models }) => models[0]?.version);
    expect(new Set(versions)).toEqual(new Set([shipped, '9.0.0']));
    expect(versions.lastIndexOf(shipped)).toBeLessThan(versions.indexOf('9.0.0'));

    expect(events.json()).toEqual([
      expect.objectContaining({
        type: 'swapped',
        from: shipped,
        version: '9.0.0',
        digest: next.digest,
        by: 'edgeward/gw/request/model/update (a test)',
      }),
    ]);
    expect(events.messages.every(({ retain }) => !retain)).toBe(true);
    expect(states.json().some(({ in_progress }) => in_progress)).toBe(true);
    expect(states.json().at(-1)).toMatchObject({
      installed_version: '9.0.0',
      latest_version: '9.0.0',
      in_progress: false,
      update_percentage: null,
      previous_version: shipped,
      digest: next.digest,
    });
    expect((gateway.health().models.digits as { processes: unknown[] }).processes).toHaveLength(1);
    // The end of the gateway waits for the last line.
    await gateway.stop();
    expect((await auditOf(configFile)).map(({ what }) => what)).toEqual([
      'asked',
      'verified',
      'swapped',
      'confirmed',
    ]);
  });

  it('is fetched while that of another model is', async () => {
    const repository = await digitsRepository();
    const wanted = { one: '9.0.0', two: '9.1.0' };
    for (const version of Object.values(wanted)) await repository.release(version);
    const { client } = await startGateway(`
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
models:
  one: { bundle: 'builtin:digits', instances: 1 }
  two: { bundle: 'builtin:digits', instances: 1 }
${repository.yaml('intervalS: null, bytesPerSecond: 1000000')}`);
    const ask = await asker(client);
    const asked = Object.entries(wanted).map(([model, version]) =>
      ask('model/update', { model, version, probation: { seconds: 0 } }),
    );
    expect((await Promise.all(asked)).map((answers) => answers.at(-1))).toMatchObject([
      { status: 'ok', data: { state: 'done', version: '9.0.0' } },
      { status: 'ok', data: { state: 'done', version: '9.1.0' } },
    ]);
  });

  it('brings the first version to a gateway that has none', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const yaml = digitsYaml.replace("bundle: 'builtin:digits'", 'bundle: null') + repository.yaml();
    const { client, gateway, log } = await startGateway(yaml);
    expect(gateway.health()).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('by an update')],
    });
    const ask = await asker(client);
    const answers = await ask('model/update', { model: 'digits', ...quick });
    expect(answers.at(-1)).toMatchObject({ status: 'ok', data: { state: 'done', version: '9.0.0' } });
    expect(gateway.health()).toMatchObject({ ready: true, reasons: [] });
    expect(log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('is refused after it said otherwise than the version in charge, and not tried again', async () => {
    const repository = await digitsRepository();
    await repository.releaseWrong('9.0.0');
    const { client } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(client);
    const show = await showDigits(client);
    const shadow = { frames: 20, cpu: 1 };
    const [last] = (await ask('model/update', { model: 'digits', shadow })).slice(-1);
    expect(last).toMatchObject({
      status: 'error',
      code: 'MODEL_SHADOW_MISMATCH',
      data: { state: 'rejected', version: '9.0.0' },
    });
    const [again] = await ask('model/update', { model: 'digits', shadow });
    expect(again).toMatchObject({ status: 'error', code: 'UPDATE_REFUSED' });
    const [listed] = await ask('model/list', {});
    expect(listed.data.models).toMatchObject([
      { model: 'digits', installed_version: shipped, refused: [{ version: '9.0.0' }] },
    ]);
    const results = await show.stop();
    expect(new Set(results.map(({ models }) => models[0]?.version))).toEqual(new Set([shipped]));
  });

  it('goes back by itself when the processes of the new version crash', async () => {
    const repository = await digitsRepository();
    const next = await repository.release('9.0.0');
    const { client, gateway } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(client);
    const events = await collect(client, 'edgeward/gw/models/digits/event');
    const kill = events.until(1).then(() => {
      const { processes } = gateway.health().models.digits as { processes: { pid: number }[] };
      for (const { pid } of processes) process.kill(pid, 'SIGKILL');
    });
    const answers = await ask('model/update', { model: 'digits', probation: { seconds: 30 } });
    await kill;
    expect(answers.at(-1)).toMatchObject({
      status: 'error',
      code: 'MODEL_PROBATION_FAILED',
      data: { state: 'rolled_back', version: shipped, from: '9.0.0' },
    });
    expect(events.json().map(({ type }) => type)).toEqual(['swapped', 'rolled_back']);
    const [listed] = await ask('model/list', {});
    expect(listed.data.models[0]).toMatchObject({
      installed_version: shipped,
      refused: [{ digest: next.digest, code: 'MODEL_PROBATION_FAILED' }],
    });
    const retried = await ask('model/update', { model: 'digits', retry: true, ...quick });
    expect(retried.at(-1)).toMatchObject({ status: 'ok', data: { state: 'done', version: '9.0.0' } });
  });

  it('goes back on request, also during the probation, and stays where it is when it is pinned', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const { client } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(client);
    const [none] = await ask('model/rollback', { model: 'digits' });
    expect(none).toMatchObject({ status: 'error', code: 'UPDATE_NOT_FOUND' });
    const until = ({ data }: Answer) => data.phase === 'probation';
    await ask('model/update', { model: 'digits' }, { until });
    const [busy] = await ask('model/update', { model: 'digits' });
    expect(busy).toMatchObject({ code: 'UPDATE_BUSY' });
    const [back] = await ask('model/rollback', { model: 'digits', by: 'Ann' });
    expect(back).toMatchObject({ status: 'ok', data: { state: 'done', version: shipped, from: '9.0.0' } });
    const [pinned] = await ask('model/pin', { model: 'digits' });
    expect(pinned).toMatchObject({ status: 'ok', data: { version: shipped, pinned: true } });
    const [refused] = await ask('model/update', { model: 'digits', retry: true });
    expect(refused).toMatchObject({ status: 'error', code: 'UPDATE_PINNED' });
    await ask('model/pin', { model: 'digits', pinned: false });
    const taken = await ask('model/update', { model: 'digits', retry: true, ...quick });
    expect(taken.at(-1)).toMatchObject({ data: { state: 'done', version: '9.0.0' } });
  });

  it('is rejected with a code that says why', async () => {
    const repository = await digitsRepository();
    await repository.release('0.1.0');
    await repository.release('9.0.0');
    const { client } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(client);
    const rejected = [
      ['REQUEST_INVALID', { model: 'cats' }],
      ['REQUEST_INVALID', { model: 'digits', probation: { second: 3 } }],
      ['UPDATE_NOT_FOUND', { model: 'digits', version: '9.9.9' }],
      ['UPDATE_OLDER', { model: 'digits', version: '0.1.0' }],
      ['UPDATE_NOT_SELECTED', { model: 'digits', rollout: 0 }],
      ['UPDATE_NO_MEMORY', { model: 'digits', minFreeBytes: 2 ** 49 }],
      ['UPDATE_UNAVAILABLE', { model: 'digits', from: '/etc' }],
    ] as const;
    for (const [code, body] of rejected) {
      const [answer] = await ask('model/update', body);
      expect(answer).toMatchObject({ status: 'error', code, data: { model: body.model } });
    }
  });

  it('reaches the gateways of a group, waits for its time, and comes from a stick too', async () => {
    const repository = await digitsRepository();
    const next = await repository.release('9.0.0');
    const more = `groups: [line], folders: ['${repository.folder}']`;
    const yaml = digitsYaml + repository.yaml(more).replace(`url: '${repository.url}', `, '');
    const { client } = await startGateway(yaml);
    const ask = await asker(client);
    const topic = 'edgeward/fleet/line/request/model/update';
    const [nowhere] = await ask('model/update', { model: 'digits' }, { topic });
    expect(nowhere).toMatchObject({ code: 'UPDATE_UNAVAILABLE' });
    const from = join(
      repository.folder,
      'targets/digits',
      `${next.digest.slice('sha256:'.length)}.digits-9.0.0.bundle`,
    );
    const begun = Date.now();
    const notBefore = new Date(begun + 1_500).toISOString();
    const answers = await ask('model/update', { model: 'digits', from, notBefore, ...quick }, { topic });
    expect(answers[0].data).toEqual({ model: 'digits', state: 'accepted' });
    expect(answers.at(-1)).toMatchObject({ data: { state: 'done', version: '9.0.0' } });
    expect(Date.now()).toBeGreaterThan(begun + 1_500);
  });

  it('is found and taken by asking now and then', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0', {}, { notes: 'Reads sevens better.' });
    const { client } = await startGateway(digitsYaml + repository.yaml('intervalS: 1'));
    const states = await collect(client, 'edgeward/gw/models/digits/state');
    await states.until((all) => all.some(({ payload }) => payload.includes('"installed_version":"9.0.0"')));
    const offered = states.json().find(({ latest_version }) => latest_version === '9.0.0');
    expect(offered).toMatchObject({ installed_version: shipped });
    expect(offered.release_summary).toContain('Reads sevens better.');
  });

  it('replaces the version before where the memory holds only one', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const yaml = digitsYaml.replace('maxBatch: 32', 'maxBatch: 32, swap: replace') + repository.yaml();
    const { client, gateway } = await startGateway(yaml);
    const ask = await asker(client);
    let most = 0;
    const watch = setInterval(() => {
      const { processes } = gateway.health().models.digits as { processes: unknown[] };
      most = Math.max(most, processes.length);
    }, 5);
    const show = await showDigits(client);
    const answers = await ask('model/update', { model: 'digits', ...quick });
    const results = await show.stop();
    clearInterval(watch);
    expect(answers.at(-1)).toMatchObject({ data: { state: 'done', version: '9.0.0' } });
    expect(results.every(({ result }) => result)).toBe(true);
    expect(most).toBe(1);
  });

  it('is the first version of a model that came without one', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const yaml = digitsYaml.replace("bundle: 'builtin:digits', ", '') + repository.yaml();
    const { client, gateway } = await startGateway(yaml);
    expect(gateway.health().ready).toBe(false);
    const ask = await asker(client);
    const answers = await ask('model/update', { model: 'digits', ...quick });
    expect(answers.at(-1)).toMatchObject({ data: { state: 'done', version: '9.0.0' } });
    expect(gateway.health()).toMatchObject({ ready: true, models: { digits: { version: '9.0.0' } } });
  });
});
