import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, many, one, type Schema } from '../../src/compiler/onnx/codec.ts';

/** A message of every kind of field, also itself. */
interface Everything {
  text?: string;
  bytes?: Uint8Array;
  small?: number;
  large?: bigint;
  natural?: bigint;
  single?: number;
  double?: number;
  texts?: readonly string[];
  smalls?: readonly number[];
  larges?: readonly bigint[];
  singles?: readonly number[];
  inner?: Everything;
  inners?: readonly Everything[];
}

const everything: Schema<Everything> = {
  text: one(1, 'string'),
  bytes: one(2, 'bytes'),
  small: one(3, 'int32'),
  large: one(4, 'int64'),
  natural: one(5, 'uint64'),
  single: one(6, 'float'),
  double: one(7, 'double'),
  texts: many(8, 'string'),
  smalls: many(9, 'int32'),
  larges: many(10, 'int64'),
  singles: many(16, 'float'),
  inner: one(100, () => everything),
  inners: many(2000, () => everything),
};

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const filled = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 5 });

/** Ends the nesting sooner than chance alone would. */
const maybe = (inner: fc.Arbitrary<Everything>) => fc.option(inner, { nil: {} as Everything, maxDepth: 2 });

const { message } = fc.letrec<{ message: Everything }>((tie) => ({
  message: fc.record(
    {
      text: fc.string({ unit: 'grapheme' }),
      bytes: fc.uint8Array(),
      small: int32,
      large: int64,
      natural: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      single: fc.float(),
      double: fc.double(),
      texts: filled(fc.string()),
      smalls: filled(int32),
      larges: filled(int64),
      singles: filled(fc.float()),
      inner: maybe(tie('message')),
      inners: filled(maybe(tie('message'))),
    },
    { requiredKeys: [] },
  ),
}));

describe('the codec', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decode(everything, encode(everything, value))).toEqual(value);
      }),
    );
  });

  it('writes the examples of the encoding guide', () => {
    // https://protobuf.dev/programming-guides/encoding/
    const hex = (value: Everything) => Buffer.from(encode(everything, value)).toString('hex');
    expect(hex({ small: 150 })).toBe('189601');
    expect(hex({ text: 'testing' })).toBe('0a0774657374696e67');
    expect(hex({ small: -2 })).toBe('18feffffffffffffffff01');
    expect(hex({ smalls: [3, 270, 86942] })).toBe('4a06038e029ea705');
    expect(hex({ inner: { small: 150 } })).toBe('a20603189601');
  });

  it('reads numbers that come one by one, packed, or both', () => {
    const data = new BinaryWriter()
      .tag(9, WireType.Varint)
      .int32(1)
      .tag(9, WireType.LengthDelimited)
      .fork()
      .int32(2)
      .int32(3)
      .join()
      .tag(9, WireType.Varint)
      .int32(4)
      .finish();
    expect(decode(everything, data)).toEqual({ smalls: [1, 2, 3, 4] });
  });

  it('skips fields that it does not know', () => {
    const data = new BinaryWriter()
      .tag(77, WireType.LengthDelimited)
      .string('unknown')
      .tag(3, WireType.Varint)
      .int32(5)
      .tag(78, WireType.Bit64)
      .double(1)
      .finish();
    expect(decode(everything, data)).toEqual({ small: 5 });
  });

  it('refuses a field of another wire type', () => {
    const data = new BinaryWriter().tag(1, WireType.Varint).int32(5).finish();
    expect(() => decode(everything, data)).toThrow('field 1 of wire type 0, not 2');
  });

  it('refuses messages that nest without end before the stack overflows', () => {
    let nested: Everything = {};
    for (let i = 0; i < 100; i++) nested = { inner: nested };
    const data = encode(everything, nested);
    expect(() => decode(everything, data)).toThrow('nested more than 64 deep');
  });

  it('ends with an error or a message on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          expect(decode(everything, noise)).toBeTypeOf('object');
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
