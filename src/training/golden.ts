import type { Session } from '../compiler/runtime.ts';
import type { GoldenSample } from '../models/manifest.ts';
import type { Part } from './dataset.ts';
import { greatest, predict } from './evaluate.ts';
import { pictureAt } from './pictures.ts';
import { encodePng } from './png.ts';

export interface Golden {
  readonly samples: readonly GoldenSample[];
  /** By their paths in the bundle. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** Numbers of all expected answers together: the manifest that they stand in is bounded. */
const mostNumbers = 40_000;
const mostSamples = 40;

/**
 * Samples with what the graph answers to them. Of every class the one that the net is least sure of while still
 * right, and one of few that it is less sure of: they would show another net, or a preprocessing that is a
 * little wrong; a row of 0 and 1 would not. Of reconstructions some, evenly over the part.
 */
export async function goldenOf(session: Session, part: Part): Promise<Golden> {
  const rows = await predict(session, part);
  const length = rows[0]?.length ?? 1;
  const most = Math.max(1, Math.min(mostSamples, Math.floor(mostNumbers / length)));
  const chosen = (part.labels ? bordersOf(rows, part.labels) : evenly(rows.length, Math.min(8, most))).slice(
    0,
    most,
  );
  const [input = '', output = ''] = [session.inputs[0]?.name, session.outputNames[0]];
  const files: Record<string, Uint8Array> = {};
  const samples: GoldenSample[] = [];
  for (const [i, index] of chosen.entries()) {
    const row = Array.from(rows[index] ?? [], (value) => Number(value.toFixed(6)));
    const path = `golden/${String(i).padStart(2, '0')}.${part.pictures ? 'png' : 'f32'}`;
    files[path] = await fileOf(part, index);
    const greatestValue = row.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    samples.push({ inputs: { [input]: path }, outputs: { [output]: row }, tolerance: 0.02 * greatestValue });
  }
  return { samples, files };
}

async function fileOf(part: Part, index: number): Promise<Uint8Array> {
  if (part.pictures) return encodePng(pictureAt(part.pictures, index), part.pictures);
  const { data } = part.feed(index, index + 1);
  const bytes = Buffer.alloc(data.length * 4);
  for (const [i, value] of data.entries()) bytes.writeFloatLE(Number(value), i * 4);
  return bytes;
}

function bordersOf(rows: readonly Float32Array[], labels: Uint16Array): number[] {
  const classes = rows[0]?.length ?? 0;
  const byClass = Array.from({ length: classes }, (_, label) => {
    const right = [...rows.keys()].filter(
      (i) => labels[i] === label && greatest(rows[i] ?? new Float32Array()) === label,
    );
    return right.sort((a, b) => (rows[a]?.[label] ?? 0) - (rows[b]?.[label] ?? 0));
  });
  const places = [
    (right: number[]) => right[0],
    (right: number[]) => right[Math.max(1, Math.floor(right.length / 30))],
  ];
  return places.flatMap((place) => byClass.flatMap((right) => place(right) ?? []));
}

function evenly(count: number, wanted: number): number[] {
  return Array.from({ length: Math.min(count, wanted) }, (_, i) => Math.floor((i * count) / wanted));
}
