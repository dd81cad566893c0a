import { openSession } from '../src/compiler/runtime.ts';
import { picturePart } from '../src/training/dataset.ts';
import { greatest, predict } from '../src/training/evaluate.ts';
import { npmDigits, pngOf } from './npm-digits.ts';

export interface Golden {
  readonly png: Buffer;
  /** What the graph answers, to six places. */
  readonly row: readonly number[];
}

/**
 * For every class the digit that the graph is least sure of while still right, and one of ordinary
 * sureness. The first would show another net, or a preprocessing that is a little wrong; a row of 0 and 1
 * would not.
 */
export async function goldenSamples(graph: Uint8Array): Promise<Golden[]> {
  const digits = npmDigits();
  const session = await openSession(graph, { threads: 1 });
  const rows = await predict(session, picturePart(digits, 'class'));
  await session.close();
  const chosen = Array.from({ length: 10 }, (_, label) => {
    const right = [...rows.entries()]
      .filter(([i, row]) => digits.labels[i] === label && greatest(row) === label)
      .sort(([, a], [, b]) => (a[label] ?? 0) - (b[label] ?? 0));
    return [right[0], right[Math.floor(right.length / 10)]];
  });
  return Promise.all(
    chosen.flat().flatMap((found) => {
      if (found === undefined) return [];
      const [index, row] = found;
      return pngOf(digits, index).then((png) => ({ png, row: Array.from(row, (p) => Number(p.toFixed(6))) }));
    }),
  );
}
