import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Program, say } from './program.ts';
import type { Version } from './versions.ts';

export interface Released {
  readonly trainedMs: number;
  /** Of its own test digits, by its own labels, in [0, 1]. */
  readonly accuracy: number;
}

/** From digits to a signed release, command by command. */
export async function trainAndRelease(
  { version, data, limit, notes }: Version,
  { home, program }: { home: string; program: Program },
): Promise<Released> {
  const run = join('runs', version);
  const bundle = `digits-${version}.bundle`;
  const startedAt = performance.now();
  await program.run(
    ...['train', 'mnist', '--data', data, '--out', run],
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
  );
  const trainedMs = performance.now() - startedAt;
  say(lastLines(await program.run('optimize', run), 3));
  await program.run('bundle', 'create', run, '--name', 'digits', '--model-version', version);
  say(lastLines(await program.run('repo', 'release', 'repo', bundle, '--notes', notes), 1));
  const report: { result: { optimized: number } } = JSON.parse(
    await readFile(join(home, run, 'optimize.json'), 'utf8'),
  );
  return { trainedMs, accuracy: report.result.optimized };
}

function lastLines(text: string, count: number): string {
  return text.trim().split('\n').slice(-count).join('\n');
}
