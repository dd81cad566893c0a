import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../src/pipelines/parse-frame.ts';

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9]);
const parse = (payload: Buffer | string, more: object = {}, declared: string | null = null) =>
  parseFrame('cam', { payload: Buffer.from(payload), receivedAt: 1_000, ...more }, declared);

describe('a frame', () => {
  it('has the format that its bytes show when nobody says', () => {
    expect(parse(jpeg)).toMatchObject({
      contentType: 'image/jpeg',
      image: { format: 'jpeg' },
      source: 'cam',
    });
    expect(parse(png).contentType).toBe('image/png');
    expect(parse('RIFF....WEBPVP8 ').contentType).toBe('image/webp');
    expect(parse('21.5')).not.toHaveProperty('image');
  });

  it('has the size that its content type declares for raw pixels', () => {
    const frame = parse(Buffer.alloc(24), {}, 'image/x-rgb; width=4; height=2');
    expect(frame.image?.raw).toEqual({ width: 4, height: 2, channels: 3 });
    expect(
      parse(Buffer.alloc(8), { contentType: 'image/x-grey;width=4;height=2' }).image?.raw?.channels,
    ).toBe(1);
  });

  it('believes the sender before the configuration', () => {
    expect(parse(png, { contentType: 'image/png' }, 'image/jpeg').contentType).toBe('image/png');
    expect(parse(png, { contentType: 'application/octet-stream' }).contentType).toBe('image/png');
  });

  it('takes id and time from the user properties', () => {
    const userProperties = { 'frame-id': 'part-7', 'captured-at': '2026-01-02T03:04:05.678Z' };
    expect(parse(jpeg, { userProperties })).toMatchObject({ id: 'part-7', capturedAt: 1767323045678 });
    expect(parse(jpeg, { userProperties: { 'captured-at': '1767323045678' } }).capturedAt).toBe(
      1767323045678,
    );
  });

  it('opens an envelope, by its type or by its first byte', () => {
    const envelope = JSON.stringify({ id: 'x1', capturedAt: 12, data: jpeg.toString('base64') });
    const expected = { id: 'x1', capturedAt: 12, contentType: 'image/jpeg', payload: jpeg };
    expect(parse(envelope)).toMatchObject(expected);
    expect(parse(envelope, { contentType: 'application/json' })).toMatchObject(expected);
  });

  it('leaves JSON that is no envelope as it is', () => {
    const frame = parse('{"temperature": 21.5}');
    expect(frame.contentType).toBe('application/json');
    expect(frame.payload.toString()).toBe('{"temperature": 21.5}');
  });

  it('has the same made id for the same content, and another for another', () => {
    expect(parse(jpeg).id).toBe(parse(jpeg).id);
    expect(parse(jpeg).id).not.toBe(parse(png).id);
  });

  it.each([
    ['an empty message', '', {}, null],
    ['a picture that is not what it is called', png, { contentType: 'image/jpeg' }, null],
    ['a format that nobody reads', jpeg, { contentType: 'image/tiff' }, null],
    ['raw pixels without a size', jpeg, { contentType: 'image/x-rgb' }, null],
    ['raw pixels of another size', jpeg, {}, 'image/x-rgb; width=9; height=9'],
    ['an envelope with broken base64', '{"data":"%%%%%%%%"}', {}, null],
    ['an envelope that says it is JSON and is not', '{"data":', {}, null],
    ['an envelope with a number for an id', '{"id":7,"data":"/9j/4A=="}', {}, null],
    ['a capture time that is none', jpeg, { userProperties: { 'captured-at': 'noon' } }, null],
    ['an endless id', jpeg, { userProperties: { 'frame-id': 'x'.repeat(129) } }, null],
  ])('is refused with FRAME_INVALID: %s', (_name, payload, more, declared) => {
    expect(() => parse(payload, more, declared)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
  });
});
