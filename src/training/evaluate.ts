import type { Session } from '../compiler/runtime.ts';
import { type Digits, scaled, side, slice } from './mnist.ts';

/** Enough to keep the runtime busy, little enough for any memory. */
const batchSize = 500;

/**
 * What a net of one picture input says of digits, through the runtime of the gateway: `[count, classes]`.
 * A net of bytes is fed the bytes, one of floats the numbers in [0, 1].
 */
export async function predict(session: Session, digits: Digits): Promise<Float32Array[]> {
  const [input] = session.inputs;
  const [output = ''] = session.outputNames;
  const rows: Float32Array[] = [];
  for (let start = 0; start < digits.count; start += batchSize) {
    const batch = slice(digits, start, start + batchSize);
    const dims = [batch.count, side, side, 1];
    const { [output]: result } = await session.run({
      [input?.name ?? '']:
        input?.type === 'uint8'
          ? { type: 'uint8', dims, data: batch.pixels }
          : { type: 'float32', dims, data: scaled(batch) },
    });
    if (result?.type !== 'float32')
      throw new TypeError(`Expected float32 for ${output} but received ${result?.type}`);
    const classes = result.data.length / batch.count;
    for (let i = 0; i < batch.count; i++) rows.push(result.data.slice(i * classes, (i + 1) * classes));
  }
  return rows;
}

/** The share of rows whose greatest number stands at the label's place, in [0, 1]. */
export function accuracy(rows: readonly Float32Array[], labels: Uint8Array): number {
  return rows.filter((row, i) => greatest(row) === labels[i]).length / rows.length;
}

/** Index of the greatest number, of equal ones the first. */
export function greatest(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}
