import type { Tensor } from '../../compiler/tensor.ts';

/** The numbers of one output of a graph that gives floats. */
export function floatsOf(results: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const found = results[name];
  if (found?.type !== 'float32')
    throw new TypeError(`Expected float32 for ${name} but received ${found?.type}`);
  return found.data;
}
