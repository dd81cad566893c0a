import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { DiskQueue } from '../../src/bus/disk-queue.ts';
import { temporaryFolder } from './fixtures.ts';

async function open(folder: string, maxBytes = 1_000) {
  let dropped = 0;
  const queue = new DiskQueue({ folder, maxBytes, onDropped: (entries) => (dropped += entries) });
  await queue.open();
  onTestFinished(() => queue.close());
  return { queue, dropped: () => dropped };
}

const text = (entries: readonly { bytes: Buffer }[]) => entries.map(({ bytes }) => bytes.toString());

it('gives each entry once, oldest first', async () => {
  const { queue } = await open(await temporaryFolder());
  for (const entry of ['a', 'b', 'c']) await queue.push(Buffer.from(entry));
  expect(text(await queue.take(2))).toEqual(['a', 'b']);
  expect(text(await queue.take(2))).toEqual(['c']);
  expect(await queue.take(2)).toEqual([]);
});

it('keeps on disk what was taken and not removed', async () => {
  const folder = await temporaryFolder();
  const first = await open(folder);
  for (const entry of ['a', 'b', 'c']) await first.queue.push(Buffer.from(entry));
  const [a] = await first.queue.take(3);
  await first.queue.remove(a?.key ?? '');
  await first.queue.close();
  const second = await open(folder);
  expect(second.queue.bytes).toBe(2);
  expect(text(await second.queue.take(3))).toEqual(['b', 'c']);
});

it('drops the oldest that waits for want of room, and counts it', async () => {
  const { queue, dropped } = await open(await temporaryFolder(), 3);
  for (const entry of ['a', 'b', 'c']) await queue.push(Buffer.from(entry));
  const [taken] = await queue.take(1);
  await queue.push(Buffer.from('d'));
  expect(dropped()).toBe(1);
  expect(text(await queue.take(9))).toEqual(['c', 'd']);
  // What is on its way is not dropped.
  expect(taken?.bytes.toString()).toBe('a');
  expect(queue.bytes).toBe(3);
});

it('drops an entry that is larger than all of it, and nothing else', async () => {
  const { queue, dropped } = await open(await temporaryFolder(), 3);
  for (const entry of ['a', 'b', 'much', 'c']) await queue.push(Buffer.from(entry));
  expect(dropped()).toBe(1);
  expect(text(await queue.take(9))).toEqual(['a', 'b', 'c']);
});

it('refuses a folder that it cannot have', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  const queue = new DiskQueue({ folder: join(file, 'queue'), maxBytes: 1, onDropped: () => {} });
  await expect(queue.open()).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
});

it('is a queue whatever is done with it, also by process after process', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), size: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('take' as const), size: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('remove' as const), size: fc.constant(0) }),
    fc.record({ kind: fc.constant('reopen' as const), size: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const folder = await temporaryFolder();
      const options = { folder, maxBytes: Number.MAX_SAFE_INTEGER, onDropped: () => {} };
      let queue = new DiskQueue(options);
      await queue.open();
      let waiting: string[] = [];
      let taken: { key: string; text: string }[] = [];
      for (const [i, { kind, size }] of steps.entries()) {
        if (kind === 'push') {
          waiting.push(String(i).padStart(size, '_'));
          await queue.push(Buffer.from(waiting.at(-1) ?? ''));
        } else if (kind === 'take') {
          const got = await queue.take(size);
          expect(text(got)).toEqual(waiting.splice(0, size));
          taken.push(...got.map(({ key, bytes }) => ({ key, text: bytes.toString() })));
        } else if (kind === 'remove') {
          await queue.remove(taken.shift()?.key ?? '');
        } else {
          await queue.close();
          queue = new DiskQueue(options);
          await queue.open();
          waiting = [...taken.map((entry) => entry.text), ...waiting];
          taken = [];
        }
        const held = [...taken.map((entry) => entry.text), ...waiting];
        expect(queue.bytes).toBe(held.join('').length);
      }
      await queue.close();
    }),
    { numRuns: 30 },
  );
});
