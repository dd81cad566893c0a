/**
 * `npm run faults -- [PART…] [--seed N] [--short] [--soak MINUTES] [--strict]`: break what can break and count what
 * is lost. Exits 0 when it measured; 1 when a goal was missed with --strict, or one that is not of time with --short.
 */
import { parseArgs } from 'node:util';
import { type Goal, machine } from '../bench/report.ts';
import { seeded } from '../src/training/random.ts';
import { leaveNothing } from '../test/support/leave-nothing.ts';
import { byKind, commonGoals, type Findings, type Part } from './report.ts';

const parts: Readonly<Record<string, () => Promise<{ readonly default: Part }>>> = {
  kills: () => import('./kills.ts'),
  network: () => import('./network.ts'),
  uplink: () => import('./uplink.ts'),
  disk: () => import('./disk.ts'),
  clock: () => import('./clock.ts'),
  crowd: () => import('./crowd.ts'),
  frames: () => import('./frames.ts'),
  packets: () => import('./packets.ts'),
  models: () => import('./models.ts'),
  soak: () => import('./soak.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    soak: { type: 'string' },
    strict: { type: 'boolean', default: false },
  },
});
const soakMinutes = Number(values.soak ?? 20);
const chosen = namesOf(positionals);
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed) || !(soakMinutes > 0)) fail('Expected numbers for --seed and --soak');

leaveNothing();
const say = (line: string) => process.stderr.write(`  ${line}\n`);
const goals: Goal[] = [];
const findings: Record<string, Findings> = {};
const startedAt = performance.now();
process.stderr.write(`Faults of seed ${seed}${values.short ? ', the short campaign' : ''}\n`);
for (const name of chosen) {
  process.stderr.write(`${name}\n`);
  const { default: part } = await (parts[name]?.() ?? fail(`Expected a part but received ${name}`));
  // Each part draws from a start of its own, so that it does the same alone as among others.
  const random = seeded(seed);
  const found = await part({ seed, random, short: values.short, soakMinutes, say });
  findings[name] = found;
  goals.push(...commonGoals(name, found), ...(found.goals ?? []));
}
printTable();
const line = { name: 'faults', machine: await machine(), seed, short: values.short, goals, ...figures() };
await new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
// Times are those of a machine that others may load as well: the short campaign judges what was lost or broke.
const missed = goals.filter(({ ok, unit }) => !ok && (values.strict || unit !== 'ms'));
process.exit((values.short || values.strict) && missed.length > 0 ? 1 : 0);

function namesOf(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0)
    fail(`Expected ${Object.keys(parts).join(', ')} but received ${unknown.join(', ')}`);
  if (names.length > 0) return names;
  if (values.soak !== undefined) return ['soak'];
  return Object.keys(parts).filter((name) => name !== 'soak');
}

function figures() {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const found = Object.entries(findings).map(([name, { blows, flows, skipped, figures }]) => [
    name,
    {
      faults: byKind(blows),
      flows: Object.fromEntries(
        Object.entries(flows).map(([flow, report]) => [flow, { ...report, lost: report.lost.length }]),
      ),
      ...(skipped ? { skipped } : {}),
      ...figures,
    },
  ]);
  return { seconds, parts: Object.fromEntries(found) };
}

function printTable(): void {
  const write = (...cells: (string | number)[]) =>
    process.stderr.write(
      `${String(cells[0]).padEnd(34)}${cells
        .slice(1)
        .map((cell) => String(cell).padStart(10))
        .join('')}\n`,
    );
  write('fault', 'count', 'median ms', 'worst ms');
  for (const { blows, skipped } of Object.values(findings)) {
    for (const [kind, { count, medianMs, worstMs }] of Object.entries(byKind(blows))) {
      write(kind, count, medianMs, worstMs ?? 'never');
    }
    for (const [kind, why] of Object.entries(skipped ?? {})) write(kind, `skipped: ${why}`);
  }
  write('frames', 'sent', 'acked', 'results', 'lost', 'twice');
  for (const { flows } of Object.values(findings)) {
    for (const [name, { sent, acknowledged, results, lost, duplicated }] of Object.entries(flows)) {
      write(name, sent, acknowledged, results, lost.length, duplicated);
    }
  }
  for (const { what, unit, want, got, ok, why } of goals) {
    process.stderr.write(`${ok ? 'ok  ' : 'MISS'} ${what}: ${got ?? why} ${unit} (goal ${want})\n`);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
