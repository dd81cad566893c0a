import fc from 'fast-check';
import { generate, type IPublishPacket, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { type Oversized, OversizeFilter } from '../../src/bus/oversize-filter.ts';
import { PacketScanner } from '../../src/bus/packet-scanner.ts';

const packet = fc.record({
  topic: fc.stringMatching(/^[a-z]{1,300}$/),
  size: fc.oneof(fc.nat(50), fc.nat(400), fc.nat(20_000)),
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  messageId: fc.integer({ min: 1, max: 65_535 }),
});
const stream = fc.array(packet, { minLength: 1, maxLength: 12 });
const cuts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 20 });
const limit = 350;

type Sketch = { topic: string; size: number; qos: 0 | 1 | 2; messageId: number };

function bytesOf({ topic, size, qos, messageId }: Sketch): Buffer {
  const payload = Buffer.alloc(size, messageId);
  return generate({ cmd: 'publish', topic, payload, qos, messageId, dup: false, retain: false });
}

/** The stream in pieces as a network might cut it. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('the packet scanner', () => {
  it('finds exactly the first packet over the limit, however the stream is cut', () => {
    const law = fc.property(stream, cuts, (sketches, sizes) => {
      const packets = sketches.map(bytesOf);
      const scanner = new PacketScanner({ maxBytes: limit });
      let found: number | undefined;
      for (const piece of pieces(Buffer.concat(packets), sizes)) found ??= scanner.scan(piece);
      expect(found).toBe(packets.find((bytes) => bytes.length > limit)?.length);
    });
    fc.assert(law);
  });

  it('finds it by its header, before the payload has come', () => {
    const scanner = new PacketScanner({ maxBytes: limit });
    const bytes = bytesOf({ topic: 'a', size: 10_000, qos: 1, messageId: 1 });
    expect(scanner.scan(bytes.subarray(0, 2))).toBeUndefined();
    expect(scanner.scan(bytes.subarray(2, 3))).toBe(bytes.length);
  });

  it('has a bound of its own for the first packet', () => {
    const scanner = new PacketScanner({ maxBytes: limit, maxFirstBytes: 100 });
    const sized = (size: number) => bytesOf({ topic: 'a', size, qos: 0, messageId: 1 });
    expect(scanner.scan(sized(50))).toBeUndefined();
    expect(scanner.scan(sized(200))).toBeUndefined();
    expect(new PacketScanner({ maxBytes: limit, maxFirstBytes: 100 }).scan(sized(200))).toBe(
      sized(200).length,
    );
  });
});

describe('the oversize filter', () => {
  it('leaves out what is over the limit, keeps all else, and tells what owes an answer', () => {
    const law = fc.property(stream, cuts, (sketches, sizes) => {
      const told: Oversized[] = [];
      const filter = new OversizeFilter({ maxBytes: limit, onOversized: (one) => told.push(one) });
      const kept: Buffer[] = [];
      for (const piece of pieces(Buffer.concat(sketches.map(bytesOf)), sizes))
        kept.push(filter.filter(piece));
      const small = sketches.filter((one) => bytesOf(one).length <= limit);
      const large = sketches.filter((one) => bytesOf(one).length > limit);
      expect(Buffer.concat(kept).equals(Buffer.concat(small.map(bytesOf)))).toBe(true);
      expect(told).toEqual(
        large.map((one) => {
          const bytes = bytesOf(one).length;
          return one.qos === 0 ? { bytes } : { bytes, qos: one.qos, messageId: one.messageId };
        }),
      );
    });
    fc.assert(law);
  });

  it('hands on what it need not touch without a copy, and packets that a parser reads', () => {
    const filter = new OversizeFilter({ maxBytes: limit, onOversized: () => {} });
    const bytes = Buffer.concat(
      [1, 2].map((messageId) => bytesOf({ topic: 'a', size: 20, qos: 1, messageId })),
    );
    const passed = filter.filter(bytes);
    expect(passed).toBe(bytes);
    const ids: unknown[] = [];
    const parse = parser();
    parse.on('packet', (one) => ids.push((one as IPublishPacket).messageId));
    parse.parse(passed);
    expect(ids).toEqual([1, 2]);
  });
});
