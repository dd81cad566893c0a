import type { Schema } from '../../config/convict-schema.ts';
import { flag, listOf, mapOf, nullable, number, oneOf, text, textLike } from '../../config/format.ts';

/** When a value of a channel is worth an alarm by itself, whatever a net says. */
export interface Limits {
  readonly low: number | null;
  readonly high: number | null;
  readonly criticalLow: number | null;
  readonly criticalHigh: number | null;
  readonly delayS: number;
  readonly criticalDelayS: number;
  readonly hysteresis: number;
}

export interface ChannelOptions {
  readonly topic: string | null;
  readonly path: string | null;
  readonly unit: string | null;
  readonly scale: number;
  readonly offset: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly invalid: readonly number[];
  readonly rateHz: number | null;
  readonly holdS: number | null;
  readonly silentS: number;
  readonly flatS: number | null;
  readonly settleS: number;
  readonly limits: Limits;
}

export interface SensorOptions {
  readonly channels: Readonly<Record<string, ChannelOptions>>;
  readonly format: 'auto' | 'json' | 'number' | 'sparkplug';
  readonly time: string | null;
  readonly timeUnit: 's' | 'ms' | 'us';
  readonly latenessS: number;
  readonly minQuality: number;
  readonly threshold: number | null;
  readonly clearScore: number;
  readonly sampleNearThreshold: number;
  readonly alarmAfter: number;
  readonly clearAfter: number;
  readonly adaptS: number | null;
  readonly maxDrift: number;
  readonly normalLabels: readonly string[];
  readonly demonstration: boolean;
}

const anyNumber = number({ min: -1e30, max: 1e30 });
const seconds = number({ min: 0, max: 31_536_000, unit: 'seconds' });
const limit = nullable(anyNumber);
const windows = number({ min: 1, max: 10_000 });

const channelName = textLike('1 to 32 of a-z, 0-9 and _, beginning with a letter', (name) =>
  /^[a-z][a-z0-9_]{0,31}$/.test(name),
);

const limitsSchema = {
  low: { doc: 'Warning below it.', format: limit, default: null },
  high: { doc: 'Warning above it.', format: limit, default: null },
  criticalLow: { doc: 'Critical below it.', format: limit, default: null },
  criticalHigh: { doc: 'Critical above it.', format: limit, default: null },
  delayS: { doc: 'How long a value must stay beyond a limit for a warning.', format: seconds, default: 0 },
  criticalDelayS: { doc: 'The same for a critical alarm.', format: seconds, default: 0 },
  hysteresis: {
    doc: 'How far a value must come back within its limit to end the alarm, in the unit of the channel.',
    format: number({ min: 0, max: 1e30 }),
    default: 0,
  },
} satisfies Schema;

const channelSchema = {
  topic: { doc: 'Topic of the source that carries it; null: any.', format: nullable(text), default: null },
  path: {
    doc: 'Where the value stands: a.b[0] in JSON, the name of a metric in Sparkplug; null in JSON: all of it.',
    format: nullable(text),
    default: null,
  },
  unit: { doc: 'For people and Home Assistant.', format: nullable(text), default: null },
  scale: { doc: 'value = number * scale + offset.', format: anyNumber, default: 1 },
  offset: { doc: 'See scale.', format: anyNumber, default: 0 },
  min: { doc: 'A value below it is none: the sensor is at fault.', format: limit, default: null },
  max: { doc: 'A value above it is none.', format: limit, default: null },
  invalid: { doc: 'Numbers with which the device says "no value".', format: listOf(anyNumber), default: [] },
  rateHz: {
    doc: 'Samples a second in messages that carry a list of them; null: as the net takes them.',
    format: nullable(number({ min: 1e-6, max: 1e7 })),
    default: null,
  },
  holdS: {
    doc: 'How long a value stands for those that follow; null: one and a half steps of the net.',
    format: nullable(seconds),
    default: null,
  },
  silentS: { doc: 'Without a valid value for so long the sensor is off.', format: seconds, default: 60 },
  flatS: {
    doc: 'A value that stays exactly the same for so long is a sensor that is off; null: it may.',
    format: nullable(seconds),
    default: null,
  },
  settleS: {
    doc: 'After a dropout values count neither for limits nor for the net for so long.',
    format: seconds,
    default: 0,
  },
  limits: limitsSchema,
} satisfies Schema;

export const sensorSchema = {
  channels: {
    doc: 'What is read, by names of your choice; a net gets the channels that its bundle names.',
    format: mapOf(channelSchema, channelName),
    default: {},
  },
  format: {
    doc: 'What payloads are. auto: Sparkplug B on topics of spBv1.0, else JSON or numbers as they look.',
    format: oneOf('auto', 'json', 'number', 'sparkplug'),
    default: 'auto',
  },
  time: {
    doc: 'Path of the time in JSON, of the first sample in a list; null: that of the message.',
    format: nullable(text),
    default: null,
  },
  timeUnit: { doc: 'Of a time that is a number.', format: oneOf('s', 'ms', 'us'), default: 'ms' },
  latenessS: {
    doc: 'How long a window waits for channels that come later than others.',
    format: seconds,
    default: 5,
  },
  minQuality: {
    doc: 'Least share of a window that was measured, of each channel; below it the net is not asked.',
    format: number({ min: 0, max: 1 }),
    default: 0.9,
  },
  threshold: {
    doc: 'Error of the net at which the score is 0.5; null: as the bundle says.',
    format: nullable(number({ min: 1e-12, max: 1e12 })),
    default: null,
  },
  clearScore: {
    doc: 'The alarm ends below this score; it begins at 0.5.',
    format: number({ min: 0, max: 0.5 }),
    default: 0.45,
  },
  sampleNearThreshold: {
    doc: 'A message is a sample where a window that ends with it has a score within this of 0.5. 0: none is.',
    format: number({ min: 0, max: 0.5 }),
    default: 0.05,
  },
  alarmAfter: { doc: 'Windows in a row that begin the alarm.', format: windows, default: 1 },
  clearAfter: { doc: 'Windows in a row that end it.', format: windows, default: 1 },
  adaptS: {
    doc: 'Time constant with which what is normal follows a slow drift; null: it stays as it was learned.',
    format: nullable(number({ min: 1, max: 31_536_000, unit: 'seconds' })),
    default: null,
  },
  maxDrift: {
    doc: 'How far it follows at most, in standard deviations of the normal.',
    format: number({ min: 0, max: 1000 }),
    default: 3,
  },
  normalLabels: {
    doc: 'Classes of a classifier that are no alarm.',
    format: listOf(text),
    default: ['normal'],
  },
  demonstration: {
    doc: 'Marks every result as one of a demonstration, not to be relied upon.',
    format: flag,
    default: false,
  },
} satisfies Schema;
