/** `npm run bench -- NAME`: run one benchmark, or all of them without a name. */
import { type Benchmark, machine } from './report.ts';

const benchmarks: Readonly<Record<string, () => Promise<{ readonly default: Benchmark }>>> = {
  batching: () => import('./batching.ts'),
  brokers: () => import('./brokers.ts'),
  cameras: () => import('./cameras.ts'),
  compiler: () => import('./compiler.ts'),
  frames: () => import('./frames.ts'),
  gateway: () => import('./gateway.ts'),
  host: () => import('./host.ts'),
  latency: () => import('./latency.ts'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  process.stderr.write(
    `Expected ${Object.keys(benchmarks).join(' or ')} but received ${unknown.join(', ')}\n`,
  );
  process.exit(2);
}

const where = await machine();
for (const name of names.length > 0 ? names : Object.keys(benchmarks)) await run(name);
// A benchmark that leaves something open must not keep the terminal.
process.exit();

async function run(name: string): Promise<void> {
  const load = benchmarks[name];
  if (!load) return;
  const { default: benchmark } = await load();
  process.stderr.write(`${name} on ${where.cores} cores of ${where.cpu}, Node ${where.node}\n`);
  const { goals, figures } = await benchmark((line) => process.stderr.write(`  ${line}\n`));
  for (const { what, unit, want, got, ok, why } of goals) {
    process.stderr.write(`${ok ? 'ok  ' : 'MISS'} ${what}: ${got ?? why} ${unit} (goal ${want})\n`);
  }
  await print(JSON.stringify({ name, machine: where, goals, ...figures }));
}

/** Wait until a pipe has taken it: `process.exit` does not. */
function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}
