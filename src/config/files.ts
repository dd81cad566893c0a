import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The whole of a small file, which may also be a pipe.
 * @throws what the file system says, and a RangeError beyond `maxBytes`.
 */
export function readSmallFile(file: string, maxBytes: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.alloc(64 * 1024);
      const length = readSync(descriptor, chunk);
      if (length === 0) return Buffer.concat(chunks);
      total += length;
      if (total > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** As it reads after "but received": the file system's code says more than its sentence. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'a file that this user may not read';
  if (code === 'EISDIR') return 'a folder';
  return error instanceof Error ? error.message : String(error);
}
