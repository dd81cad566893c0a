/**
 * Digits a second at the model host alone, with batches of one against batches of up to 32: the same model,
 * the same processes and the same 256 callers, in rounds that take turns so that a busy machine hurts both.
 */
import { readdir, readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { Image } from '../src/image.ts';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { ModelHost } from '../src/models/host.ts';
import { cpuMs } from './cpu.ts';
import { atLeast, type Benchmark, type Goal, median, rounded } from './report.ts';

const batches = [1, 32] as const;
const callers = 256;
const rounds = 5;
const roundMs = 1_500;
const digits = new URL('../examples/digits/', import.meta.url);

interface Round {
  readonly perSecond: number;
  /** Of this process and the model's, a digit, microseconds. */
  readonly hostCpuUs: number;
  readonly modelCpuUs: number;
}

const benchmark: Benchmark = async (say) => {
  const measured = await measureHost(say);
  return { goals: hostGoals(measured), figures: measured };
};
export default benchmark;

export function hostGoals(measured: Awaited<ReturnType<typeof measureHost>>): Goal[] {
  const what = 'digits a second at the model host alone, maxBatch 32 against 1';
  return [
    atLeast(`${what}, raw`, 'times', 4, measured.raw.ratio),
    atLeast(`${what}, PNG`, 'times', 4, measured.png.ratio),
  ];
}

/** The medians for raw pixels and for PNG, and how many times more batches make of them. */
export async function measureHost(say: (line: string) => void) {
  const pictures = { raw: await rawDigits(), png: await pngDigits() };
  const hosts = await Promise.all(
    batches.map(async (maxBatch) => ({ maxBatch, host: await startHost(maxBatch) })),
  );
  const results: Record<string, Round[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const format of ['raw', 'png'] as const) {
      for (const { maxBatch, host } of hosts) {
        const result = await runRound(host, pictures[format], round === 0 ? roundMs / 3 : roundMs);
        // The first of each warms up.
        if (round === 0) continue;
        const key = `${format} ${maxBatch}`;
        results[key] = [...(results[key] ?? []), result];
        say(`${format}, maxBatch ${maxBatch}: ${Math.round(result.perSecond)} digits/s`);
      }
    }
  }
  await Promise.all(hosts.map(({ host }) => host.stop()));
  return { raw: compare('raw', results), png: compare('png', results) };
}

function compare(format: string, results: Readonly<Record<string, readonly Round[]>>) {
  const [one = [], many = []] = batches.map((maxBatch) => results[`${format} ${maxBatch}`]);
  const middle = (all: readonly Round[]) => {
    const of = (key: keyof Round) => rounded(median(all.map((round) => round[key])));
    return { perSecond: of('perSecond'), hostCpuUs: of('hostCpuUs'), modelCpuUs: of('modelCpuUs') };
  };
  // Each round by itself, since what else the machine does changes from one to the next.
  const ratios = many.map(({ perSecond }, round) => perSecond / (one[round]?.perSecond ?? Number.NaN));
  return { batch1: middle(one), batch32: middle(many), ratio: rounded(median(ratios)) };
}

async function runRound(host: ModelHost, pictures: readonly Image[], ms: number): Promise<Round> {
  const before = await usage(host);
  const startedAt = performance.now();
  let done = 0;
  const caller = async (offset: number) => {
    for (let i = offset; performance.now() - startedAt < ms; i += callers) {
      const image = pictures[i % pictures.length];
      if (image) await host.infer(image);
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(i)));
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await usage(host);
  return {
    perSecond: done / seconds,
    hostCpuUs: ((after.host - before.host) * 1000) / done,
    modelCpuUs: ((after.model - before.model) * 1000) / done,
  };
}

async function usage(host: ModelHost): Promise<{ host: number; model: number }> {
  const { user, system } = process.cpuUsage();
  const model = await Promise.all(host.processes.map(({ pid }) => cpuMs(pid)));
  return { host: (user + system) / 1000, model: model.reduce((a, b) => a + b, 0) };
}

async function startHost(maxBatch: number): Promise<ModelHost> {
  const config = {
    bundle: 'builtin:digits',
    instances: null,
    threads: 1,
    maxBatch,
    maxDelayMs: 0,
    timeoutMs: 10_000,
    maxQueue: 2 * callers,
  };
  const log = await createLog({ level: 'warn', format: 'json' });
  const host = new ModelHost({ name: 'digits', config, maxPixels: 1 << 20, log, metrics: createMetrics() });
  await host.start(AbortSignal.timeout(30_000));
  return host;
}

export async function pngDigits(): Promise<Image[]> {
  const names = (await readdir(digits)).filter((name) => name.endsWith('.png'));
  return Promise.all(
    names.map(async (name) => new Image({ data: await readFile(new URL(name, digits)), format: 'png' })),
  );
}

export async function rawDigits(): Promise<Image[]> {
  const raw = { width: 28, height: 28, channels: 1 } as const;
  const decoded = (await pngDigits()).map(async ({ data }) => {
    const pixels = await sharp(data).toColourspace('b-w').extractChannel(0).raw().toBuffer();
    return new Image({ data: pixels, format: 'raw', raw });
  });
  return Promise.all(decoded);
}
