import { once } from 'node:events';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusClient } from '../bus/external.ts';
import type { ReplayFrame } from './replay-frames.ts';

export interface ReplayOptions {
  readonly client: BusClient;
  readonly protocol: '3.1.1' | '5';
  /** `{source}` in it is replaced. */
  readonly topic: string;
  readonly qos: 0 | 1;
  /** Frames a second; infinite: as fast as the broker takes them. */
  readonly rate: number;
  /** Wrap each frame as JSON with its id and time, for brokers without MQTT 5. */
  readonly envelope: boolean;
  readonly onSent: (summary: ReplaySummary) => void;
  readonly signal: AbortSignal;
}

export interface ReplaySummary {
  readonly frames: number;
  /** Of the payloads. */
  readonly bytes: number;
  readonly seconds: number;
  /** Frames a second. */
  readonly rate: number;
  /** With QoS 1, from sending to the acknowledgement, which a gateway that judges `every` frame gives after its verdict. */
  readonly acknowledged?: { readonly frames: number; readonly medianMs: number; readonly p99Ms: number };
}

/** Frames that are sent and not acknowledged. */
const maxInFlight = 64;
/** How long an interrupted replay waits for acknowledgements that are still to come. */
const graceMs = 5_000;

/**
 * Sends the frames in order and at the rate, until they or the signal end, and resolves when all that was sent
 * is accepted.
 * @throws BUS_UNAVAILABLE if the connection ends.
 */
export async function replay(
  frames: AsyncIterable<ReplayFrame>,
  options: ReplayOptions,
): Promise<ReplaySummary> {
  const { client, qos, rate, onSent, signal } = options;
  signal.throwIfAborted();
  const inFlight = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  /** Microseconds. */
  const delays = createHistogram();
  const start = performance.now();
  let count = 0;
  let bytes = 0;

  const summary = (): ReplaySummary => {
    const seconds = (performance.now() - start) / 1000;
    const ms = (percent: number) =>
      delays.count === 0 ? 0 : Math.round(delays.percentile(percent) / 10) / 100;
    return {
      frames: count,
      bytes,
      seconds: Math.round(seconds * 1000) / 1000,
      rate: Math.round((count / seconds) * 10) / 10,
      ...(qos === 0 ? {} : { acknowledged: { frames: delays.count, medianMs: ms(50), p99Ms: ms(99) } }),
    };
  };
  const send = async (frame: ReplayFrame) => {
    const { payload, ...properties } = wrap(frame, options);
    const sentAt = performance.now();
    bytes += payload.length;
    await client.publish(options.topic.replaceAll('{source}', frame.source), payload, { qos, ...properties });
    delays.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
  };

  const aborted = once(signal, 'abort');
  for await (const frame of frames) {
    const early = start + (count * 1000) / rate - performance.now();
    if (early >= 1) await delay(early, undefined, { signal }).catch(() => {});
    if (failures.length > 0) throw failures[0];
    if (signal.aborted) break;
    count++;
    const sending = send(frame)
      .catch((error) => failures.push(error))
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    onSent(summary());
    if (inFlight.size >= maxInFlight) await Promise.race([...inFlight, aborted]);
  }
  const patience = aborted.then(() => delay(graceMs, undefined, { ref: false }));
  await Promise.race([Promise.all(inFlight), patience]);
  if (failures.length > 0) throw failures[0];
  return summary();
}

function wrap(
  { id, data, contentType }: ReplayFrame,
  { protocol, envelope }: ReplayOptions,
): { payload: Buffer; contentType?: string; userProperties?: Record<string, string> } {
  // An envelope that came as one stays as it is.
  if (id === undefined) return { payload: data, contentType };
  const capturedAt = new Date().toISOString();
  if (envelope) {
    const body = { id, capturedAt, contentType, data: data.toString('base64') };
    return { payload: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
  }
  if (protocol === '3.1.1') return { payload: data };
  return { payload: data, contentType, userProperties: { 'frame-id': id, 'captured-at': capturedAt } };
}
