import { GatewayError } from '../../errors.ts';
import type { Frame } from '../frame.ts';
import { compilePath, type JsonPath, numbersOf } from './json-path.ts';
import type { SensorOptions } from './options.ts';
import { decodeSparkplug, isSparkplugTopic, type Metric, messageTypeOf } from './sparkplug.ts';

/** What one message says of one channel: consecutive samples, NaN where the device has no value. */
interface Reading {
  /** Index into the channels of the configuration. */
  readonly channel: number;
  readonly values: readonly number[];
  /** Time of the first sample, ms since 1970; `undefined`: the last one is of now. */
  readonly at: number | undefined;
}

interface Message {
  readonly readings: readonly Reading[];
  /** The device says that it goes: none of its values holds any longer. */
  readonly death: boolean;
}

export interface Reader {
  /** @throws FRAME_INVALID if the payload cannot be read, or should have a channel and has none. */
  read(frame: Frame): Promise<Message>;
}

interface Channel {
  readonly index: number;
  readonly topic: string | null;
  readonly path: string | null;
  readonly get: JsonPath;
}

/** Reads the messages of one source: a Sparkplug device says at its birth which alias is which metric. */
export function createReader(options: SensorOptions): Reader {
  const channels = Object.values(options.channels).map(({ topic, path }, index) => ({
    index,
    topic,
    path,
    get: compilePath(path),
  }));
  const time = options.time === null ? undefined : compilePath(options.time);
  const names = new Map<string, string>();
  return {
    async read(frame) {
      const wanted = channels.filter(({ topic }) => topic === null || fits(topic, frame));
      if (wanted.length === 0) {
        throw invalid('a topic of a channel', frame.topic ?? 'none');
      }
      const { format } = options;
      if (format === 'sparkplug' || (format === 'auto' && isSparkplugTopic(frame.topic))) {
        return readSparkplug(frame, wanted, names);
      }
      const body = format === 'number' ? numberList(frame.payload) : bodyOf(frame.payload);
      const at = time ? timeOf(time(body), options.timeUnit) : frame.capturedAt;
      const readings = wanted.flatMap(({ index, get }): Reading[] => {
        const found = get(body);
        return found === undefined ? [] : [{ channel: index, values: numbersOf(found), at }];
      });
      if (readings.length > 0) return { readings, death: false };
      throw invalid(
        `a value at ${wanted.map(({ path }) => path ?? 'the root').join(' or ')}`,
        'none of them',
      );
    },
  };
}

/** A device sends what has changed: a payload without any channel of ours is nothing wrong. */
async function readSparkplug(
  frame: Frame,
  channels: readonly Channel[],
  names: Map<string, string>,
): Promise<Message> {
  const type = messageTypeOf(frame.topic);
  if (type === 'death') return { readings: [], death: true };
  const metrics = await decodeSparkplug(frame.payload);
  const wanted = new Map(channels.map((channel) => [channel.path, channel]));
  if (type === 'birth') learn(metrics, wanted, names);
  const readings = metrics.flatMap(({ name, alias, value, at }): Reading[] => {
    const channel = wanted.get(name ?? names.get(alias ?? '') ?? '');
    return channel ? [{ channel: channel.index, values: [value], at }] : [];
  });
  return { readings, death: false };
}

/** Only aliases of channels are kept, so that no device can fill the memory. */
function learn(
  metrics: readonly Metric[],
  wanted: ReadonlyMap<string | null, Channel>,
  names: Map<string, string>,
) {
  for (const { name, alias } of metrics) {
    if (alias === undefined || name === undefined) continue;
    if (wanted.has(name)) names.set(alias, name);
    else names.delete(alias);
  }
}

/** `{source}` is the source, `+` any level. */
function fits(topic: string, { topic: actual, source }: Frame): boolean {
  if (actual === undefined) return true;
  const levels = topic.split('/');
  const names = actual.split('/');
  return (
    levels.length === names.length &&
    levels.every((level, i) => level === '+' || (level === '{source}' ? source : level) === names[i])
  );
}

function bodyOf(payload: Buffer): unknown {
  const text = payload.toString('utf8').trim();
  if (/^[[{"]|^(null|true|false)$/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new GatewayError('FRAME_INVALID', 'Expected JSON for readings but received text that is none', {
        cause,
      });
    }
  }
  return numberList(payload);
}

/** One number, or several between commas, semicolons or white space. */
function numberList(payload: Buffer): unknown {
  const parts = payload
    .toString('utf8')
    .trim()
    .split(/[\s,;]+/);
  const numbers = numbersOf(parts);
  if (parts.length > 1 && numbers.every(Number.isNaN)) throw invalid('numbers', 'other text');
  return parts.length === 1 ? parts[0] : numbers;
}

function timeOf(value: unknown, unit: SensorOptions['timeUnit']): number {
  if (typeof value === 'string' && Number.isNaN(Number(value))) {
    const parsed = Date.parse(value);
    if (Number.isFinite(parsed)) return parsed;
  }
  const [number = Number.NaN] = value === null || Array.isArray(value) ? [] : numbersOf(value);
  const ms = unit === 's' ? number * 1000 : unit === 'us' ? number / 1000 : number;
  if (Number.isFinite(ms)) return ms;
  throw invalid(`a time in ${unit} or ISO 8601`, JSON.stringify(value)?.slice(0, 80) ?? 'nothing');
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError('FRAME_INVALID', `Expected ${expected} for readings but received ${received}`);
}
