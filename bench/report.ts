/** The one shape of every measurement: figures for people on stderr, one JSON line for programs on stdout. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';

/** What was asked for and what this run measured. */
export interface Goal {
  readonly what: string;
  readonly unit: string;
  /** As `>= 4` or `<= 20`. */
  readonly want: string;
  /** `null`: could not be measured, and `why` says why. */
  readonly got: number | null;
  readonly ok: boolean;
  readonly why?: string;
}

export interface Measurement {
  readonly goals: readonly Goal[];
  readonly figures: Readonly<Record<string, unknown>>;
}

/** A benchmark prints what it does, as it does it, through `say`. */
export type Benchmark = (say: (line: string) => void) => Promise<Measurement>;

export function atLeast(what: string, unit: string, want: number, got: number): Goal {
  return { what, unit, want: `>= ${want}`, got: rounded(got), ok: got >= want };
}

export function atMost(what: string, unit: string, want: number, got: number): Goal {
  return { what, unit, want: `<= ${want}`, got: rounded(got), ok: got <= want };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that a share `q` of all stays at or under. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * q) - 1] ?? Number.NaN;
}

/** To four significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Where it was measured, with the versions that matter. */
export async function machine(): Promise<Record<string, unknown>> {
  const packages = ['onnxruntime-node', '@julusian/jpeg-turbo', 'sharp', 'aedes', 'mqtt'];
  const versions = packages.map(async (name) => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    const { version }: { version: string } = JSON.parse(await readFile(file, 'utf8'));
    return [name, version];
  });
  return {
    cpu: cpus()[0]?.model ?? process.arch,
    cores: availableParallelism(),
    node: process.version,
    packages: Object.fromEntries(await Promise.all(versions)),
  };
}
