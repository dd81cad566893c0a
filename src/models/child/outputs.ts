import type { Tensor as RuntimeTensor } from '../../compiler/tensor.ts';
import type { OutputDecoding } from '../manifest.ts';
import type { Tensor } from '../model.ts';
import type { BatchResult } from '../protocol.ts';

const defaultTop = 5;

type Decoded = Pick<BatchResult, 'classes' | 'embedding' | 'tensors'>;
type Classes = Extract<OutputDecoding, { kind: 'classes' }>;

/** All rows of an output, one after another, as real numbers. */
export interface Rows {
  readonly data: Float32Array;
  /** Without the batch dimension. */
  readonly shape: readonly number[];
  /** Numbers a row. */
  readonly length: number;
}

export function rowsOf({ data, dims }: RuntimeTensor): Rows {
  const shape = dims.slice(1);
  const values =
    data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);
  return { data: values, shape, length: shape.reduce((product, side) => product * side, 1) };
}

/** What the net says of a batch, decoded as the manifest prescribes. */
export function decodeOutputs(
  outputs: Readonly<Record<string, Rows>>,
  decodings: Readonly<Record<string, OutputDecoding>>,
  size: number,
): Decoded {
  const tensors: Record<string, Tensor> = {};
  let classes: Decoded['classes'];
  let embedding: Decoded['embedding'];
  for (const [name, decoding] of Object.entries(decodings)) {
    const rows = outputs[name];
    if (!rows) throw new RangeError(`The net has no output ${name}`);
    if (decoding.kind === 'classes') classes = bestClasses(rows, decoding, size);
    else if (decoding.kind === 'embedding') embedding = unitRows(rows, size);
    else if (decoding.kind === 'tensor') tensors[name] = { data: rows.data, shape: [size, ...rows.shape] };
  }
  return {
    ...(classes ? { classes } : {}),
    ...(embedding ? { embedding } : {}),
    ...(Object.keys(tensors).length > 0 ? { tensors } : {}),
  };
}

/** Each row divided by its length. */
function unitRows({ data, length }: Rows, size: number): Tensor {
  const unit = new Float32Array(size * length);
  for (let row = 0; row < size; row++) {
    const values = data.subarray(row * length, (row + 1) * length);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (const [i, value] of values.entries()) unit[row * length + i] = value / norm;
  }
  return { data: unit, shape: [size, length] };
}

function bestClasses(rows: Rows, { activation, top = defaultTop }: Classes, size: number) {
  const count = Math.min(top, rows.length);
  const index = new Uint32Array(size * count);
  const score = new Float32Array(size * count);
  for (let i = 0; i < size; i++) {
    const row = rows.data.subarray(i * rows.length, (i + 1) * rows.length);
    const best = index.subarray(i * count, (i + 1) * count);
    selectBest(row, best);
    const probability = activate(row, activation);
    for (let k = 0; k < count; k++) score[i * count + k] = probability(row[best[k] ?? 0] ?? 0);
  }
  return { top: count, index, score };
}

/** The indices of the greatest values, greatest first; of equal ones the lowest index first. */
function selectBest(row: Float32Array, best: Uint32Array): void {
  let found = 0;
  for (let i = 0; i < row.length; i++) {
    const value = row[i] ?? 0;
    if (found === best.length && !(value > (row[best[found - 1] ?? 0] ?? 0))) continue;
    let at = found < best.length ? found++ : found - 1;
    for (; at > 0 && value > (row[best[at - 1] ?? 0] ?? 0); at--) best[at] = best[at - 1] ?? 0;
    best[at] = i;
  }
}

/** From a logit of this row to its probability. All three keep the order, so only the best are activated. */
function activate(row: Float32Array, activation: Classes['activation']): (logit: number) => number {
  if (activation === 'none') return (value) => value;
  if (activation === 'sigmoid') return (logit) => 1 / (1 + Math.exp(-logit));
  // Shifted by the greatest logit, so that no exponential overflows.
  const greatest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = row.reduce((total, logit) => total + Math.exp(logit - greatest), 0);
  return (logit) => Math.exp(logit - greatest) / sum;
}
