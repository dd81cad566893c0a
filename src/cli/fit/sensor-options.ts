import { parseOptions } from '../../config/convict.ts';
import { loadConfig } from '../../config/load.ts';
import { GatewayError } from '../../errors.ts';
import { type SensorOptions, sensorSchema } from '../../pipelines/sensor/options.ts';
import type { Recording } from './readings-file.ts';

export interface Selection {
  readonly config?: string;
  readonly pipeline?: string;
  /** Channels to learn. */
  readonly channels?: readonly string[];
}

/**
 * How the recording is read: by the channels of a pipeline of a configuration, else every column as a channel
 * that takes any number.
 * @throws CONFIG_INVALID, REQUEST_INVALID
 */
export async function sensorOptionsOf(recording: Recording, selection: Selection): Promise<SensorOptions> {
  const options = selection.config === undefined ? plain(recording) : configured(recording, selection);
  const wanted = selection.channels ?? Object.keys(options.channels);
  const unknown = wanted.filter((name) => !Object.hasOwn(options.channels, name));
  if (unknown.length > 0) {
    throw refused(`channels of ${Object.keys(options.channels).join(', ')}`, unknown.join(', '));
  }
  const channels = wanted.flatMap((name) => {
    const channel = options.channels[name];
    return channel ? [[name, channel] as const] : [];
  });
  return { ...options, channels: Object.fromEntries(channels) };
}

function plain({ channels, time }: Recording): SensorOptions {
  const paths = Object.entries(channels).map(([name, key]) => [name, { path: `["${key}"]` }]);
  const raw = { channels: Object.fromEntries(paths), format: 'json', time: time ? `["${time}"]` : null };
  return parseOptions(sensorSchema, raw, 'options');
}

/** Of a table only ranges, scales and the like count; where values stand, its header says. */
function configured(recording: Recording, { config: file, pipeline: wanted }: Selection): SensorOptions {
  const { pipelines } = loadConfig({ ...(file === undefined ? {} : { file }), env: process.env });
  const known = Object.entries(pipelines).filter(([, { use }]) => use === 'sensor');
  const found = known.find(([name]) => name === wanted) ?? (wanted === undefined ? known[0] : undefined);
  if (!found || (wanted === undefined && known.length > 1)) {
    throw refused(
      `--pipeline, one of ${known.map(([name]) => name).join(', ') || 'none that use sensor'}`,
      wanted ?? 'none',
    );
  }
  const [name, { options: raw }] = found;
  const options = parseOptions(sensorSchema, raw, `pipelines.${name}.options`);
  if (recording.isTable !== true) return withoutTopics(options);
  const channels = Object.entries(options.channels).filter(([each]) =>
    Object.hasOwn(recording.channels, each),
  );
  const table = channels.map(([each, channel]) => [
    each,
    { ...channel, topic: null, path: `["${recording.channels[each]}"]` },
  ]);
  const { format, time, timeUnit } = plain(recording);
  return { ...options, format, time, timeUnit, channels: Object.fromEntries(table) };
}

/** A recording has none. */
function withoutTopics(options: SensorOptions): SensorOptions {
  const channels = Object.entries(options.channels).map(([name, channel]) => [
    name,
    { ...channel, topic: null },
  ]);
  return { ...options, channels: Object.fromEntries(channels) };
}

function refused(expected: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} but received ${received}`);
}
