import { asGatewayError, GatewayError } from '../../errors.ts';

/** One metric of a Sparkplug B payload, as far as a channel needs it. */
export interface Metric {
  readonly name: string | undefined;
  readonly alias: string | undefined;
  /** NaN where it is null or no number. */
  readonly value: number;
  /** ms since 1970. */
  readonly at: number | undefined;
}

/** What a topic `spBv1.0/group/TYPE/node/device` says of its payload. */
export type MessageType = 'birth' | 'death' | 'data';

const maxBytes = 2 ** 20;
const maxMetrics = 10_000;

export function isSparkplugTopic(topic: string | undefined): boolean {
  return topic?.startsWith('spBv1.0/') ?? false;
}

export function messageTypeOf(topic: string | undefined): MessageType {
  const type = isSparkplugTopic(topic) ? topic?.split('/')[2] : undefined;
  if (type === 'NBIRTH' || type === 'DBIRTH') return 'birth';
  return type === 'NDEATH' || type === 'DDEATH' ? 'death' : 'data';
}

/**
 * The metrics of a Sparkplug B payload. Its library is loaded by the first call.
 * @throws FRAME_INVALID
 */
export async function decodeSparkplug(payload: Uint8Array): Promise<Metric[]> {
  if (payload.length > maxBytes) throw invalid(`at most ${maxBytes} bytes`, `${payload.length}`);
  const { get } = await import('sparkplug-payload');
  const library = get('spBv1.0');
  if (!library) throw new GatewayError('PIPELINE_FAILED', 'Expected a decoder of spBv1.0 but found none');
  try {
    const { metrics, timestamp } = library.decodePayload(payload);
    const list = metrics ?? [];
    if (list.length > maxMetrics) throw invalid(`at most ${maxMetrics} metrics`, `${list.length}`);
    return list.map((metric) => ({
      name: metric.name || undefined,
      alias: metric.alias === undefined || metric.alias === null ? undefined : String(metric.alias),
      value: scalar(metric.value),
      at: timeOf(metric.timestamp) ?? timeOf(timestamp),
    }));
  } catch (error) {
    // The decoder throws errors of many kinds for bytes that are no protobuf, or nested without end.
    throw asGatewayError(error, 'FRAME_INVALID');
  }
}

/** 64-bit integers come as objects of `long`. */
function scalar(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return isLong(value) ? value.toNumber() : Number.NaN;
}

/** 0 is protobuf's "not given". */
function timeOf(value: unknown): number | undefined {
  const time = scalar(value);
  return time > 0 ? time : undefined;
}

function isLong(value: unknown): value is { toNumber(): number } {
  return (
    typeof value === 'object' && value !== null && 'toNumber' in value && typeof value.toNumber === 'function'
  );
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError('FRAME_INVALID', `Expected ${expected} of Sparkplug B but received ${received}`);
}
