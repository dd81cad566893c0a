import { setTimeout as sleep } from 'node:timers/promises';
import { type Code, GatewayError } from '../../errors.ts';
import { Backoff } from '../backoff.ts';
import { refusal } from './failure.ts';
import { keepPace, type Pace } from './pace.ts';
import { PartFile } from './part-file.ts';
import { type Transport, tooLarge } from './transport.ts';

export interface Download {
  readonly transport: Transport;
  /** Of the file in the repository. */
  readonly path: string;
  /** `sha256:…` */
  readonly digest: string;
  readonly bytes: number;
  /** Where it goes. What has arrived so far is beside it, as `<file>.part`. */
  readonly file: string;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly onProgress: (receivedBytes: number) => void;
  /** Looks at the whole, verified file before it gets its name; what it throws keeps that from happening. */
  readonly inspect: (file: string) => Promise<void>;
}

/** Connections that may break off under one download, each having brought something. */
const maxTries = 5;

/** After these what has arrived is of use to the next try. */
const resumable: readonly unknown[] = ['UPDATE_FETCH_FAILED', 'UPDATE_TOO_SLOW'] satisfies Code[];

/**
 * Brings a file of a repository to disk. It goes on where an earlier try ended, of this process or of one that
 * was killed. `file` is there, whole, verified and safe from a loss of power, or it is not there.
 * @throws UPDATE_FETCH_FAILED, UPDATE_TOO_SLOW, UPDATE_TOO_LARGE, UPDATE_DIGEST_MISMATCH, UPDATE_UNWRITABLE,
 *   and what `inspect` throws
 */
export async function download(job: Download): Promise<void> {
  const part = await PartFile.open(job.file, job.bytes);
  try {
    const isResumed = part.bytes > 0;
    await receive(part, job);
    if (part.digest !== job.digest && isResumed) {
      // What was there may be of something else, or damaged.
      await part.restart();
      await receive(part, job);
    }
    if (part.digest !== job.digest) {
      const received = part.digest;
      throw refusal('UPDATE_DIGEST_MISMATCH', { expected: job.digest, what: job.path, received });
    }
    await job.inspect(part.path);
    await part.finish();
  } catch (error) {
    const isOfUse = job.signal.aborted || (error instanceof GatewayError && resumable.includes(error.code));
    await (isOfUse ? part.close() : part.discard());
    throw error;
  }
}

async function receive(part: PartFile, job: Download): Promise<void> {
  const backoff = new Backoff({ minMs: 1000, maxMs: 30_000, resetMs: Infinity });
  for (let tries = 1; part.bytes < job.bytes; tries++) {
    const before = part.bytes;
    try {
      await receiveOnce(part, job);
    } catch (error) {
      const isCut = error instanceof GatewayError && error.code === 'UPDATE_FETCH_FAILED';
      if (!isCut || part.bytes <= before || tries === maxTries) throw error;
      await sleep(backoff.next(0), undefined, { signal: job.signal });
    }
  }
}

async function receiveOnce(part: PartFile, job: Download): Promise<void> {
  const { transport, path, bytes, pace, signal, onProgress } = job;
  await keepPace(pace, { what: path, signal }, async (watch) => {
    const opened = await transport.open(path, { offset: part.bytes, signal: watch.signal });
    if (opened === undefined) throw cut(path, bytes, 'no file');
    if (opened.offset !== part.bytes) await part.restart();
    for await (const chunk of opened.chunks) {
      if (part.bytes + chunk.length > bytes) throw tooLarge(path, bytes);
      await part.append(chunk);
      onProgress(part.bytes);
      await watch.received(chunk.length);
    }
  });
  if (part.bytes < bytes) throw cut(path, bytes, `${part.bytes}`);
}

function cut(path: string, bytes: number, received: string): GatewayError {
  return refusal('UPDATE_FETCH_FAILED', { expected: `${bytes} bytes`, what: path, received });
}
