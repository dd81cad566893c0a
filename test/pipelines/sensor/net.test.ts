import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import type { Manifest, ReadingsInput } from '../../../src/models/manifest.ts';
import type { Model, Outputs } from '../../../src/models/model.ts';
import { subjectOf, typesOf } from './support.ts';

type Answer = (window: Float32Array) => Partial<Outputs>;

/** A net in this process: it answers as the test says. */
function netOf(answer: Answer, readings: Partial<ReadingsInput> = {}, more: Partial<Manifest> = {}): Model {
  const full: ReadingsInput = {
    kind: 'autoencoder',
    align: 'stream',
    rateHz: 1,
    window: 4,
    stride: 1,
    channels: ['a', 'b'],
    mean: [10, 20],
    scale: [1, 2],
    ...readings,
  };
  const each = full.features ? 3 : full.window - (full.horizon ?? 0);
  const size = each * full.channels.length;
  const manifest: Manifest = {
    format: 1,
    name: 'net',
    version: '1.0.0',
    task: 'anomaly',
    graph: 'net.onnx',
    inputs: { x: { kind: 'tensor', type: 'float32', shape: [size] } },
    readings: full,
    outputs: { y: { kind: 'tensor' } },
    thresholds: { error: 1 },
    golden: { samples: [] },
    files: {},
    ...more,
  };
  return {
    name: 'net',
    version: '1.0.0',
    manifest,
    async infer(input) {
      const data = 'x' in input ? (input.x?.data as Float32Array) : new Float32Array();
      const timing = { queueMs: 0, decodeMs: 0, inferMs: 0, batchSize: 1 };
      return { model: { name: 'net', version: '1.0.0', digest: 'sha256:0' }, timing, ...answer(data) };
    },
    annotate: async () => new Uint8Array(),
    thumbnail: async () => {
      throw new Error('Readings are no picture');
    },
  };
}
const sixOf = { mean: [0, 0, 0, 0, 0, 0], scale: [1, 1, 1, 1, 1, 1] };
const zeros = (window: Float32Array) => ({
  tensors: { y: { data: new Float32Array(window.length), shape: [window.length] } },
});
const options = { channels: { a: { path: 'a', limits: { high: 100 } }, b: { path: 'b' } } };

