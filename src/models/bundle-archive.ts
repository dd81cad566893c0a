import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import tar from 'tar-stream';
import { whyUnreadable } from '../config/files.ts';
import { GatewayError } from '../errors.ts';

export interface Limits {
  /** Of the whole archive. */
  readonly bytes: number;
  readonly files: number;
  readonly manifestBytes: number;
}

export interface Archive {
  /** In the order of the archive. Views into one buffer: copy what is sent elsewhere. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** `sha256:…` of the whole archive. */
  readonly digest: string;
  readonly bytes: number;
}

/** Small enough that a hash of one step, on a small computer too, delays nobody on the event loop. */
const step = 1 << 20;

/** POSIX.1-2017, pax, "ustar Interchange Format": an archive ends with two blocks of zeros. */
const endOfArchive = Buffer.alloc(1024);

/**
 * Read a tar of regular files into memory, never more than `limits.bytes` of it.
 * @throws BUNDLE_INVALID if it is none, is cut short, or breaks a limit.
 */
export async function readArchive(path: string, limits: Limits): Promise<Archive> {
  const data = await readBounded(path, limits.bytes);
  if (!data.subarray(-endOfArchive.length).equals(endOfArchive)) {
    throw damaged('a whole tar archive', path, 'one that is cut short, or none');
  }
  const entries = new Map<string, Uint8Array>();
  const extract = tar.extract();
  extract.end(data);
  try {
    for await (const entry of extract) {
      const { name, type, size } = entry.header;
      if (type !== 'file')
        throw damaged('only regular files', 'the archive', `${type ?? 'an unknown entry'} ${name}`);
      if (entries.has(name)) throw damaged('every file once', 'the archive', `${name} again`);
      if (entries.size > limits.files) throw damaged(`at most ${limits.files} files`, 'the archive', 'more');
      if (entries.size === 0 && (name !== 'bundle.json' || (size ?? 0) > limits.manifestBytes)) {
        const what = `bundle.json of at most ${limits.manifestBytes} bytes`;
        throw damaged(what, 'the first file', `${name} of ${size} bytes`);
      }
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      entries.set(name, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    }
  } catch (error) {
    throw asDamaged(error, 'a tar archive', path);
  }
  return { entries, digest: await sha256(data), bytes: data.length };
}

/**
 * The first file of an archive, which is `bundle.json`, and no more than that.
 * @throws BUNDLE_INVALID
 */
export async function readFirst(path: string, limits: Pick<Limits, 'manifestBytes'>): Promise<Uint8Array> {
  const extract = tar.extract();
  try {
    extract.end(await readHead(path, limits.manifestBytes + 2 * endOfArchive.length));
    for await (const entry of extract) {
      if (entry.header.name !== 'bundle.json') break;
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    }
  } catch (error) {
    throw asDamaged(error, 'a tar archive', path);
  }
  throw damaged('bundle.json', `the first file of ${path}`, 'another, or none');
}

/** The same files in the same order make the same bytes, whoever packs them and when. */
export async function packArchive(
  files: readonly (readonly [name: string, data: Uint8Array])[],
): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, data] of files) {
    pack.entry({ name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, Buffer.from(data));
  }
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `sha256:` and the digest in hexadecimal, computed in steps between which the event loop goes on. */
export async function sha256(data: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < data.length; at += step) {
    if (at > 0) await setImmediate();
    hash.update(data.subarray(at, at + step));
  }
  return `sha256:${hash.digest('hex')}`;
}

async function readBounded(path: string, limit: number): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const stat = await handle.stat();
    if (!stat.isFile()) throw damaged('a file', path, 'something else');
    if (stat.size > limit) throw damaged(`at most ${limit} bytes`, path, `${stat.size} bytes`);
    const data = Buffer.alloc(stat.size);
    let filled = 0;
    while (filled < data.length) {
      const { bytesRead } = await handle.read(data, filled, data.length - filled);
      if (bytesRead === 0) throw damaged(`${data.length} bytes`, path, `${filled} bytes`);
      filled += bytesRead;
    }
    return data;
  } catch (error) {
    throw asDamaged(error, 'a readable file', path);
  } finally {
    await handle?.close();
  }
}

async function readHead(path: string, bytes: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function damaged(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('BUNDLE_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}

function asDamaged(cause: unknown, expected: string, what: string): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const received = whyUnreadable(cause);
  return new GatewayError('BUNDLE_INVALID', `Expected ${expected} for ${what} but received ${received}`, {
    cause,
  });
}
