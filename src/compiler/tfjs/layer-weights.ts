import type { Tensor } from '../tensor.ts';
import type { Artifacts } from './artifacts.ts';
import { failed } from './json.ts';

export type FindWeight = (layer: string, name: string) => Tensor;

/**
 * How weights are found: `dense/kernel` is the kernel of the layer `dense`. Some versions of Keras write names
 * of models in front or of cells between: the last part is the weight, and the layer stands before it.
 */
export function weightsByLayer({ weights, label }: Artifacts): FindWeight {
  const byLast = new Map<string, string[]>();
  for (const full of weights.keys()) {
    const last = withoutIndex(full).split('/').at(-1) ?? '';
    const same = byLast.get(last);
    if (same === undefined) byLast.set(last, [full]);
    else same.push(full);
  }
  /** @throws COMPILE_FAILED if there is none, or more than one that could be meant. */
  return (layer, name) => {
    const exact = weights.get(`${layer}/${name}`);
    if (exact !== undefined) return exact;
    const what = `${name} of layer ${layer} of ${label}`;
    const [first, ...others] = (byLast.get(name) ?? []).filter((full) => `/${full}`.includes(`/${layer}/`));
    const tensor = weights.get(first ?? '');
    if (tensor === undefined) throw failed('a weight', what, 'none of that name');
    if (others.length > 0) throw failed('one weight', what, `${first} and ${others[0]}`);
    return tensor;
  };
}

/** Variables of TensorFlow are called `kernel:0`. */
function withoutIndex(name: string): string {
  return name.replace(/:\d+$/, '');
}
