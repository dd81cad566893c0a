import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { Image, type ImageFormat, type RawSize, sniffFormat } from '../image.ts';
import type { Frame } from './frame.ts';

/** A message that a source sent, as far as a frame is made of it. */
export interface Arrival {
  readonly payload: Buffer;
  readonly receivedAt: number;
  readonly topic?: string;
  /** The content type property of MQTT 5. */
  readonly contentType?: string;
  /** `frame-id` and `captured-at` are read. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

interface Named {
  readonly payload: Buffer;
  readonly contentType: string | undefined;
  readonly id: string | undefined;
  readonly capturedAt: string | number | undefined;
}

const maxIdLength = 128;
const json = 'application/json';
const imageFormats: Readonly<Record<string, ImageFormat>> = {
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/x-rgb': 'raw',
  'image/x-grey': 'raw',
  'image/x-gray': 'raw',
};
const mimeTypes = { jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' } as const;

/**
 * The frame in a message. What the sender says of the payload counts most, then what the configuration
 * declares, then what the bytes show. A JSON object with a string `data` is an envelope:
 * `{ id?, capturedAt?, contentType?, data: base64 }`. A picture is not decoded here.
 * @throws FRAME_INVALID
 */
export function parseFrame(source: string, arrival: Arrival, declaredType: string | null): Frame {
  const named = openEnvelope(nameOf(arrival, declaredType));
  const { payload } = named;
  if (payload.length === 0) throw invalid('a payload', 'an empty message');
  const contentType = named.contentType ?? typeOfBytes(payload);
  const image = imageOf(payload, contentType);
  const capturedAt = timeOf(named.capturedAt);
  return {
    id: named.id === undefined ? contentId(payload) : checkedId(named.id),
    source,
    ...(arrival.topic === undefined ? {} : { topic: arrival.topic }),
    receivedAt: arrival.receivedAt,
    ...(capturedAt === undefined ? {} : { capturedAt }),
    payload,
    contentType,
    ...(image ? { image } : {}),
  };
}

/** What stands for a message that is no frame, so that its refusal can be told by id. */
export function brokenFrame(source: string, { payload, receivedAt, userProperties }: Arrival): Frame {
  const said = userProperties?.['frame-id']?.slice(0, maxIdLength);
  const id = said ? said : contentId(payload);
  return { id, source, receivedAt, payload, contentType: 'application/octet-stream' };
}

/**
 * Made of the content alone, because a sender that repeats a frame after a crash of ours must arrive at
 * the same id, and nothing else of the message survives that.
 */
function contentId(payload: Buffer): string {
  return hash('sha1', payload, 'hex').slice(0, 20);
}

function nameOf(arrival: Arrival, declaredType: string | null): Named {
  const said = arrival.contentType === 'application/octet-stream' ? undefined : arrival.contentType;
  return {
    payload: arrival.payload,
    contentType: said ?? declaredType ?? undefined,
    id: arrival.userProperties?.['frame-id'],
    capturedAt: arrival.userProperties?.['captured-at'],
  };
}

function openEnvelope(outer: Named): Named {
  const maybe = outer.contentType === json || (outer.contentType === undefined && outer.payload[0] === 0x7b);
  if (!maybe) return outer;
  const body = parseJson(outer.payload);
  if (typeof body !== 'object' || body === null || !('data' in body) || typeof body.data !== 'string') {
    return { ...outer, contentType: json };
  }
  const { id, capturedAt, contentType } = body as Readonly<Record<string, unknown>>;
  if (contentType !== undefined && typeof contentType !== 'string') {
    throw invalid('a text for contentType of the envelope', typeof contentType);
  }
  if (id !== undefined && typeof id !== 'string') throw invalid('a text for id of the envelope', typeof id);
  if (capturedAt !== undefined && typeof capturedAt !== 'string' && typeof capturedAt !== 'number') {
    throw invalid('a time for capturedAt of the envelope', typeof capturedAt);
  }
  return {
    payload: fromBase64(body.data),
    contentType,
    id: id ?? outer.id,
    capturedAt: capturedAt ?? outer.capturedAt,
  };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new GatewayError('FRAME_INVALID', 'Expected JSON for the frame but received text that is none', {
      cause: error,
    });
  }
}

/** Buffer.from skips what is not base64, so a damaged text shows in the length alone. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const significant = text.endsWith('==')
    ? text.length - 2
    : text.endsWith('=')
      ? text.length - 1
      : text.length;
  if (bytes.length !== Math.floor((significant * 3) / 4)) {
    throw invalid('base64 for data of the envelope', 'other characters');
  }
  return bytes;
}

function typeOfBytes(payload: Buffer): string {
  const format = sniffFormat(payload);
  return format ? mimeTypes[format] : 'application/octet-stream';
}

function imageOf(data: Buffer, contentType: string): Image | undefined {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  const format = imageFormats[type];
  if (format === undefined) {
    if (type.startsWith('image/')) throw invalid(Object.keys(imageFormats).join(', '), type);
    return undefined;
  }
  if (format === 'raw') return new Image({ data, format, raw: rawSize(data, type, parameters) });
  const shown = sniffFormat(data);
  if (shown !== format) {
    throw invalid(`bytes of ${mimeTypes[format]}`, shown ? mimeTypes[shown] : 'bytes of no known picture');
  }
  return new Image({ data, format });
}

function rawSize(data: Buffer, type: string, parameters: readonly string[]): RawSize {
  const numbers = new Map(parameters.map((text) => [text.split('=')[0], Number(text.split('=')[1])]));
  const width = numbers.get('width') ?? Number.NaN;
  const height = numbers.get('height') ?? Number.NaN;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw invalid(`'${type}; width=…; height=…' for raw pixels`, [type, ...parameters].join('; '));
  }
  const channels = type === 'image/x-rgb' ? 3 : 1;
  const bytes = width * height * channels;
  if (data.length !== bytes) {
    throw invalid(`${bytes} bytes for ${width} x ${height} x ${channels}`, `${data.length} bytes`);
  }
  return { width, height, channels };
}

function timeOf(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === 'number' || /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value);
  if (!Number.isFinite(time)) throw invalid('ms since 1970 or ISO 8601 for the capture time', String(value));
  return time;
}

function checkedId(id: string): string {
  if (id.length < 1 || id.length > maxIdLength) {
    throw invalid(`1 to ${maxIdLength} characters for the frame id`, `${id.length}`);
  }
  return id;
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError('FRAME_INVALID', `Expected ${expected} but received ${received}`);
}
