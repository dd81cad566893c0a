import { setImmediate } from 'node:timers/promises';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type AdamState, adamState, adamStep } from './adam.ts';
import type { TensorFlow } from './backend.ts';
import { type Batch, batches, type Examples, type Rows } from './examples.ts';
import type { Objective } from './losses.ts';
import { permutation, type SeededRandom, seeded } from './random.ts';

/** Means over the examples of an epoch. */
export interface Figures {
  readonly loss: number;
  /** In [0, 1]; only where the objective has such a thing. */
  readonly accuracy?: number;
}

export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** At its end. */
  readonly learningRate: number;
  /** In training mode, with dropout, while the weights change. */
  readonly training: Figures;
  /** Of the held-out examples, after it; only where there are any. */
  readonly heldOut?: Figures;
}

export interface Progress extends Figures {
  /** From 1. */
  readonly epoch: number;
  /** Examples of this epoch that are done. */
  readonly done: number;
  readonly total: number;
}

/** All that training needs to go on where it was, to the same weights. */
export interface Checkpoint {
  readonly weights: readonly Float32Array[];
  readonly optimizer: AdamState;
  readonly history: readonly Epoch[];
}

export interface TrainOptions {
  readonly objective: Objective;
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the first step; it falls to 0 along half a cosine. Default 0.001. */
  readonly learningRate?: number;
  /** The same seed, examples and backend make the same weights. */
  readonly seed: number;
  /** What layers draw from while they train; it starts anew with each epoch. */
  readonly noise?: SeededRandom;
  readonly heldOut?: Examples;
  /** Where to go on. */
  readonly resume?: Checkpoint | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Waited for after every epoch, for instance while the checkpoint is written. */
  readonly onEpoch?: (checkpoint: Checkpoint) => Promise<void> | void;
}

/** Trains `model` in place; every epoch sees every example once, in an order of its own. */
export async function trainModel(
  tensorflow: TensorFlow,
  model: LayersModel,
  examples: Examples,
  options: TrainOptions,
): Promise<readonly Epoch[]> {
  const { epochs, batchSize, seed, noise, heldOut, resume, onEpoch, learningRate: first = 0.001 } = options;
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  const optimizer = resume ? structuredClone(resume.optimizer) : adamState(variables);
  if (resume) setWeights(tensorflow, model, resume.weights);
  const history = [...(resume?.history ?? [])];
  const steps = epochs * Math.ceil(examples.count / batchSize);
  const rateAt = (step: number) => (first / 2) * (1 + Math.cos((Math.PI * step) / steps));
  for (let epoch = history.length + 1; epoch <= epochs; epoch++) {
    // Nothing random outlives an epoch, so that a run that goes on from a checkpoint draws the same.
    const random = seeded(seed + epoch * 7919);
    noise?.restart(seed + epoch * 104_729);
    const order = permutation(examples.count, random);
    const sums = { loss: 0, accuracy: 0 };
    for (let start = 0; start < examples.count; start += batchSize) {
      // The steps never wait for anything: without a turn of the event loop no timer or signal would get in.
      await setImmediate();
      options.signal?.throwIfAborted();
      const batch = examples.take(order.subarray(start, start + batchSize), random);
      const rate = rateAt(optimizer.step);
      const { loss, accuracy } = step(
        tensorflow,
        model,
        variables,
        optimizer,
        batch,
        rate,
        options.objective,
      );
      const rows = batch.inputs.shape[0] ?? 0;
      sums.loss += loss * rows;
      sums.accuracy += (accuracy ?? Number.NaN) * rows;
      const done = start + rows;
      options.onProgress?.({ epoch, done, total: examples.count, ...figuresOf(sums, done) });
    }
    history.push({
      epoch,
      learningRate: rateAt(optimizer.step),
      training: figuresOf(sums, examples.count),
      ...(heldOut && { heldOut: await judge(tensorflow, model, heldOut, options.objective) }),
    });
    await onEpoch?.({ weights: getWeights(model), optimizer, history: [...history] });
  }
  return history;
}

/** How good the net is as it will be used: without dropout. */
export async function judge(
  { core }: TensorFlow,
  model: LayersModel,
  examples: Examples,
  objective: Objective,
): Promise<Figures> {
  const sums = { loss: 0, accuracy: 0 };
  for (const { inputs, targets } of batches(examples, 256)) {
    await setImmediate();
    const rows = inputs.shape[0] ?? 0;
    core.tidy(() => {
      const outputs = model.apply(tensorOf(core, inputs), { training: false }) as Tensor;
      const wanted = tensorOf(core, targets);
      sums.loss += rows * numberOf(objective.loss(core, outputs, wanted));
      sums.accuracy += rows * numberOf(objective.accuracy?.(core, outputs, wanted));
    });
  }
  return figuresOf(sums, examples.count);
}

function step(
  { core }: TensorFlow,
  model: LayersModel,
  variables: Variable[],
  optimizer: AdamState,
  { inputs, targets }: Batch,
  learningRate: number,
  objective: Objective,
): Figures {
  return core.tidy(() => {
    const [x, y] = [tensorOf(core, inputs), tensorOf(core, targets)];
    let accuracy: Scalar | undefined;
    const { value, grads } = core.variableGrads(() => {
      const outputs = model.apply(x, { training: true }) as Tensor;
      const right = objective.accuracy?.(core, outputs, y);
      accuracy = right && core.keep(right);
      return objective.loss(core, outputs, y);
    }, variables);
    adamStep(core, optimizer, variables, grads, learningRate);
    const figures = { loss: numberOf(value), accuracy: numberOf(accuracy) };
    accuracy?.dispose();
    return figures;
  });
}

/** Weights of all layers, in the order of the model. */
export function getWeights(model: LayersModel): Float32Array[] {
  return model.weights.map((weight) => Float32Array.from(weight.read().dataSync()));
}

function setWeights({ core }: TensorFlow, model: LayersModel, weights: readonly Float32Array[]): void {
  core.tidy(() => {
    for (const [i, weight] of model.weights.entries()) {
      weight.write(core.tensor(weights[i] ?? new Float32Array(), weight.shape as number[], 'float32'));
    }
  });
}

function tensorOf(core: TensorFlow['core'], { shape, data }: Rows): Tensor {
  return core.tensor(data, [...shape], 'float32');
}

function numberOf(scalar: Scalar | undefined): number {
  return scalar?.dataSync()[0] ?? Number.NaN;
}

function figuresOf(sums: { loss: number; accuracy: number }, rows: number): Figures {
  const accuracy = sums.accuracy / rows;
  return { loss: sums.loss / rows, ...(Number.isNaN(accuracy) ? {} : { accuracy }) };
}
