import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import type { TensorFlow } from './backend.ts';
import type { Random } from './random.ts';

/**
 * Dropout whose masks follow from `random`. TensorFlow.js's own, given a seed, draws the same mask in every
 * step, which costs accuracy, and without one cannot be repeated.
 */
export function seededDropout(
  { core, layers }: TensorFlow,
  { rate, random, name }: { readonly rate: number; readonly random: Random; readonly name: string },
): layers.Layer {
  class SeededDropout extends layers.layers.Layer {
    /** For whoever exports or saves the net, it is a dropout like any other. */
    static className = 'Dropout';

    override call(inputs: Tensor | Tensor[], { training }: { training?: boolean }): Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError('Expected one tensor for dropout but received none');
      return training === true ? core.dropout(input, rate, undefined, random()) : input;
    }

    override getConfig() {
      return { ...super.getConfig(), rate };
    }
  }
  return new SeededDropout({ name });
}
