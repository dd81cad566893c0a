import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';

/** What is minimised, and beside it what people read. */
export interface Objective {
  /** The mean over the rows of a batch. */
  loss(core: TensorFlow['core'], outputs: Tensor, targets: Tensor): Scalar;
  /** The share of the rows that are right, where there is such a thing. */
  accuracy?(core: TensorFlow['core'], outputs: Tensor, targets: Tensor): Scalar;
}

/** Of probabilities `[n, classes]` and class indices `[n]`: the mean of -log p. */
export const classification: Objective = {
  loss(core, outputs, targets) {
    const classes = outputs.shape[1] ?? 1;
    const chosen = core.sum(core.mul(outputs, core.oneHot(core.cast(targets, 'int32'), classes)), 1);
    // The least probability that still has a logarithm.
    return core.neg(core.mean(core.log(core.maximum(chosen, 1e-7))));
  },
  accuracy(core, outputs, targets) {
    return core.mean(core.cast(core.equal(core.argMax(outputs, 1), core.cast(targets, 'int32')), 'float32'));
  },
};

/** The mean of the squared differences. */
export const reconstruction: Objective = {
  loss(core, outputs, targets) {
    return core.mean(core.squaredDifference(outputs, targets));
  },
};
