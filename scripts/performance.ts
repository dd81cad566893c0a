/**
 * `npm run performance [-- NAME…]`: runs the benchmarks of the report, or those that are named, and writes
 * docs/performance.md with its plots. What is not measured again stays as it was. `--write` measures nothing.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdownOf, type Part } from './performance/markdown.ts';
import { measure, readMeasured } from './performance/measured.ts';
import { sections } from './performance/sections.ts';
import { svgOf } from './performance/svg.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('../docs', import.meta.url)) },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  const known = Object.keys(sections).join(' or ');
  process.stderr.write(`Expected ${known} but received ${unknown.join(', ')}\n`);
  process.exit(2);
}
// Enough to see a slope; the benchmark by itself takes 200.
process.env.SWAPS ??= '40';
const folder = join(values.out, 'performance');
await mkdir(folder, { recursive: true });

const names = positionals.length > 0 ? positionals : Object.keys(sections);
for (const name of values.write ? [] : names) {
  try {
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(await measure(name), null, 2)}\n`);
  } catch (error) {
    // One that cannot be measured costs nobody the others.
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

const all = await readMeasured(folder);
const parts = Object.entries(sections).flatMap(([name, section]): Part[] => {
  const measured = all.find((one) => one.name === name);
  if (measured === undefined) return [];
  const charts = (section.charts?.(measured) ?? []).filter(({ labels }) => labels.length > 0);
  return [{ section, measured, charts }];
});
for (const chart of parts.flatMap(({ charts }) => charts)) {
  await writeFile(join(folder, `${chart.file}.svg`), svgOf(chart));
}
await writeFile(join(values.out, 'performance.md'), markdownOf(parts));
process.stderr.write(`Wrote ${join(values.out, 'performance.md')}\n`);
