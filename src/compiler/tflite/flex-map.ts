/** Types of FlexBuffers, https://flatbuffers.dev/internals/#flexbuffers: those that are numbers, and maps. */
const types = {
  int: 1,
  uint: 2,
  float: 3,
  indirectInt: 6,
  indirectUint: 7,
  indirectFloat: 8,
  map: 9,
  bool: 26,
};

/**
 * The numbers and booleans (0 or 1) of a map in FlexBuffers; what else is in it is left out.
 * @throws RangeError if the bytes are none.
 */
export function readFlexMap(bytes: Uint8Array): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The end says how wide the root is and what, right before that.
  const rootWidth = view.getUint8(bytes.length - 1);
  const rootType = view.getUint8(bytes.length - 2);
  if (rootType >> 2 !== types.map) throw new RangeError(`Expected a map but received type ${rootType >> 2}`);
  const width = 1 << (rootType & 3);
  const start = target(view, bytes.length - 2 - rootWidth, rootWidth);
  const length = uint(view, start - width, width);
  const keysWidth = uint(view, start - 2 * width, width);
  const keys = target(view, start - 3 * width, width);
  const numbers = new Map<string, number>();
  for (let i = 0; i < length; i++) {
    const type = view.getUint8(start + length * width + i);
    const value = number(view, start + i * width, width, type);
    if (value !== undefined) numbers.set(key(view, target(view, keys + i * keysWidth, keysWidth)), value);
  }
  return numbers;
}

/** Offsets count backwards from where they stand. */
function target(view: DataView, at: number, width: number): number {
  return at - uint(view, at, width);
}

function number(view: DataView, at: number, width: number, packed: number): number | undefined {
  const inner = 1 << (packed & 3);
  switch (packed >> 2) {
    case types.int:
      return int(view, at, width);
    case types.uint:
    case types.bool:
      return uint(view, at, width);
    case types.float:
      return float(view, at, width);
    case types.indirectInt:
      return int(view, target(view, at, width), inner);
    case types.indirectUint:
      return uint(view, target(view, at, width), inner);
    case types.indirectFloat:
      return float(view, target(view, at, width), inner);
    default:
      return undefined;
  }
}

/** Characters up to a zero byte; keys of options are short. */
function key(view: DataView, at: number): string {
  let text = '';
  for (let i = at; text.length < 100; i++) {
    const code = view.getUint8(i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

function uint(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true);
  if (width === 4) return view.getUint32(at, true);
  if (width === 8) return Number(view.getBigUint64(at, true));
  throw new RangeError(`Expected a width of 1, 2, 4 or 8 bytes but received ${width}`);
}

function int(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getInt8(at);
  if (width === 2) return view.getInt16(at, true);
  if (width === 4) return view.getInt32(at, true);
  return Number(view.getBigInt64(at, true));
}

function float(view: DataView, at: number, width: number): number {
  if (width === 4) return view.getFloat32(at, true);
  if (width === 8) return view.getFloat64(at, true);
  throw new RangeError(`Expected a float of 4 or 8 bytes but received ${width}`);
}
