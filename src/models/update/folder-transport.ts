import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, refusal } from './failure.ts';
import type { Transport } from './transport.ts';

/** A stick is as little trusted as a server: links lead elsewhere, and a pipe or device blocks or does things. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const absent: readonly unknown[] = ['ENOENT', 'ENOTDIR'];

export function folderTransport(folder: string): Transport {
  return {
    async open(path, { offset, signal }) {
      signal.throwIfAborted();
      const file = join(folder, path);
      const handle = await openFile(file);
      if (handle === undefined) return undefined;
      return { offset, chunks: chunksOf(handle, file, offset, signal) };
    },
  };
}

async function openFile(file: string): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, flags);
    if ((await handle.stat()).isFile()) return handle;
    throw new Error('something that is no regular file');
  } catch (cause) {
    await handle?.close();
    if (cause instanceof Error && 'code' in cause && absent.includes(cause.code)) return undefined;
    throw failed(file, cause);
  }
}

async function* chunksOf(
  handle: FileHandle,
  file: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for (let position = offset; ; ) {
      signal.throwIfAborted();
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw failed(file, cause);
  } finally {
    await handle.close();
  }
}

function failed(file: string, cause: unknown): Error {
  return refusal('UPDATE_FETCH_FAILED', {
    expected: 'the file',
    what: file,
    received: reasonOf(cause),
    cause,
  });
}
