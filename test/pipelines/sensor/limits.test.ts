import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channel, subjectOf, typesOf } from './support.ts';

const heart = {
  path: 'hr',
  unit: 'bpm',
  min: 20,
  max: 250,
  invalid: [0],
  silentS: 30,
  settleS: 20,
  limits: { low: 50, high: 120, criticalLow: 40, delayS: 20, criticalDelayS: 10, hysteresis: 2 },
};
const monitor = () => subjectOf({ channels: { hr: heart, spo2: { path: 'spo2', invalid: [0] } } });

/** Sends a heart rate every five seconds and returns the events with the time of each. */
async function run(rates: readonly (number | null | undefined)[]) {
  const subject = await monitor();
  const seen: string[] = [];
  let last = await subject.send({ hr: rates[0], spo2: 97 }, 0);
  for (const [i, hr] of rates.entries()) {
    if (i > 0) last = await subject.send({ hr, spo2: 97 }, i * 5);
    seen.push(...typesOf(last).map((type) => `${i * 5} ${type}`));
  }
  return { seen, last };
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('limits', () => {
  it('raise a warning after their delay and clear it with hysteresis', async () => {
    const { seen, last } = await run([70, ...times(6, 48), 51, 51, 53, 70]);
    expect(seen).toEqual(['25 warning', '45 cleared']);
    expect(last.result).toMatchObject({ alarm: 'none', reasons: [], suppressed: [] });
  });

  it('say which channel, which limit, and what it reads', async () => {
    const { last } = await run([70, ...times(4, 30)]);
    expect(last.result).toMatchObject({ alarm: 'critical', reasons: ['hr critical_low'] });
    expect(last.state).toMatchObject({ alarm: 'critical' });
    expect(channel(last, 'hr')).toEqual({ value: 30, unit: 'bpm', signal: 'ok', level: 'critical_low' });
    expect(last.events).toEqual([]);
  });

  it('go from warning to critical and back, each an event of its own', async () => {
    const { seen } = await run([...times(6, 45), ...times(4, 35), ...times(2, 45), 60]);
    expect(seen).toEqual(['20 warning', '40 critical', '50 warning', '60 cleared']);
  });

  it('are not crossed by one odd value', async () => {
    expect((await run([70, 30, 70, 300, 70, 45, 45, 70])).seen).toEqual([]);
  });
});

describe('a delay', () => {
  const options = { channels: { a: { path: 'a', limits: { high: 10, delayS: 20 } }, b: { path: 'b' } } };
  const alarms = async (more: object, messages: readonly (readonly [at: number, body: object])[]) => {
    const channels = { ...options.channels, a: { ...options.channels.a, ...more } };
    const subject = await subjectOf({ channels });
    const seen: number[] = [];
    for (const [at, body] of messages) {
      if (typesOf(await subject.send(body, at)).includes('warning')) seen.push(at);
    }
    return seen;
  };
  const normal = [0, 5, 10].map((at) => [at, { a: 1 }] as const);

  it('does not run while nobody looks', async () => {
    expect(await alarms({}, [...normal, [15, { a: 11 }], [40, { a: 11 }], [45, { a: 1 }]])).toEqual([]);
    const lossy = [15, 20, 30, 35, 40].map((at) => [at, { a: 11 }] as const);
    expect(await alarms({}, [...normal, ...lossy])).toEqual([40]);
  });

  it('runs on with a value that stands until the device sends another', async () => {
    const others = [20, 25, 30, 35, 40].map((at) => [at, { b: 0 }] as const);
    expect(await alarms({}, [...normal, [15, { a: 11 }], ...others])).toEqual([]);
    expect(await alarms({ holdS: 600 }, [...normal, [15, { a: 11 }], ...others])).toEqual([35]);
  });
});

describe('a dropout', () => {
  it('is no value and no alarm, whatever the device says instead', async () => {
    for (const nothing of [0, null, 500, -7, undefined]) {
      const { seen, last } = await run([70, ...times(5, nothing)]);
      expect(seen).toEqual([]);
      expect(last.result).toMatchObject({ alarm: 'none' });
    }
    const { last } = await run([70, 0]);
    expect(channel(last, 'hr')).toMatchObject({ value: null, signal: 'dropout', why: 'invalid' });
  });

  it('turns the sensor off after a while, and says so', async () => {
    const { seen, last } = await run([70, ...times(10, 0), 70]);
    expect(seen).toEqual(['30 sensor_off hr', '55 sensor_on hr']);
    expect(channel(last, 'hr')).toMatchObject({ value: 70, signal: 'ok' });
    const off = await run([70, ...times(10, 0)]);
    expect(off.last.result).toMatchObject({ suppressed: ['hr'], alarm: 'none' });
    expect(channel(off.last, 'hr')).toMatchObject({ signal: 'off', why: 'invalid' });
    expect((await run([70, ...times(10, undefined)])).last.result).toMatchObject({
      channels: { hr: { signal: 'off', why: 'silent' } },
    });
  });

  it('lets the limits wait until the signal has settled', async () => {
    // Half of a minute without electrodes makes a mean that is much too low.
    expect((await run([70, 0, 22, 23, 25, 70])).seen).toEqual([]);
    expect((await run([70, 0, ...times(7, 22)])).seen).toEqual(['40 critical']);
  });

  it('keeps an alarm that was there before', async () => {
    const { last, seen } = await run([...times(4, 30), ...times(10, 0)]);
    expect(seen).toEqual(['10 critical', '45 sensor_off hr']);
    expect(last.result).toMatchObject({ alarm: 'critical', suppressed: ['hr'] });
  });

  it('is also a value that never moves', async () => {
    const subject = await subjectOf({ channels: { p: { flatS: 10, limits: { high: 5 } } } });
    const seen: string[] = [];
    for (let i = 0; i < 7; i++) seen.push(...typesOf(await subject.send(i < 5 ? '3' : '4', i * 5)));
    expect(seen).toEqual(['sensor_off p', 'sensor_on p']);
  });
});

describe('a pipeline of sensors', () => {
  it('keeps its sources apart', async () => {
    const subject = await subjectOf({ channels: { a: { limits: { high: 10 } } } });
    await subject.send('11', 0, { source: 'one' });
    expect((await subject.send('9', 0, { source: 'two' })).result).toMatchObject({ alarm: 'none' });
    expect((await subject.send('11', 0, { source: 'one' })).result).toMatchObject({ alarm: 'warning' });
  });

  it('reads numbers in the unit of the channel', async () => {
    const subject = await subjectOf({ channels: { f: { scale: 1.8, offset: 32, unit: '°F' } } });
    expect(channel(await subject.send('100', 0), 'f')).toMatchObject({ value: 212, unit: '°F' });
  });

  it('marks what is a demonstration', async () => {
    const subject = await subjectOf({ demonstration: true, channels: { a: { limits: { high: 10 } } } });
    const decision = await subject.send('11', 0);
    expect([decision.result, decision.state, ...(decision.events ?? [])]).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ demonstration: true })),
    );
  });

  it('answers any message with a decision or with FRAME_INVALID', async () => {
    const value = fc.oneof(
      fc.double(),
      fc.constantFrom(0, null, 'off', true),
      fc.array(fc.double(), { maxLength: 20 }),
      fc.jsonValue(),
    );
    const time = fc.oneof(
      fc.double(),
      fc.integer({ min: 0, max: 1e6 }),
      fc.constantFrom('noon', 0, -1, 1e300),
    );
    const message = fc.record({ a: value, b: value, t: time }, { requiredKeys: ['t'] });
    const channels = {
      a: { path: 'a', rateHz: 10, min: -5, max: 5, flatS: 1, settleS: 1, limits: { high: 1, delayS: 1 } },
      b: { path: 'b', holdS: 5, limits: { criticalLow: 0 } },
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 10 }),
        fc.option(fc.double()),
        async (messages, captured) => {
          const stated = await subjectOf({ channels, time: 't' });
          const sent = await subjectOf({ channels });
          for (const [i, body] of messages.entries()) {
            const more = captured === null ? {} : { capturedAt: captured };
            for (const subject of [stated, sent]) {
              const outcome = await subject.send(body, i, more).catch((error) => error);
              expect(outcome.code ?? JSON.parse(JSON.stringify(outcome)).result.alarm).toMatch(
                /^(FRAME_INVALID|none|warning|critical)$/,
              );
            }
          }
        },
      ),
    );
  });

  it.each([
    ['no channels', {}],
    ['a name that no entity can have', { channels: { 'Heart Rate': {} } }],
    ['a path that is none', { channels: { a: { path: 'a..b' } } }],
  ])('is refused with %s', async (_, options) => {
    await expect(subjectOf(options)).rejects.toThrow(/Expected/);
  });
});
