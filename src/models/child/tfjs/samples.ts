import { elements, type Tensor, tensorTypes } from '../../../compiler/tensor.ts';
import { GatewayError } from '../../../errors.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

/** One sample of a batch, as a batch of one. */
export function sampleOf(batch: Tensors, index: number): Tensors {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { type, dims, data }]) => {
      const sizes = dims.slice(1);
      const length = elements(sizes);
      const part = data.subarray(index * length, (index + 1) * length);
      return [name, { type, dims: [1, ...sizes], data: part } as Tensor];
    }),
  );
}

/**
 * The results of several runs as those of one batch. A result of a batch of one loses it, any other is the row.
 * @throws MODEL_RUN_FAILED if they are not of one shape, as where a net gives as many boxes as it finds.
 */
export function joinSamples(runs: readonly Tensors[]): Record<string, Tensor> {
  const [first = {}] = runs;
  return Object.fromEntries(
    Object.entries(first).map(([name, { type, dims, data }]) => {
      const { array } = tensorTypes[type];
      const all = new array(new ArrayBuffer(data.byteLength * runs.length));
      for (const [i, run] of runs.entries()) {
        const other = run[name];
        if (other?.type !== type || String(other.dims) !== String(dims)) {
          const text = `Expected results of one shape for output ${name} but received [${dims}] and [${other?.dims}]`;
          throw new GatewayError('MODEL_RUN_FAILED', text);
        }
        all.set(other.data as never, i * data.length);
      }
      const row = dims[0] === 1 ? dims.slice(1) : dims;
      return [name, { type, dims: [runs.length, ...row], data: all } as Tensor];
    }),
  );
}
