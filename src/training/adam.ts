import type { NamedTensorMap, Variable } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';

/** What the optimizer remembers of a variable: running means of its gradient and of the square of it. */
export interface Moments {
  readonly mean: Float32Array;
  readonly square: Float32Array;
}

export interface AdamState {
  /** Steps so far. */
  step: number;
  /** In the order of the variables. */
  readonly moments: readonly Moments[];
}

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-7];

export function adamState(variables: readonly Variable[]): AdamState {
  const zeros = (size: number) => ({ mean: new Float32Array(size), square: new Float32Array(size) });
  return { step: 0, moments: variables.map(({ size }) => zeros(size)) };
}

/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1). Its state is plain numbers: TensorFlow.js's own cannot be
 * saved and loaded so that training goes on to the same weights.
 */
export function adamStep(
  core: TensorFlow['core'],
  state: AdamState,
  variables: readonly Variable[],
  gradients: NamedTensorMap,
  learningRate: number,
): void {
  state.step++;
  const rate = adamRate(learningRate, state.step);
  for (const [i, variable] of variables.entries()) {
    const gradient = gradients[variable.name]?.dataSync();
    const moments = state.moments[i];
    if (gradient === undefined || moments === undefined) continue;
    const weights = Float32Array.from(variable.dataSync());
    adamUpdate(weights, gradient, moments, rate);
    core.tidy(() => variable.assign(core.tensor(weights, variable.shape, 'float32')));
  }
}

/** The rate of a step, from 1, with what makes up for moments that begin at zero. */
export function adamRate(learningRate: number, step: number): number {
  return (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
}

/** Changes `weights` and `moments` in place. */
export function adamUpdate(
  weights: Float32Array,
  gradient: ArrayLike<number>,
  { mean, square }: Moments,
  rate: number,
): void {
  for (let k = 0; k < weights.length; k++) {
    const each = gradient[k] ?? 0;
    const first = beta1 * (mean[k] ?? 0) + (1 - beta1) * each;
    const second = beta2 * (square[k] ?? 0) + (1 - beta2) * each * each;
    mean[k] = first;
    square[k] = second;
    weights[k] = (weights[k] ?? 0) - (rate * first) / (Math.sqrt(second) + epsilon);
  }
}
