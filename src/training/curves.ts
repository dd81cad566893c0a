import type { Epoch, Figures } from './train-model.ts';

const [width, height] = [640, 360];
const margin = { top: 28, right: 16, bottom: 40, left: 56 };
const colours = { training: '#1f77b4', heldOut: '#d62728' };

/** The curves of a run as an SVG: the loss, and below it the accuracy where there is one. */
export function curvesSvg(history: readonly Epoch[]): string {
  const charts = (['loss', 'accuracy'] as const).filter((key) =>
    history.some(({ training }) => key in training),
  );
  const parts = charts.map(
    (key, i) => `<g transform="translate(0 ${i * height})">${chart(key, history)}</g>`,
  );
  const total = height * Math.max(1, charts.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${total}" fill="white"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function chart(key: keyof Figures, history: readonly Epoch[]): string {
  const lines = {
    training: history.map(({ training }) => training[key]),
    heldOut: history.map(({ heldOut }) => heldOut?.[key]),
  };
  const values = Object.values(lines).flatMap((line) => line.filter((value) => value !== undefined));
  const [low, high] = [key === 'loss' ? 0 : Math.min(...values), key === 'loss' ? Math.max(...values) : 1];
  const x = (i: number) =>
    margin.left + (i / Math.max(1, history.length - 1)) * (width - margin.left - margin.right);
  const y = (value: number) =>
    height - margin.bottom - ((value - low) / (high - low || 1)) * (height - margin.top - margin.bottom);
  const ticks = Array.from({ length: 5 }, (_, i) => low + (i / 4) * (high - low));
  const polyline = (name: keyof typeof lines) => {
    const points = lines[name].flatMap((value, i) =>
      value === undefined ? [] : [`${x(i).toFixed(1)},${y(value).toFixed(1)}`],
    );
    return `<polyline fill="none" stroke="${colours[name]}" stroke-width="2" points="${points.join(' ')}"/>`;
  };
  const label = (name: keyof typeof lines, text: string, at: number) =>
    `<text x="${width - margin.right - at}" y="18" fill="${colours[name]}">${text}</text>`;
  const every = Math.ceil(history.length / 10);
  const epochs = history.filter((_, i) => i % every === 0);
  return [
    `<text x="${margin.left}" y="18" font-weight="bold">${key}</text>`,
    label('training', 'training', 130),
    label('heldOut', 'held out', 60),
    ...ticks.map(
      (value) =>
        `<path d="M${margin.left} ${y(value).toFixed(1)}H${width - margin.right}" stroke="#ddd"/>` +
        `<text x="${margin.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toPrecision(3)}</text>`,
    ),
    ...epochs.map(
      ({ epoch }) =>
        `<text x="${x(epoch - 1).toFixed(1)}" y="${height - margin.bottom + 18}" text-anchor="middle">${epoch}</text>`,
    ),
    polyline('training'),
    polyline('heldOut'),
  ].join('\n');
}