/** Sends a message a second and returns the decisions. */
async function run(net: Model | undefined, messages: readonly object[], more: object = {}) {
  const subject = await subjectOf({ ...options, ...more }, net);
  const decisions = [];
  for (const [i, message] of messages.entries()) decisions.push(await subject.send(message, 1000 + i));
  return decisions;
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const scores = (decisions: readonly { result: Record<string, unknown> }[]) =>
  decisions.map(({ result }) => result.score);

describe('a window', () => {
  it('goes in relative to what is normal, row by row, and its error is the score', async () => {
    const seen: number[][] = [];
    const net = netOf((window) => {
      seen.push([...window]);
      return zeros(window);
    });
    const decisions = await run(net, [...times(3, { a: 10, b: 20 }), { a: 12, b: 20 }]);
    expect(seen).toEqual([[0, 0, 0, 0, 0, 0, 2, 0]]);
    // The root of the mean square is sqrt(4 / 8), the threshold 1.
    expect(scores(decisions)).toEqual([undefined, undefined, undefined, 0.4142]);
  });

  it('asks to be kept where its score is near that of an alarm', async () => {
    const last = async (a: number) =>
      (await run(netOf(zeros), [...times(3, { a: 10, b: 20 }), { a, b: 20 }])).at(-1);
    expect((await last(12.7))?.sample).toEqual({ reason: 'near-threshold' });
    expect((await last(11))?.sample).toBeUndefined();
    expect((await last(30))?.sample).toBeUndefined();
  });

  it('of which too little was measured is not judged, and says so', async () => {
    const net = netOf(zeros);
    const messages = [...times(4, { a: 10, b: 20 }), { a: null, b: 20 }, { a: null, b: 20 }];
    const decisions = await run(net, messages, { minQuality: 0.75 });
    expect(decisions[4]?.result).toMatchObject({ score: 0, windows: [{ quality: 0.75, bridged: 1 }] });
    expect(decisions[5]?.result).toMatchObject({
      windows: [{ quality: 0.5, skipped: expect.stringMatching(/^Too little/) }],
      noVerdict: expect.stringMatching(/^Too little/),
    });
    expect(decisions[5]?.state).toMatchObject({ score: 0, scoreValid: false });
  });

  it('may end in what a forecaster has to say', async () => {
    const net = netOf(() => ({ tensors: { y: { data: Float32Array.of(0, 3), shape: [1, 2] } } }), {
      kind: 'forecaster',
      horizon: 1,
    });
    const decisions = await run(net, times(4, { a: 10, b: 20 }));
    // 0 was said right, and 3 where 0 came.
    expect(decisions[3]?.result.score).toBeCloseTo(Math.sqrt(4.5) / (Math.sqrt(4.5) + 1), 3);
    expect(decisions[3]?.result).toMatchObject({ explanation: { channels: [{ name: 'b', share: 1 }] } });
  });

  it('has a class', async () => {
    const classes = [
      { label: 'loose', index: 1, score: 0.7 },
      { label: 'normal', index: 0, score: 0.3 },
    ];
    const net = netOf(() => ({ classes }), { kind: 'classifier' });
    const decisions = await run(net, times(4, { a: 10, b: 20 }));
    expect(decisions[3]).toMatchObject({
      result: { score: 0.7, alarm: 'warning', explanation: { label: 'loose' } },
      state: { label: 'loose' },
      events: [{ type: 'warning', reasons: ['anomaly'], explanation: { label: 'loose' } }],
    });
  });
});

describe('windows of any messages', () => {
  it('are judged or told of, with scores in [0, 1) and their end', async () => {
    const number = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(null));
    const samples = fc.oneof(number, fc.array(number, { minLength: 1, maxLength: 12 }));
    const time = fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: -1e14, max: 1e14 }));
    const message = fc.record({ a: samples, b: samples, t: time }, { requiredKeys: ['t', 'a'] });
    const kinds: Partial<ReadingsInput>[] = [
      { window: 3, stride: 2 },
      { window: 3, align: 'message' },
      { window: 2, features: { statistics: ['mean', 'kurtosis'], bandsHz: [[0, 0.5]] }, ...sixOf },
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 40 }),
        fc.constantFrom(...kinds),
        async (messages, kind) => {
          const more = { time: 't', latenessS: 3, minQuality: 0.5, adaptS: 10 };
          const subject = await subjectOf({ ...options, ...more }, netOf(zeros, kind));
          for (const body of messages) {
            const { result } = await subject.send(body, 0);
            for (const { end, score, skipped } of result.windows as Record<string, never>[]) {
              expect(Number.isFinite(Date.parse(end ?? ''))).toBe(true);
              if (skipped === undefined) expect(Number(score) >= 0 && Number(score) <= 1).toBe(true);
            }
          }
        },
      ),
    );
  });
});

