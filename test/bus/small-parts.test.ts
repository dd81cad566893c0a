import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/bus/backoff.ts';
import { connectOptions } from '../../src/bus/connect-options.ts';
import { SessionFilters } from '../../src/bus/session-filters.ts';
import { TopicOrder } from '../../src/bus/topic-order.ts';
import { createTopics } from '../../src/bus/topics.ts';
import { temporaryFolder } from './fixtures.ts';

describe('back-off', () => {
  it('doubles, stays within its bounds, and differs from gateway to gateway', () => {
    const bounds = { minMs: 100, maxMs: 5_000 };
    const law = fc.property(
      fc.nat(60),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, at) => {
        const wait = backoffMs(attempt, bounds, () => at);
        return wait >= 100 && wait <= 5_000 && wait >= Math.min(2_500, 100 * 2 ** attempt);
      },
    );
    fc.assert(law);
    expect(backoffMs(0, bounds, () => 0)).toBe(100);
    expect(backoffMs(3, bounds, () => 0.5)).toBe(1_200);
    expect(backoffMs(50, bounds, () => 0.999)).toBeGreaterThan(4_900);
  });
});

describe('the order of topics', () => {
  it('runs the tasks of one topic in turn and those of others meanwhile', () => {
    const order = new TopicOrder();
    const started: string[] = [];
    const finish = new Map<string, () => void>();
    for (const [topic, task] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['b', 'b1'],
      ['a', 'a3'],
    ] as const) {
      order.run(topic, (next) => {
        started.push(task);
        finish.set(task, next);
      });
    }
    expect(started).toEqual(['a1', 'b1']);
    finish.get('a1')?.();
    finish.get('b1')?.();
    finish.get('a2')?.();
    expect(started).toEqual(['a1', 'b1', 'a2', 'a3']);
  });
});

describe('the filters of a session', () => {
  const onError = (error: unknown) => {
    throw error;
  };

  it('are not worth a failure where they cannot be written', async () => {
    const errors: unknown[] = [];
    const filters = new SessionFilters({
      file: '/dev/null/session.json',
      onError: (error) => errors.push(error),
    });
    await filters.load('me');
    filters.add('a');
    await filters.saved();
    expect(errors).toHaveLength(1);
  });

  it('are there for the next process of the same session, and for no other', async () => {
    const file = join(await temporaryFolder(), 'state', 'session.json');
    const filters = new SessionFilters({ file, onError });
    await filters.load('me@here');
    for (const filter of ['a', 'b/#', 'c']) filters.add(filter);
    filters.delete('a');
    await filters.saved();
    const next = new SessionFilters({ file, onError });
    await next.load('me@here');
    expect([...next].sort()).toEqual(['b/#', 'c']);
    const other = new SessionFilters({ file, onError });
    await other.load('me@elsewhere');
    expect([...other]).toEqual([]);
  });

  it('are none where the file is damaged', async () => {
    const file = join(await temporaryFolder(), 'session.json');
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"owner":"me","filters":7}',
      '{"owner":"me","filters":[1,"a"]}',
    ]) {
      await writeFile(file, text);
      const filters = new SessionFilters({ file, onError });
      await filters.load('me');
      expect([...filters].every((filter) => filter === 'a')).toBe(true);
      filters.add('b');
      await filters.saved();
      expect(await readFile(file, 'utf8')).toContain('"b"');
    }
  });
});

describe('the address of a broker', () => {
  it('may hold credentials, which are not shown again', async () => {
    const options = await connectOptions({ url: 'mqtt://us%40er:p%3Aw@host:1883' });
    expect(options).toEqual({
      url: 'mqtt://host:1883',
      protocolVersion: 4,
      username: 'us@er',
      password: 'p:w',
    });
    expect(await connectOptions({ url: 'ws://u:p@h/mqtt', username: 'other', password: null })).toMatchObject(
      {
        url: 'ws://h/mqtt',
        username: 'other',
      },
    );
  });

  it('is refused where it is none, without its password', async () => {
    for (const url of ['', 'host:1883', 'http://u:secret@host', 'mqtt://', 'tcp://u:secret@host']) {
      const refused = connectOptions({ url });
      await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await expect(refused).rejects.not.toThrow('secret');
    }
  });
});

describe('topics', () => {
  it('are those of the documentation', () => {
    const topics = createTopics({ base: 'edgeward', gateway: 'gw' });
    expect(topics.status).toBe('edgeward/gw/status');
    expect(topics.result('desk', 'digits')).toBe('edgeward/gw/desk/digits/result');
    expect(topics.modelState('digits')).toBe('edgeward/gw/models/digits/state');
    expect(topics.commandOf(topics.request('model/update'))).toBe('model/update');
    expect(topics.commandOf(topics.response('health'))).toBeUndefined();
    expect(topics.fleetRequest('north', 'model/update')).toBe('edgeward/fleet/north/request/model/update');
  });
});
