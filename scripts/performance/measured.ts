/** What benchmarks found, one file of JSON each, beside the report that is made of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Goal } from '../../bench/report.ts';

export interface Measured {
  readonly name: string;
  /** A day, as 2026-01-31. */
  readonly measuredOn: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    readonly packages: Readonly<Record<string, string>>;
  };
  readonly goals: readonly Goal[];
  /** The figures of the benchmark. */
  readonly [figure: string]: unknown;
}

const runner = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));

/**
 * Runs a benchmark in a process of its own, so that none inherits the memory of another.
 * @throws Error where it could not be measured.
 */
export async function measure(name: string): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', 'tsx', runner, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`Expected figures of ${name} but it ended with ${code}`);
  return { measuredOn: new Date().toISOString().slice(0, 10), ...JSON.parse(line) };
}

export async function readMeasured(folder: string): Promise<Measured[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))));
}
