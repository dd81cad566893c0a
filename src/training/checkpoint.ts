import { readFile } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';
import { writeWhole } from '../write-whole.ts';
import type { Checkpoint } from './train-model.ts';

/** What is beside the numbers in a checkpoint. */
interface Header {
  readonly format: 1;
  /** What the run was told: another run must not go on from here. */
  readonly settings: string;
  readonly step: number;
  readonly history: Checkpoint['history'];
  /** Of each weight and of each variable that is trained, in order. */
  readonly weights: readonly number[];
  readonly variables: readonly number[];
}

const magic = Buffer.from('edgeward checkpoint\n');

/**
 * Write all that `trainModel` needs to go on: a line that says what it is, the length of a JSON (4 bytes, little-endian),
 * the JSON, then little-endian floats: weights, and of each variable both of Adam's moments. The file is whole
 * under its name, or the one of the epoch before is.
 */
export async function writeCheckpoint(
  path: string,
  settings: string,
  { weights, optimizer, history }: Checkpoint,
): Promise<void> {
  const header: Header = {
    format: 1,
    settings,
    step: optimizer.step,
    history,
    weights: weights.map(({ length }) => length),
    variables: optimizer.moments.map(({ mean }) => mean.length),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const arrays = [...weights, ...optimizer.moments.flatMap(({ mean, square }) => [mean, square])];
  const data = arrays.map((each) => Buffer.from(each.buffer, each.byteOffset, each.byteLength));
  await writeWhole(path, Buffer.concat([magic, length, json, ...data]));
}

/**
 * `undefined` where there is no checkpoint yet.
 * @throws REQUEST_INVALID if it is of a run with other settings, DATASET_INVALID if it is damaged.
 */
export async function readCheckpoint(path: string, settings: string): Promise<Checkpoint | undefined> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  const start = magic.length + 4;
  if (file.length < start || !file.subarray(0, magic.length).equals(magic)) throw damaged(path);
  const end = start + file.readUInt32LE(magic.length);
  const header = parsed(file.subarray(start, end), path);
  if (header.settings !== settings) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected the options of the run for --resume but received others: it has ${header.settings}, not ${settings}`,
    );
  }
  const sizes = [...header.weights, ...header.variables.flatMap((size) => [size, size])];
  if (file.length !== sizes.reduce((sum, size) => sum + 4 * size, end)) throw damaged(path);
  let at = end;
  const next = (size: number) => {
    const bytes = new Uint8Array(file.subarray(at, at + 4 * size));
    at += 4 * size;
    return new Float32Array(bytes.buffer);
  };
  return {
    weights: header.weights.map(next),
    optimizer: {
      step: header.step,
      moments: header.variables.map((size) => ({ mean: next(size), square: next(size) })),
    },
    history: header.history,
  };
}

function parsed(json: Uint8Array, path: string): Header {
  try {
    const header: Header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    if (header.format === 1 && Array.isArray(header.weights) && Array.isArray(header.variables))
      return header;
  } catch {
    // As below.
  }
  throw damaged(path);
}

function damaged(path: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected a checkpoint for ${path} but received other bytes`);
}
