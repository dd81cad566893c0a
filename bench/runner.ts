import { leaveNothing } from '../test/support/leave-nothing.ts';
import { type Benchmark, machine } from './report.ts';

export type Measurements = Readonly<Record<string, () => Promise<{ readonly default: Benchmark }>>>;

/** Runs the measurements that the command line names, or all without a name, one line of JSON each on stdout. */
export async function runMeasurements(measurements: Measurements): Promise<void> {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !Object.hasOwn(measurements, name));
  if (unknown.length > 0) {
    const known = Object.keys(measurements).join(' or ');
    process.stderr.write(`Expected ${known} but received ${unknown.join(', ')}\n`);
    process.exit(2);
  }
  leaveNothing();
  const where = await machine();
  for (const name of names.length > 0 ? names : Object.keys(measurements)) {
    const load = measurements[name];
    if (load) await run(name, load, where);
  }
  // A measurement that leaves something open must not keep the terminal.
  process.exit();
}

async function run(name: string, load: Measurements[string], where: Record<string, unknown>): Promise<void> {
  const { default: measure } = await load();
  process.stderr.write(`${name} on ${where.cores} cores of ${where.cpu}, Node ${where.node}\n`);
  const { goals, figures } = await measure((line) => process.stderr.write(`  ${line}\n`));
  for (const { what, unit, want, got, ok, why } of goals) {
    process.stderr.write(`${ok ? 'ok  ' : 'MISS'} ${what}: ${got ?? why} ${unit} (goal ${want})\n`);
  }
  await print(JSON.stringify({ name, machine: where, goals, ...figures }));
}

/** Wait until a pipe has taken it: `process.exit` does not. */
function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}
