import { get } from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/pipelines/frame.ts';
import { compilePath } from '../../../src/pipelines/sensor/json-path.ts';
import { createReader } from '../../../src/pipelines/sensor/reader.ts';
import { optionsOf } from './support.ts';

const frame = (payload: string | Uint8Array, more: Partial<Frame> = {}): Frame => ({
  id: 'x',
  source: 'pump',
  receivedAt: 5_000,
  payload: Buffer.from(payload),
  contentType: 'application/json',
  ...more,
});
const read = async (options: object, payload: string | Uint8Array, more: Partial<Frame> = {}) =>
  (await createReader(optionsOf(options)).read(frame(payload, more))).readings;
const refusal = expect.objectContaining({ code: 'FRAME_INVALID' });

describe('a path', () => {
  it.each([
    ['a', { a: 1 }, 1],
    ['a.b[1].c', { a: { b: [0, { c: 2 }] } }, 2],
    ['[0]', [3], 3],
    ['a["b.c"]', { a: { 'b.c': 4 } }, 4],
    ['a.b', { a: null }, undefined],
    ['a.length', { a: 'text' }, undefined],
    ['constructor', {}, undefined],
    ['__proto__', {}, undefined],
    [null, 7, 7],
  ])('%s reads its place and nothing inherited', (path, body, expected) => {
    expect(compilePath(path)(body)).toBe(expected);
  });

  it.each(['a..b', 'a[x]', 'a[', '"a"', 'a]'])('is refused as %s', (path) => {
    expect(() => compilePath(path)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('readings', () => {
  const two = { channels: { temp: { path: 'env.temp' }, load: { path: 'load' } } };

  it('are the channels that the JSON has, with the time of the message', async () => {
    const payload = '{"env":{"temp":21.5},"load":"7"}';
    expect(await read(two, payload)).toEqual([
      { channel: 0, values: [21.5], at: undefined },
      { channel: 1, values: [7], at: undefined },
    ]);
    expect(await read(two, '{"load":true}', { capturedAt: 9 })).toEqual([{ channel: 1, values: [1], at: 9 }]);
  });

  it('are no numbers where the device says that it has none', async () => {
    const payload = '{"env":{"temp":null},"load":"unavailable"}';
    expect((await read(two, payload)).map(({ values }) => values)).toEqual([[Number.NaN], [Number.NaN]]);
  });

  it.each([
    ['ms', 1_700_000_000_000, 1_700_000_000_000],
    ['s', 1_700_000_000, 1_700_000_000_000],
    ['us', 1_700_000_000_000_000, 1_700_000_000_000],
    ['s', '2023-11-14T22:13:20Z', 1_700_000_000_000],
  ])('have the time that the payload states in %s', async (timeUnit, ts, at) => {
    const options = { channels: { a: { path: 'a' } }, time: 'ts', timeUnit };
    expect(await read(options, JSON.stringify({ a: [1, 2], ts }))).toEqual([
      { channel: 0, values: [1, 2], at },
    ]);
  });

  it.each([
    ['21.5', [21.5]],
    [' -1e3\n', [-1000]],
    ['1,2;3 4', [1, 2, 3, 4]],
    ['[1,null,3]', [1, Number.NaN, 3]],
    ['offline', [Number.NaN]],
  ])('of plain text %s are its numbers', async (text, values) => {
    expect((await read({ channels: { a: {} } }, text))[0]?.values).toEqual(values);
  });

  it('of several topics are those of the channel that names it', async () => {
    const options = {
      channels: { temp: { topic: 'plant/{source}/temp' }, load: { topic: 'plant/+/load' } },
    };
    const channelsOf = async (topic: string) =>
      (await read(options, '5', { topic })).map(({ channel }) => channel);
    expect(await channelsOf('plant/pump/temp')).toEqual([0]);
    expect(await channelsOf('plant/pump/load')).toEqual([1]);
    await expect(read(options, '5', { topic: 'plant/other/temp' })).rejects.toEqual(refusal);
  });

  it.each([
    ['text that begins like JSON', two, '{"load":'],
    ['none of the channels', two, '{"loud":1}'],
    ['a list without end', { channels: { a: {} } }, `[${'1,'.repeat(65_536)}1]`],
    ['a time that is none', { channels: { a: { path: 'a' } }, time: 'ts' }, '{"a":1,"ts":"noon"}'],
    ['a missing time', { channels: { a: { path: 'a' } }, time: 'ts' }, '{"a":1}'],
    ['words', { channels: { a: {} } }, 'not a number at all'],
  ])('are refused with FRAME_INVALID: %s', async (_, options, payload) => {
    await expect(read(options, payload)).rejects.toEqual(refusal);
  });
});

describe('Sparkplug B', () => {
  const library = get('spBv1.0');
  const encode = (metrics: object[], timestamp = 1_000) =>
    library?.encodePayload({ timestamp, metrics: metrics as never }) ?? new Uint8Array();
  const options = { channels: { speed: { path: 'Motor/Speed' }, on: { path: 'Motor/On' } } };
  const topic = (type: string) => `spBv1.0/plant/${type}/edge/pump`;

  it('is read by names and by the aliases of the last birth', async () => {
    const reader = createReader(optionsOf(options));
    const birth = encode([
      { name: 'Motor/Speed', alias: 7, type: 'Double', value: 1.5, timestamp: 900 },
      { name: 'Motor/On', alias: 8, type: 'Boolean', value: true },
      { name: 'Other', alias: 9, type: 'Int64', value: 3 },
    ]);
    expect(await reader.read(frame(birth, { topic: topic('DBIRTH') }))).toEqual({
      death: false,
      readings: [
        { channel: 0, values: [1.5], at: 900 },
        { channel: 1, values: [1], at: 1_000 },
      ],
    });
    const data = encode([
      { alias: 7, type: 'Double', value: 2.5 },
      { alias: 8, type: 'Boolean', isNull: true },
      { alias: 9, type: 'Int64', value: 4 },
    ]);
    expect((await reader.read(frame(data, { topic: topic('DDATA') }))).readings).toEqual([
      { channel: 0, values: [2.5], at: 1_000 },
      { channel: 1, values: [Number.NaN], at: 1_000 },
    ]);
    expect(await reader.read(frame('', { topic: topic('DDEATH') }))).toEqual({ readings: [], death: true });
  });

  it('is nothing wrong without any channel of ours', async () => {
    const data = encode([{ name: 'Other', type: 'Int32', value: 4 }]);
    expect(await read(options, data, { topic: topic('DDATA') })).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ['bytes that are none', Buffer.from('not protobuf at all')],
    ['a cut payload', encode([{ name: 'Motor/Speed', type: 'Double', value: 1 }]).subarray(0, 12)],
    ['more than a mebibyte', new Uint8Array(2 ** 20 + 1)],
    ['templates nested without end', nestedTemplates(20_000)],
  ])('is refused with FRAME_INVALID: %s', async (_, payload) => {
    await expect(read(options, payload, { topic: topic('DDATA') })).rejects.toEqual(refusal);
  });
});

/** Payload.metrics (2) of Metric.template_value (18) of Template.metrics (2) of … */
function nestedTemplates(depth: number): Buffer {
  const varint = (value: number): number[] => {
    const bytes: number[] = [];
    for (let rest = value; ; rest = rest >>> 7) {
      if (rest < 128) return [...bytes, rest];
      bytes.push((rest & 127) | 128);
    }
  };
  const heads: number[][] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    const template = [0x92, 0x01, ...varint(length)];
    const metric = [0x12, ...varint(length + template.length)];
    heads.push([...metric, ...template]);
    length += metric.length + template.length;
  }
  return Buffer.from(heads.reverse().flat());
}
