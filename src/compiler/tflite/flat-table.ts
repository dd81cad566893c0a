import { ByteBuffer } from 'flatbuffers';
import { GatewayError } from '../../errors.ts';

/** Vectors of a file may share their bytes, so that a small file could ask for any amount of memory. */
const readsPerByte = 64;

/** A FlatBuffers file of a stranger: every offset is checked before it is followed. */
export class FlatFile {
  readonly #buffer: ByteBuffer;
  readonly #size: number;
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#buffer = new ByteBuffer(bytes);
    this.#size = bytes.byteLength;
    this.#budget = bytes.byteLength * readsPerByte;
  }

  /**
   * The table at the root.
   * @throws COMPILE_FAILED unless the file says `identifier` in its fifth to eighth byte.
   */
  root(identifier: string): FlatTable {
    this.check(0, 8);
    if (!this.#buffer.__has_identifier(identifier))
      throw malformed(`no ${identifier} after the first offset`);
    return this.table(0);
  }

  /** The table that the offset at `at` points to. */
  table(at: number): FlatTable {
    return new FlatTable(this, this.follow(at));
  }

  /** Where the offset at `at` points to. */
  follow(at: number): number {
    const target = at + this.uint32(at);
    this.check(target, 4);
    return target;
  }

  int8(at: number): number {
    this.check(at, 1);
    return this.#buffer.readInt8(at);
  }

  uint16(at: number): number {
    this.check(at, 2);
    return this.#buffer.readUint16(at);
  }

  int32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readInt32(at);
  }

  uint32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readUint32(at);
  }

  float32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readFloat32(at);
  }

  /** A 64-bit integer, which has to be one that a number holds exactly. */
  int64(at: number): number {
    this.check(at, 8);
    const value = this.#buffer.readInt64(at);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw malformed(`${value} where a count is expected`);
    return number;
  }

  /** A view of `length` bytes. */
  bytes(at: number, length: number): Uint8Array {
    this.check(at, length);
    return this.#buffer.bytes().subarray(at, at + length);
  }

  /** @throws COMPILE_FAILED unless `length` bytes from `at` are in the file, and not too much was read. */
  check(at: number, length: number): void {
    this.#budget -= 1;
    if (at < 0 || at + length > this.#size) throw malformed(`an offset to byte ${at} of ${this.#size}`);
    if (this.#budget < 0) throw malformed('tables that hold each other over and over');
  }
}

/**
 * A table of a FlatBuffers file, read field by field. Fields have the numbers of the schema, from 0, in which
 * a union counts as two: its type and its table. A field that the file leaves out has its default.
 */
export class FlatTable {
  readonly #file: FlatFile;
  readonly #at: number;
  readonly #fields: number;
  readonly #slots: number;

  constructor(file: FlatFile, at: number) {
    this.#file = file;
    this.#at = at;
    this.#fields = at - file.int32(at);
    this.#slots = (file.uint16(this.#fields) - 4) / 2;
  }

  int8(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === undefined ? fallback : this.#file.int8(at);
  }

  bool(field: number, fallback = false): boolean {
    return this.int8(field, fallback ? 1 : 0) !== 0;
  }

  int32(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === undefined ? fallback : this.#file.int32(at);
  }

  uint32(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === undefined ? fallback : this.#file.uint32(at);
  }

  float32(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === undefined ? fallback : this.#file.float32(at);
  }

  /** A 64-bit integer. */
  int64(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === undefined ? fallback : this.#file.int64(at);
  }

  string(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  /** The bytes of a vector or a string, as a view; none where the field is left out. */
  bytes(field: number): Uint8Array {
    const vector = this.#vector(field, 1);
    return vector ? this.#file.bytes(vector.at, vector.length) : new Uint8Array();
  }

  int32s(field: number): number[] {
    return this.#elements(field, 4, (at) => this.#file.int32(at));
  }

  float32s(field: number): number[] {
    return this.#elements(field, 4, (at) => this.#file.float32(at));
  }

  int64s(field: number): number[] {
    return this.#elements(field, 8, (at) => this.#file.int64(at));
  }

  table(field: number): FlatTable | undefined {
    const at = this.#find(field);
    return at === undefined ? undefined : this.#file.table(at);
  }

  tables(field: number): FlatTable[] {
    return this.#elements(field, 4, (at) => this.#file.table(at));
  }

  #elements<T>(field: number, width: number, read: (at: number) => T): T[] {
    const vector = this.#vector(field, width);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, i) => read(vector.at + i * width));
  }

  #vector(field: number, width: number): { at: number; length: number } | undefined {
    const found = this.#find(field);
    if (found === undefined) return undefined;
    const start = this.#file.follow(found);
    const length = this.#file.uint32(start);
    this.#file.check(start + 4, length * width);
    return { at: start + 4, length };
  }

  #find(field: number): number | undefined {
    if (field >= this.#slots) return undefined;
    const offset = this.#file.uint16(this.#fields + 4 + field * 2);
    return offset === 0 ? undefined : this.#at + offset;
  }
}

export function malformed(what: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected a TFLite model but received a file with ${what}`);
}
