/**
 * What the machine could do without MQTT: decode, resize and run pictures that lie in memory, on one thread.
 * Reads a job as JSON from stdin, prints `{ frames, seconds, ms }`, where `ms` is the time of each batch.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openSession } from '../../src/compiler/runtime.ts';
import { readBundle } from '../../src/models/bundle.ts';
import { decode } from '../../src/models/child/decode.ts';
import { resize } from '../../src/models/child/resize.ts';
import { side } from './size.ts';

export interface LimitJob {
  readonly bundle: string;
  /** Base64 of JPEG. */
  readonly pictures: readonly string[];
  readonly batch: number;
  /** From the start of one batch to that of the next, once warm; 0: without a pause. */
  readonly everyMs: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
const job: LimitJob = JSON.parse(text);
const jpegs = job.pictures.map((picture) => Buffer.from(picture, 'base64'));
const { manifest, file } = await readBundle(job.bundle);
const session = await openSession(file(manifest.graph), { threads: 1 });
const input = session.inputNames[0] ?? '';
const bytes = new Uint8Array(job.batch * side * side * 3);
const target = { width: side, height: side, resize: 'fill', colour: 'rgb' } as const;
let taken = 0;

await runFor(job.warmupMs, 0);
process.stdout.write(`${JSON.stringify(await runFor(job.measureMs, job.everyMs))}\n`);

async function runFor(
  forMs: number,
  everyMs: number,
): Promise<{ frames: number; seconds: number; ms: number[] }> {
  const startedAt = performance.now();
  const before = taken;
  const ms: number[] = [];
  while (performance.now() - startedAt < forMs) {
    const batchAt = performance.now();
    await runBatch();
    ms.push(performance.now() - batchAt);
    if (everyMs > 0) await delay(Math.max(0, batchAt + everyMs - performance.now()));
  }
  return { frames: taken - before, seconds: (performance.now() - startedAt) / 1000, ms };
}

async function runBatch(): Promise<void> {
  for (let i = 0; i < job.batch; i++, taken++) {
    const data = jpegs[taken % jpegs.length] ?? Buffer.alloc(0);
    const pixels = await decode({ data, format: 'jpeg', raw: undefined, region: undefined }, 'rgb', 2 ** 24);
    resize(pixels, undefined, target, bytes, i * side * side * 3);
  }
  await session.run({ [input]: { type: 'uint8', dims: [job.batch, side, side, 3], data: bytes } });
}
