/** Charts as SVG, small, without a library, and legible on light and dark pages. */

export interface Chart {
  /** File name without extension. */
  readonly file: string;
  readonly title: string;
  readonly unit: string;
  readonly kind: 'bars' | 'lines';
  /** What is compared, or along which the lines run. */
  readonly labels: readonly string[];
  /** A value a label; `NaN`: none. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

const width = 720;
const edge = 16;
const head = 56;
const labelWidth = 250;
const barHeight = 18;
const plotHeight = 220;
const colours = 3;

/** Colours that are told apart also by who sees no red or green (Okabe and Ito), a little brighter on dark pages. */
const style = `
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 15px }
.paper { fill: #ffffff } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 }
.c0 { fill: #0072b2; stroke: #0072b2 } .c1 { fill: #d55e00; stroke: #d55e00 } .c2 { fill: #009e73; stroke: #009e73 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .paper { fill: #0d1117 } .grid { stroke: #30363d }
  .c0 { fill: #56b4e9; stroke: #56b4e9 } .c1 { fill: #e69f00; stroke: #e69f00 } .c2 { fill: #2cc295; stroke: #2cc295 }
}
.line.line { fill: none }`;

export function svgOf(chart: Chart): string {
  const { height, body } = chart.kind === 'bars' ? bars(chart) : lines(chart);
  const title = escapeXml(`${chart.title}, ${chart.unit}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">
<style>${style}
</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="${edge}" y="24">${title}</text>
${legend(chart)}
${body.join('\n')}
</svg>
`;
}

/** Lying bars, a group a label: long names have room. */
function bars({ labels, series }: Chart) {
  const most = Math.max(...finite(series));
  const room = width - labelWidth - 2 * edge - 60;
  const groupHeight = series.length * barHeight + 10;
  const body = labels.flatMap((label, row) => {
    const top = head + row * groupHeight;
    const name = `<text x="${labelWidth}" y="${top + (series.length * barHeight) / 2 + 4}" text-anchor="end">${escapeXml(label)}</text>`;
    const each = series.flatMap(({ values }, i) => {
      const value = values[row] ?? Number.NaN;
      if (!Number.isFinite(value)) return [];
      const y = top + i * barHeight;
      const long = round((value / most) * room);
      return [
        `<rect class="c${i % colours}" x="${labelWidth + 10}" y="${y + 2}" width="${long}" height="${barHeight - 4}"/>`,
        `<text x="${labelWidth + 16 + long}" y="${y + 13}">${Number(value.toPrecision(4))}</text>`,
      ];
    });
    return [name, ...each];
  });
  return { height: head + labels.length * groupHeight + edge, body };
}

/** From zero, so that what looks flat is flat. */
function lines({ labels, series }: Chart) {
  const most = Math.max(...finite(series)) * 1.1;
  const [left, bottom] = [60, head + plotHeight];
  const x = (i: number) => round(left + (i * (width - left - 2 * edge)) / Math.max(1, labels.length - 1));
  const y = (value: number) => round(bottom - (value / most) * plotHeight);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(part * most);
    return `<line class="grid" x1="${left}" x2="${width - edge}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${at + 4}" text-anchor="end">${Number((part * most).toPrecision(3))}</text>`;
  });
  // So many names as fit side by side.
  const step = Math.ceil(labels.length / 12);
  const names = labels.map((label, i) =>
    i % step === 0
      ? `<text x="${x(i)}" y="${bottom + 20}" text-anchor="middle">${escapeXml(label)}</text>`
      : '',
  );
  const paths = series.map(({ values }, i) => {
    const points = values.flatMap((value, at) => (Number.isFinite(value) ? [`${x(at)},${y(value)}`] : []));
    return `<polyline class="line c${i % colours}" points="${points.join(' ')}"/>`;
  });
  return { height: bottom + 20 + edge, body: [...grid, ...names.filter(Boolean), ...paths] };
}

/** A lone series is named by the title. */
function legend({ series }: Chart): string {
  if (series.length < 2) return '';
  let x = edge;
  return series
    .map(({ name }, i) => {
      const part = `<rect class="c${i % colours}" x="${x}" y="34" width="12" height="12"/><text x="${x + 18}" y="45">${escapeXml(name)}</text>`;
      x += 40 + name.length * 7.5;
      return part;
    })
    .join('');
}

function finite(series: Chart['series']): number[] {
  return [Number.MIN_VALUE, ...series.flatMap(({ values }) => values.filter(Number.isFinite))];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