describe('the alarm of a net', () => {
  const high = { a: 30, b: 20 };
  const low = { a: 10, b: 20 };

  it('begins after some windows and ends below a lower score', async () => {
    const net = netOf(zeros, { window: 2 });
    const messages = [
      ...times(4, low),
      high,
      low,
      low,
      ...times(4, high),
      { a: 11.3, b: 20 },
      { a: 11.3, b: 20 },
      { a: 11, b: 20 },
      low,
    ];
    const events = (await run(net, messages, { alarmAfter: 3, clearScore: 0.45 })).flatMap((decision, i) =>
      typesOf(decision).map((type) => `${i} ${type}`),
    );
    expect(events).toEqual(['9 warning', '14 cleared']);
  });

  it('follows a slow drift and not a jump', async () => {
    const net = netOf(zeros, { window: 2, stride: 1 });
    const drifting = times(400, 0).map((_, i) => ({ a: 10 + i / 100, b: 20 }));
    const adaptive = await run(net, drifting, { adaptS: 20, maxDrift: 10 });
    expect(adaptive.flatMap(typesOf)).toEqual([]);
    expect((await run(net, drifting)).flatMap(typesOf)).toEqual(['warning']);
    const jump = await run(net, [...times(10, low), ...times(5, high)], { adaptS: 20, maxDrift: 10 });
    expect(jump.flatMap(typesOf)).toEqual(['warning']);
    const bounded = await run(net, drifting, { adaptS: 20, maxDrift: 1 });
    // Told before it can be an alarm, and once.
    expect(bounded.flatMap(typesOf)).toEqual(['drifted a', 'warning']);
    expect(bounded.at(-1)?.state).toMatchObject({ drifted: ['a'] });
    expect(adaptive.at(-1)?.state).not.toHaveProperty('drifted');
  });

  it('tells again of a drift that came back from its bound', async () => {
    const net = netOf(zeros, { window: 2, stride: 1 });
    const level = (a: number) => times(100, { a, b: 20 });
    const seen = await run(net, [...level(11), ...level(10), ...level(11)], { adaptS: 20, maxDrift: 0.8 });
    expect(seen.flatMap(typesOf).filter((type) => type.startsWith('drifted'))).toEqual([
      'drifted a',
      'drifted a',
    ]);
  });
});

describe('without a verdict', () => {
  const limit = [...times(5, { a: 10, b: 20 }), { a: 101, b: 20 }];

  it.each<[string, Model, RegExp]>([
    [
      'of a net that fails',
      netOf(() => {
        throw new GatewayError('MODEL_TIMEOUT', 'too late');
      }),
      /^MODEL_TIMEOUT: too late/,
    ],
    ['of a net that is not loaded', { ...netOf(zeros), manifest: undefined }, /^MODEL_UNAVAILABLE/],
    [
      'of a net for pictures',
      netOf(zeros, {}, { readings: undefined as never }),
      /^PIPELINE_FAILED: .*readings/,
    ],
    ['of a net of other channels', netOf(zeros, { channels: ['a', 'c'] }), /^PIPELINE_FAILED: .*no c/],
    [
      'of a net with another output',
      netOf(() => zeros(new Float32Array(3))),
      /an output of 8 numbers but received 3/,
    ],
    ['of a net without a threshold', netOf(zeros, {}, { thresholds: {} }), /a threshold/],
  ])('%s, the limits go on, and it says so', async (_, net, why) => {
    const decisions = await run(net, limit);
    expect(decisions.flatMap(typesOf)).toEqual(['warning']);
    expect(decisions[5]?.result).toMatchObject({
      alarm: 'warning',
      reasons: ['a high'],
      noVerdict: expect.stringMatching(why),
    });
  });

  it('follows a net that is replaced', async () => {
    const subject = await subjectOf(options, undefined);
    expect((await subject.send({ a: 10, b: 20 }, 1)).result).not.toHaveProperty('noVerdict');
    const [one, other] = [netOf(zeros, { window: 2 }), netOf(zeros, { window: 3 })];
    let current = one;
    const proxy: Model = {
      name: 'net',
      version: '1.0.0',
      get manifest() {
        return current.manifest;
      },
      infer: (...args) => current.infer(...args),
      annotate: (...args) => current.annotate(...args),
      thumbnail: (...args) => current.thumbnail(...args),
    };
    const swapped = await subjectOf(options, proxy);
    const lengths: number[] = [];
    for (let i = 0; i < 8; i++) {
      if (i === 4) current = other;
      const { result } = await swapped.send({ a: 10, b: 20 }, 1000 + i);
      lengths.push((result.windows as unknown[]).length);
    }
    expect(lengths).toEqual([0, 1, 1, 1, 0, 0, 1, 1]);
  });
});
