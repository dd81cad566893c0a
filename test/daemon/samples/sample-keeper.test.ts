import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { SamplesConfig } from '../../../src/config/types.ts';
import type { Judged } from '../../../src/daemon/samples/recent-frames.ts';
import { SampleKeeper } from '../../../src/daemon/samples/sample-keeper.ts';
import { Image } from '../../../src/image.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { temporaryFolder } from '../../support/gateway.ts';
import { silent } from '../../support/silent.ts';

const config: SamplesConfig = {
  enabled: true,
  maxBytes: 1_000_000,
  maxCount: 100,
  perMinute: 100,
  recentBytes: 1_000_000,
  uplink: false,
};

const model = { name: 'digits', version: '1.0.0', digest: 'sha256:1' };

function judged(id: string, sample?: { reason: string }): Judged {
  const payload = Buffer.alloc(10);
  return {
    pipeline: 'p',
    frame: {
      id,
      source: 'cam',
      receivedAt: 0,
      contentType: 'image/jpeg',
      payload,
      image: new Image({ data: payload, format: 'jpeg' }),
    },
    decision: { result: {}, ...(sample ? { sample } : {}) },
    models: [model],
  };
}

async function startKeeper(changes: Partial<SamplesConfig> = {}) {
  const metrics = createMetrics();
  const keeper = new SampleKeeper({
    config: { ...config, ...changes },
    folder: await temporaryFolder(),
    metrics,
    log: silent,
  });
  onTestFinished(() => keeper.stop());
  await keeper.start();
  const dropped = async () =>
    Object.fromEntries(
      (await metrics.samplesDropped.get()).values.map(({ labels, value }) => [labels.reason, value]),
    );
  return { keeper, dropped };
}

const reason = { reason: 'near-threshold' };

it('keeps no more at once than wait for the disk, and no more in a minute than it may', async () => {
  const { keeper, dropped } = await startKeeper({ perMinute: 20 });
  for (let i = 0; i < 30; i++) keeper.noteJudged(judged(`a${i}`, reason));
  await expect.poll(() => keeper.store.count).toBe(16);
  for (let i = 0; i < 10; i++) keeper.noteJudged(judged(`b${i}`, reason));
  await expect.poll(() => keeper.store.count).toBe(20);
  expect(await dropped()).toEqual({ 'queue-full': 14, rate: 6 });
});

it('keeps what two versions judge differently, whichever is known first: that, or the result', async () => {
  const { keeper } = await startKeeper();
  const [first, second, third] = [judged('first'), judged('second'), judged('third')];
  const dispute = ({ frame }: Judged, digest: string) =>
    frame.image && keeper.noteDisagreement(frame.image.crop({ x: 0, y: 0, width: 0.5, height: 1 }), digest);
  keeper.noteJudged(first);
  dispute(first, model.digest);
  dispute(second, model.digest);
  keeper.noteJudged(second);
  dispute(third, 'sha256:of another');
  keeper.noteJudged(third);
  await expect.poll(() => keeper.store.count).toBe(2);
  const [kept] = await keeper.store.find('second');
  expect(kept?.sample).toMatchObject({ reason: 'shadow', frame: { id: 'second' } });
  expect(await keeper.store.find('third')).toEqual([]);
});

it('remembers the last frames as far as they fit, and takes no word of a plug-in for granted', async () => {
  const { keeper } = await startKeeper({ recentBytes: 25 });
  for (const id of ['a', 'b', 'c']) keeper.noteJudged(judged(id));
  expect(keeper.recent.filter(() => true).map(({ frame }) => frame.id)).toEqual(['b', 'c']);
  keeper.noteJudged(judged('d', { reason: '../../etc\n' }));
  await expect.poll(() => keeper.store.count).toBe(1);
  expect((await keeper.store.find('d'))[0]?.sample.reason).toBe('other');
});

it('counts and survives a disk that takes nothing', async () => {
  const { keeper, dropped } = await startKeeper({ maxBytes: 100 });
  keeper.noteJudged(judged('large', reason));
  while (!(await dropped())['too-large']) await delay(5);
  expect(keeper.store.count).toBe(0);
});
