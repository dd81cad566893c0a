import { type Goal, rounded } from '../../bench/report.ts';
import type { Measured } from './measured.ts';
import type { Section } from './sections.ts';
import type { Chart } from './svg.ts';

export interface Part {
  readonly section: Section;
  readonly measured: Measured;
  /** Those that have something to show. */
  readonly charts: readonly Chart[];
}

/** @param parts in the order of the report. */
export function markdownOf(parts: readonly Part[]): string {
  const goals = parts.flatMap(({ measured }) => measured.goals);
  const met = goals.filter(({ ok }) => ok).length;
  return `# Performance

Written by \`npm run performance\`, which measures all of it again on your machine; the figures behind each part are the
JSON files in [performance/](performance/). Ratios travel from one machine to another, absolute figures do not. Of
${goals.length} goals ${met} were met; those that were missed stay in the tables.

${machines(parts)}

${parts.map(chapter).join('\n')}`;
}

/** One line a machine: parts may have been measured on different days. */
function machines(parts: readonly Part[]): string {
  const groups = new Map<string, string[]>();
  for (const { section, measured } of parts) {
    const { cpu, cores, node, packages } = measured.machine;
    const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
    const where = `${cores} cores of ${cpu}, Node ${node} | ${versions.join(', ')} | ${measured.measuredOn}`;
    groups.set(where, [...(groups.get(where) ?? []), section.title]);
  }
  const rows = [...groups].map(([where, titles]) => `| ${where} | ${titles.join('; ')} |`);
  return ['| machine | packages | measured on | what |', '|---|---|---|---|', ...rows].join('\n');
}

function chapter({ section, measured, charts }: Part): string {
  return `## ${section.title}

${section.about}

${charts.map(drawn).join('')}| goal | wanted | measured | |
|---|---|---|---|
${measured.goals.map(goalRow).join('\n')}

Again: \`npm run performance -- ${measured.name}\`.
`;
}

function drawn(chart: Chart): string {
  const { file, title, unit, labels, series, kind } = chart;
  const image = `![${title}, ${unit}](performance/${file}.svg)\n\n`;
  // A line of many points is for the eye; its points are in the JSON.
  if (kind === 'lines') return image;
  const rows = labels.map((label, i) =>
    ['', label, ...series.map(({ values }) => number(values[i])), ''].join(' | ').trim(),
  );
  const header = `| ${unit} | ${series.map(({ name }) => name).join(' | ')} |`;
  return `${image}${[header, `|---|${'---:|'.repeat(series.length)}`, ...rows].join('\n')}\n\n`;
}

function goalRow({ what, unit, want, got, ok, why }: Goal): string {
  const measured = got === null ? `not measured: ${why}` : `${got} ${unit}`;
  return `| ${what} | ${want} ${unit} | ${measured} | ${ok ? 'met' : '**missed**'} |`;
}

function number(value = Number.NaN): string {
  return Number.isFinite(value) ? String(rounded(value)) : '';
}
