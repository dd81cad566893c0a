import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The scalar types of protocol buffers that ONNX uses, and what stands for them here. */
interface Scalars {
  int32: number;
  int64: bigint;
  uint64: bigint;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}

type Scalar = keyof Scalars;

interface Field<Type, Repeated extends boolean> {
  readonly no: number;
  /** Of a message, how to come to its schema, since messages may hold each other. */
  readonly type: Type;
  readonly repeated: Repeated;
}

/** How a value of type `V` may be declared: `number` is `int32`, `float` or `double`. */
type Declared<V> = V extends Scalars[Scalar]
  ? { [S in Scalar]: V extends Scalars[S] ? S : never }[Scalar]
  : () => Schema<V>;

/** The fields of message `T`. TypeScript refuses a table that misses a field or gives it another type. */
export type Schema<T> = {
  readonly [K in keyof T]-?: NonNullable<T[K]> extends readonly (infer E)[]
    ? Field<Declared<E>, true>
    : Field<Declared<NonNullable<T[K]>>, false>;
};

export function one<const Type>(no: number, type: Type): Field<Type, false> {
  return { no, type, repeated: false };
}

export function many<const Type>(no: number, type: Type): Field<Type, true> {
  return { no, type, repeated: true };
}

/** Subgraphs nest a few levels deep; a file that nests deeper wants to overflow the stack. */
const maxDepth = 64;

interface Wire<V> {
  readonly type: WireType;
  read(reader: BinaryReader): V;
  write(writer: BinaryWriter, value: V): unknown;
}

const wires: { readonly [S in Scalar]: Wire<Scalars[S]> } = {
  int32: { type: WireType.Varint, read: (from) => from.int32(), write: (to, value) => to.int32(value) },
  int64: {
    type: WireType.Varint,
    read: (from) => BigInt(from.int64()),
    write: (to, value) => to.int64(value),
  },
  uint64: {
    type: WireType.Varint,
    read: (from) => BigInt(from.uint64()),
    write: (to, value) => to.uint64(value),
  },
  float: { type: WireType.Bit32, read: (from) => from.float(), write: (to, value) => to.float(value) },
  double: { type: WireType.Bit64, read: (from) => from.double(), write: (to, value) => to.double(value) },
  string: {
    type: WireType.LengthDelimited,
    read: (from) => from.string(),
    write: (to, value) => to.string(value),
  },
  bytes: {
    type: WireType.LengthDelimited,
    read: (from) => from.bytes(),
    write: (to, value) => to.bytes(value),
  },
};

/**
 * Read a message. Bytes are views into `data`; fields that the schema does not name are skipped; a repeated
 * field that is empty is absent.
 * @throws Error if the bytes are no such message.
 */
export function decode<T>(schema: Schema<T>, data: Uint8Array): T {
  return decodeMessage(untyped(schema), data, 0) as T;
}

export function encode<T>(schema: Schema<T>, message: T): Uint8Array {
  const writer = new BinaryWriter();
  encodeMessage(untyped(schema), message as Message, writer);
  return writer.finish();
}

/** Inside the codec a message is what its schema says it is: the public functions carry the types. */
type Message = Record<string, unknown>;
type UntypedField = Field<Scalar | (() => UntypedSchema), boolean>;
type UntypedSchema = Readonly<Record<string, UntypedField>>;

function untyped<T>(schema: Schema<T>): UntypedSchema {
  return schema as unknown as UntypedSchema;
}

const byNumber = new WeakMap<UntypedSchema, Map<number, readonly [string, UntypedField]>>();

function fieldsByNumber(schema: UntypedSchema): Map<number, readonly [string, UntypedField]> {
  let fields = byNumber.get(schema);
  if (fields === undefined) {
    fields = new Map(Object.entries(schema).map(([name, field]) => [field.no, [name, field]]));
    byNumber.set(schema, fields);
  }
  return fields;
}

function decodeMessage(schema: UntypedSchema, data: Uint8Array, depth: number): Message {
  if (depth > maxDepth) throw new Error(`messages nested more than ${maxDepth} deep`);
  const fields = fieldsByNumber(schema);
  const message: Message = {};
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    const [name, field] = fields.get(no) ?? [];
    if (name === undefined || field === undefined) {
      reader.skip(wireType, no);
    } else if (field.repeated) {
      let list = message[name] as unknown[] | undefined;
      if (list === undefined) message[name] = list = [];
      decodeRepeated(field, reader, wireType, depth, list);
    } else {
      message[name] = decodeValue(field, reader, wireType, depth);
    }
  }
  return message;
}

/** Numbers come packed or one by one, whatever the schema says, and a reader takes both. */
function decodeRepeated(
  field: UntypedField,
  reader: BinaryReader,
  wireType: WireType,
  depth: number,
  list: unknown[],
): void {
  const wire = typeof field.type === 'string' ? wires[field.type] : undefined;
  if (wire === undefined || wire.type === wireType || wireType !== WireType.LengthDelimited) {
    list.push(decodeValue(field, reader, wireType, depth));
    return;
  }
  const packed = new BinaryReader(reader.bytes());
  while (packed.pos < packed.len) list.push(wire.read(packed));
}

function decodeValue(field: UntypedField, reader: BinaryReader, wireType: WireType, depth: number): unknown {
  const wire = typeof field.type === 'string' ? wires[field.type] : wires.bytes;
  if (wireType !== wire.type) throw new Error(`field ${field.no} of wire type ${wireType}, not ${wire.type}`);
  if (typeof field.type === 'string') return wire.read(reader);
  return decodeMessage(field.type(), reader.bytes(), depth + 1);
}

function encodeMessage(schema: UntypedSchema, message: Message, writer: BinaryWriter): void {
  for (const [name, field] of Object.entries(schema)) {
    const value = message[name];
    if (value === undefined) continue;
    if (!field.repeated) encodeValue(field, value, writer);
    else encodeRepeated(field, value as readonly unknown[], writer);
  }
}

function encodeRepeated(field: UntypedField, values: readonly unknown[], writer: BinaryWriter): void {
  const wire = typeof field.type === 'string' ? wires[field.type] : wires.bytes;
  if (wire.type === WireType.LengthDelimited) {
    for (const value of values) encodeValue(field, value, writer);
  } else if (values.length > 0) {
    writer.tag(field.no, WireType.LengthDelimited).fork();
    for (const value of values) wire.write(writer, value as never);
    writer.join();
  }
}

function encodeValue(field: UntypedField, value: unknown, writer: BinaryWriter): void {
  if (typeof field.type === 'string') {
    const wire = wires[field.type];
    writer.tag(field.no, wire.type);
    wire.write(writer, value as never);
  } else {
    writer.tag(field.no, WireType.LengthDelimited).fork();
    encodeMessage(field.type(), value as Message, writer);
    writer.join();
  }
}
