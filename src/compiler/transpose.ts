import { type Tensor, tensorTypes } from './tensor.ts';

/** The tensor whose dimension `i` is dimension `perm[i]` of `tensor`, its data moved accordingly. */
export function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  const strides: number[] = [];
  let stride = 1;
  for (const size of tensor.dims.toReversed()) {
    strides.unshift(stride);
    stride *= size;
  }
  const dims = perm.map((axis) => tensor.dims[axis] ?? 1);
  const steps = perm.map((axis) => strides[axis] ?? 0);
  const { array } = tensorTypes[tensor.type];
  const data = new array(new ArrayBuffer(tensor.data.byteLength));
  // Elements of one type are moved, whichever it is: TypeScript cannot say so of a union of arrays.
  const [source, target] = [tensor.data, data] as unknown as [number[], number[]];
  // The last dimension runs in a loop of its own: most of the time goes there.
  const run = dims.at(-1) ?? 1;
  const step = steps.at(-1) ?? 0;
  const at = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to += run) {
    for (let i = 0; i < run; i++) target[to + i] = source[from + i * step] ?? 0;
    for (let axis = dims.length - 2; axis >= 0; axis--) {
      from += steps[axis] ?? 0;
      const next = (at[axis] ?? 0) + 1;
      at[axis] = next;
      if (next < (dims[axis] ?? 0)) break;
      from -= next * (steps[axis] ?? 0);
      at[axis] = 0;
    }
  }
  return { type: tensor.type, dims, data } as Tensor;
}
