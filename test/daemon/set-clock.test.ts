import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { createTopics } from '../../src/bus/topics.ts';
import { ErrorReporter } from '../../src/daemon/error-reporter.ts';
import { Sources } from '../../src/daemon/sources.ts';
import { GatewayError } from '../../src/errors.ts';
import { silent } from '../support/silent.ts';

const dayMs = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each([
  ['ahead', dayMs],
  ['back', -dayMs],
])('a clock that is set %s', (_, shift) => {
  it('takes no source offline, and keeps none online', () => {
    const told: boolean[] = [];
    const sources = new Sources({
      max: 10,
      onAppear() {},
      onAvailability: (_source, online) => told.push(online),
      log: silent,
    });
    const config = {
      topic: 'cams/{source}',
      topics: [],
      qos: 0,
      contentType: null,
      offlineAfterS: 5,
    } as const;
    sources.configure([{ name: 'cams', config, runners: [] }]);
    sources.noteFrame('door', 'cams', Date.now());
    vi.setSystemTime(Date.now() + shift);
    sources.sweep();
    expect(told).toEqual([true]);
    vi.advanceTimersByTime(5_001);
    sources.sweep();
    expect(told).toEqual([true, false]);
  });

  it('lets errors be told a few times a minute as before', () => {
    const published: string[] = [];
    const bus = { publish: async (topic: string) => void published.push(topic) } as unknown as Bus;
    const topics = createTopics({ base: 'edgeward', gateway: 'gw' });
    const errors = new ErrorReporter({ bus, topics, log: silent, perMinute: 1 });
    errors.report('door', new GatewayError('FRAME_INVALID'));
    vi.setSystemTime(Date.now() + shift);
    errors.report('door', new GatewayError('FRAME_INVALID'));
    expect(published).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    errors.report('door', new GatewayError('FRAME_INVALID'));
    expect(published).toHaveLength(2);
  });
});
