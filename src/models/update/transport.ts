import { fileURLToPath } from 'node:url';
import type { GatewayError } from '../../errors.ts';
import { refusal } from './failure.ts';
import { folderTransport } from './folder-transport.ts';
import { httpTransport } from './http-transport.ts';
import { keepPace, type Pace } from './pace.ts';

/** Reads the files of a repository, wherever it is. Nothing that it reads is trusted. */
export interface Transport {
  /**
   * A file from `offset` on, or from its start where that is all the other side can do; undefined if there is
   * none. The caller reads `chunks` or leaves them, and aborts `signal` to close them.
   * @throws UPDATE_FETCH_FAILED
   */
  open(path: string, options: { offset: number; signal: AbortSignal }): Promise<Opened | undefined>;
}

interface Opened {
  readonly offset: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * `http:` and `https:` are fetched; `file:` is a folder of the same layout, on a USB stick for example.
 * @throws UPDATE_FETCH_FAILED for any other URL.
 */
export function transportTo(url: string): Transport {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return httpTransport(parsed);
  if (parsed?.protocol === 'file:') return folderTransport(fileURLToPath(parsed));
  throw refusal('UPDATE_FETCH_FAILED', {
    expected: 'an http:, https: or file: URL',
    what: 'the repository',
    received: parsed?.protocol ?? 'something else',
  });
}

export interface ReadOptions {
  readonly maxBytes: number;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/**
 * The whole of a small file, or undefined if there is none.
 * @throws UPDATE_FETCH_FAILED, UPDATE_TOO_LARGE, UPDATE_TOO_SLOW
 */
export async function readFileOf(
  transport: Transport,
  path: string,
  { maxBytes, pace, signal }: ReadOptions,
): Promise<Buffer | undefined> {
  return keepPace(pace, { what: path, signal }, async (watch) => {
    const opened = await transport.open(path, { offset: 0, signal: watch.signal });
    if (opened === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of opened.chunks) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge(path, maxBytes);
      chunks.push(chunk);
      await watch.received(chunk.length);
    }
    return Buffer.concat(chunks);
  });
}

export function tooLarge(path: string, maxBytes: number): GatewayError {
  return refusal('UPDATE_TOO_LARGE', { expected: `at most ${maxBytes} bytes`, what: path, received: 'more' });
}
