/** A swap while as many frames come as the gateway takes: what becomes of them, and how long they wait. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../daemon.ts';
import { rounded } from '../report.ts';
import type { LoadJob, LoadReport } from './load.ts';
import { askGateway, releaseDigits } from './repository.ts';

const load = fileURLToPath(new URL('./load.ts', import.meta.url));
const digits = new URL('../../examples/digits/', import.meta.url);
const window = 64;
const warmupMs = 2_000;
const calmMs = 6_000;

export async function swapUnderLoad(say: (line: string) => void) {
  const repository = await releaseDigits(['9.0.0']);
  const daemon = await startDaemon(`${repository.yaml}
models: { digits: { bundle: 'builtin:digits', maxBatch: 32 } }
sources: { line: { topic: 'bench/{source}/digit' } }
pipelines: { digits: { use: classify, models: { classifier: digits }, mailbox: every, maxInFlight: 256 } }
`);
  const child = spawn(process.execPath, ['--import', 'tsx', load], { stdio: ['pipe', 'pipe', 'inherit'] });
  const tell = (line: string) => child.stdin.write(`${line}\n`);
  try {
    const job: LoadJob = {
      port: daemon.port,
      topic: 'bench/line/digit',
      results: 'edgeward/bench/line/digits/result',
      pictures: await pictures(),
      window,
    };
    tell(JSON.stringify(job));
    tell('warmup');
    await delay(warmupMs);
    tell('before');
    await delay(calmMs);
    tell('during');
    const startedAt = performance.now();
    let swapMs = Number.NaN;
    await askGateway(daemon.port, 'model/update', { probation: { seconds: 3 } }, ({ data }) => {
      if (data.phase !== 'probation') return;
      swapMs = performance.now() - startedAt;
      tell('after');
    });
    tell('end');
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
    const report: LoadReport = JSON.parse(text);
    const [before, during, after] = ['before', 'during', 'after'].map((phase) =>
      percentiles(report.latencies[phase] ?? []),
    );
    const { latencies: _, ...counts } = report;
    say(`${report.sent} frames, ${JSON.stringify(counts.versions)}; the swap took ${Math.round(swapMs)} ms`);
    say(
      `latency before ${JSON.stringify(before)}, during ${JSON.stringify(during)}, after ${JSON.stringify(after)}`,
    );
    return { ...counts, before, during, after, swapMs: rounded(swapMs) };
  } finally {
    child.kill();
    await daemon.stop();
    await repository.remove();
  }
}

async function pictures(): Promise<string[]> {
  const names = (await readdir(digits)).filter((name) => name.endsWith('.png'));
  return Promise.all(names.map((name) => readFile(new URL(name, digits), 'base64')));
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
  return { frames: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
