import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectClient } from '../../../src/bus/external.ts';
import { type FaultPoint, faultPoints } from '../../../src/fault-point.ts';
import { readBundle, readManifest } from '../../../src/models/bundle.ts';
import { bootOrder } from '../../../src/models/store/boot.ts';
import { ModelStore } from '../../../src/models/store/model-store.ts';
import { Daemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { collect, digitsYaml, envelope, startGateway, temporaryFolder } from '../../support/gateway.ts';
import { asker, digits, digitsRepository, shipped } from './fixtures.ts';
import { fillDisk } from './full-disk.ts';

const atOnce = 3;
const [digit] = digits;
if (!digit) throw new Error('no digits');

async function client(port: number) {
  const connected = await connectClient({ url: `mqtt://127.0.0.1:${port}` });
  return connected;
}

/** Cuts the power at a step of an update, or of the way back; returns the versions that judged afterwards. */
async function cutPowerAt(point: FaultPoint, updatesYaml: string): Promise<string[]> {
  const folder = await temporaryFolder();
  const [port, httpPort] = [await freePort(), await freePort()];
  const configFile = join(folder, 'edgeward.yaml');
  const bus = `{ embedded: { port: ${port}, persist: false } }`;
  const yaml = digitsYaml
    .replace(/bus: .*/, `bus: ${bus}`)
    .replace('{ id: gw }', "{ id: gw, stateDir: './state' }");
  await writeFile(configFile, `${yaml}${updatesYaml}log: { level: warn }\n`);

  const doomed = new Daemon({ configFile, httpPort, env: { EDGEWARD_FAULT_POINT: point } });
  await doomed.start(30_000);
  const before = await client(port);
  const request = { model: 'digits', probation: { seconds: 0 } };
  const ask = await asker(before);
  if (point.startsWith('rollback')) await ask('model/update', request);
  const command = point.startsWith('rollback') ? 'model/rollback' : 'model/update';
  await before.publish(`edgeward/gw/request/${command}`, JSON.stringify(request), { qos: 1 });
  expect(await doomed.ended(), point).toBe('SIGKILL');

  const next = new Daemon({ configFile, httpPort });
  await next.start(30_000);
  const after = await client(port);
  const results = await collect(after, 'edgeward/gw/desk/digits/result');
  await after.publish('cameras/desk/frame', envelope(digit as (typeof digits)[number]), { qos: 1 });
  await results.until(1);
  await after.close();
  await next.kill('SIGTERM');
  expect(results.json()[0].result, point).toMatchObject({ class: digit?.label });
  return results.json()[0].models.map(({ version }: { version: string }) => version);
}

describe('a cut of power at any step of an update', () => {
  it('leaves a gateway that starts with a version that works', { timeout: 120_000 }, async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const versions = new Map<FaultPoint, string[]>();
    const left = [...faultPoints];
    const worker = async () => {
      for (let point = left.shift(); point; point = left.shift()) {
        versions.set(point, await cutPowerAt(point, repository.yaml()));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const old = (point: FaultPoint) => expect(versions.get(point), point).toEqual([shipped]);
    const fresh = (point: FaultPoint) => expect(versions.get(point), point).toEqual(['9.0.0']);
    for (const point of ['version-proved', 'rollback-written', 'rollback-swapped'] as const) old(point);
    for (const point of ['pointers-written', 'version-swapped', 'version-confirmed'] as const) fresh(point);
    expect(versions.size).toBe(faultPoints.length);
  });
});

describe('a full disk at any write of an update', () => {
  it('costs at most the update, and leaves a store whose first choice is whole', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const { client: bus, configFile } = await startGateway(digitsYaml + repository.yaml());
    const ask = await asker(bus);
    const results = await collect(bus, 'edgeward/gw/desk/digits/result');
    const folder = join(configFile, '../state/models');
    const disk = fillDisk(folder);
    onTestFinished(() => disk.restore());
    const codes: string[] = [];
    for (let tries = 1; ; tries++) {
      disk.failNext();
      const answers = await ask('model/update', { model: 'digits', probation: { seconds: 0 } });
      const last = answers.at(-1);
      await bus.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
      await results.until(tries);
      expect(results.json().at(-1).result).toMatchObject({ class: digit.label });
      await expectWhole(folder);
      if (last.status === 'ok') break;
      codes.push(last.code);
      expect(tries).toBeLessThan(60);
    }
    expect(new Set(codes)).toEqual(new Set(['UPDATE_UNWRITABLE']));
    expect(disk.failed.length).toBeGreaterThan(12);
    expect(results.json().at(-1).models[0].version).toBe('9.0.0');
  });
});

/** What the next start would take is a bundle that agrees with its digests. */
async function expectWhole(folder: string): Promise<void> {
  const { silent } = await import('../../support/silent.ts');
  const store = new ModelStore({ folder, maxBytes: 0, log: silent });
  await store.open();
  const pointers = store.pointers('digits');
  const path = new URL('../../../models/digits/digits.bundle', import.meta.url).pathname;
  const shipped = { path, ...(await readManifest(path)) };
  const stored = new Map<string, string>();
  for (const ref of [pointers.active, pointers.confirmed, pointers.previous]) {
    if (ref && (await store.has(ref.digest))) stored.set(ref.digest, store.file(ref.digest));
  }
  const [first] = bootOrder(pointers, shipped, stored);
  const { digest } = await readBundle(first?.path ?? '');
  if (first?.digest) expect(digest).toBe(first.digest);
}
