import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { GatewayError } from '../errors.ts';
import { splitJpegs } from './jpeg-stream.ts';

/** A frame as it is to be sent. */
export interface ReplayFrame {
  /** Undefined for an envelope that brings its own. */
  readonly id?: string;
  /** `[A-Za-z0-9_-]{1,64}`: the folder that the file lies in, or `stdin`. */
  readonly source: string;
  readonly data: Buffer;
  readonly contentType: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.json': 'application/json',
};
const natural = new Intl.Collator('en', { numeric: true });
/** Pictures that go round again are read once, as far as they fit. */
const maxKeptBytes = 64 * 1024 * 1024;

/**
 * The files that `paths` name: of a folder, the pictures in it and its folders, in natural order (2 before 10).
 * @throws REQUEST_INVALID if a path is not there or has no picture.
 */
export async function listFrames(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(paths.map(filesOf));
  return lists.flat();
}

async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause) => {
    throw new GatewayError('REQUEST_INVALID', `Expected a file or folder but received ${path}`, { cause });
  });
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const pictures = entries
    .filter(
      (entry) => entry.isFile() && contentTypes[extname(entry.name).toLowerCase()]?.startsWith('image/'),
    )
    .map((entry) => join(entry.parentPath, entry.name));
  if (pictures.length === 0) {
    throw new GatewayError('REQUEST_INVALID', `Expected JPEG, PNG or WebP in ${path} but received none`);
  }
  return pictures.sort(natural.compare);
}

/** The frames of the files, `rounds` times over; from the second round on, ids end in `#2`, `#3`, … */
export async function* fileFrames(files: readonly string[], rounds: number): AsyncGenerator<ReplayFrame> {
  const kept = new Map<string, Buffer>();
  let room = rounds > 1 ? maxKeptBytes : 0;
  for (let round = 1; round <= rounds; round++) {
    for (const file of files) {
      const data = kept.get(file) ?? (await readFile(file));
      if (!kept.has(file) && data.length <= room) {
        kept.set(file, data);
        room -= data.length;
      }
      yield {
        id: round === 1 ? basename(file) : `${basename(file)}#${round}`,
        source: sourceName(basename(dirname(resolve(file)))),
        data,
        contentType: contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream',
      };
    }
  }
}

/**
 * The frames of a stream: JPEGs one after the other, or, where it begins with `{`, an envelope a line.
 * @throws REQUEST_INVALID if it is neither.
 */
export async function* streamFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<ReplayFrame> {
  const chunks = stream[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const whole = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  })();
  const source = 'stdin';
  if (first.value.toString('latin1').trimStart().startsWith('{')) {
    for await (const line of lines(whole)) {
      yield { source, data: Buffer.from(line), contentType: 'application/json' };
    }
    return;
  }
  let count = 0;
  for await (const data of splitJpegs(whole)) {
    yield { id: `stdin-${++count}`, source, data, contentType: 'image/jpeg' };
  }
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const { createInterface } = await import('node:readline');
  const { Readable } = await import('node:stream');
  for await (const line of createInterface({
    input: Readable.from(stream),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line.trim() !== '') yield line;
  }
}

/** The name as a topic may hold it. */
function sourceName(folder: string): string {
  return folder.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 64) || 'files';
}
