import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { safeWrites } from '../../src/bus/safe-writes.ts';
import { openStore } from '../../src/bus/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgeward-small-disk-'));
const mounted = mount();

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

afterAll(async () => {
  if (mounted) execFileSync('umount', ['-l', folder]);
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => rm(join(folder, 'ballast'), { force: true }));

interface Wills {
  putWill(client: object, will: object): Promise<unknown>;
  delWill(client: object): Promise<unknown>;
}

/** Until the disk is full. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (;;) await handle.write(Buffer.alloc(4096));
  } catch {
    await handle.close();
  }
}

// A small file system takes the rights of root.
describe.skipIf(!mounted)('a database on a disk that was full', () => {
  it('still has what it said to have written, and writes again once there is room', async () => {
    const database = join(folder, 'db');
    const db = new ClassicLevel(database);
    await db.open();
    const close = safeWrites(db, database);
    const value = 'x'.repeat(600);
    const written: string[] = [];
    const put = async (key: string) => {
      await db.put(key, value);
      written.push(key);
    };
    for (let i = 0; i < 50; i++) await put(`before-${i}`);

    const ballast = join(folder, 'ballast');
    await fill(ballast);
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => put(`full-${i}`)));
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'LEVEL_IO_ERROR' } });
    expect(await db.get('before-7')).toBe(value);
    await rm(ballast);
    await expect
      .poll(() =>
        put('again').then(
          () => 'written',
          () => 'refused',
        ),
      )
      .toBe('written');
    for (let i = 0; i < 200; i++) await put(`after-${i}`);
    await db.batch().del('after-0').write();
    await close();

    const later = new ClassicLevel(database);
    await later.open();
    const found = new Set(await later.keys().all());
    await later.close();
    expect(written.filter((key) => !found.has(key))).toEqual(['after-0']);
  });

  it('can be closed while the disk is full', async () => {
    const database = join(folder, 'closed');
    const db = new ClassicLevel(database);
    await db.open();
    const close = safeWrites(db, database);
    await fill(join(folder, 'ballast'));
    await expect(
      Promise.all(Array.from({ length: 60 }, (_, i) => db.put(`${i}`, 'x'.repeat(600)))),
    ).rejects.toMatchObject({ code: 'LEVEL_IO_ERROR' });
    await close();
    expect(db.status).toBe('closed');
  });

  it('costs a client that connects with a will nothing but the connection', async () => {
    const { persistence, close } = await openStore(join(folder, 'wills'), pino({ level: 'silent' }));
    const { putWill, delWill } = persistence as unknown as Wills;
    const client = { id: 'camera', brokerId: 'b' };
    const will = { topic: 'gone', payload: Buffer.alloc(600), qos: 1, retain: false };
    await putWill.call(persistence, client, will);
    await fill(join(folder, 'ballast'));
    await expect(
      Promise.all(Array.from({ length: 60 }, () => putWill.call(persistence, client, will))),
    ).rejects.toMatchObject({ code: 'LEVEL_IO_ERROR' });
    expect(await delWill.call(persistence, client)).toBeUndefined();
    await close();
  });
});
