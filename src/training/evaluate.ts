import type { Session } from '../compiler/runtime.ts';
import type { Tensor } from '../compiler/tensor.ts';

/** Enough to keep the runtime busy, little enough for any memory. */
const batchSize = 250;

/** What can be fed to a compiled net of one input, some rows at a time: `[n, ...]`. */
export interface Feed {
  readonly count: number;
  feed(from: number, to: number): Tensor;
}

/** A session, or what answers like one. */
export type Net = Pick<Session, 'outputNames' | 'run'> & {
  readonly inputs: readonly { readonly name: string }[];
};

/** What a net of one input says of all rows, in its first output, through the runtime of the gateway. */
export async function predict(net: Net, rows: Feed): Promise<Float32Array[]> {
  const [input] = net.inputs;
  const [output = ''] = net.outputNames;
  const answers: Float32Array[] = [];
  for (let from = 0; from < rows.count; from += batchSize) {
    const to = Math.min(from + batchSize, rows.count);
    const { [output]: result } = await net.run({ [input?.name ?? '']: rows.feed(from, to) });
    if (result?.type !== 'float32')
      throw new TypeError(`Expected float32 for ${output} but received ${result?.type}`);
    const length = result.data.length / (to - from);
    for (let i = 0; i < to - from; i++) answers.push(result.data.slice(i * length, (i + 1) * length));
  }
  return answers;
}

/** The share of rows whose greatest number stands at the label's place, in [0, 1]. */
export function accuracy(rows: readonly Float32Array[], labels: ArrayLike<number>): number {
  return rows.filter((row, i) => greatest(row) === labels[i]).length / rows.length;
}

/** Index of the greatest number, of equal ones the first. */
export function greatest(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}
