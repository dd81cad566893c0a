import { resolve } from 'node:path';
import type { Recipe, TaskName } from '../training/recipe.ts';
import { type PreprocessingOptions, preprocessingOf } from './compile-options.ts';

export interface TrainOptions extends PreprocessingOptions {
  readonly data: string;
  readonly out: string;
  readonly net?: 'dense' | 'conv';
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed: number;
  readonly limit?: number;
  readonly resume?: boolean;
  readonly size?: { readonly width: number; readonly height: number };
  readonly grey?: boolean;
  readonly augment: boolean;
  readonly backbone?: string;
  readonly features: string;
  readonly window?: number;
  readonly stride?: number;
  readonly rate: number;
  readonly code?: number;
  readonly json?: boolean;
}

/** What the options say, and what is meant where they say nothing. */
export async function recipeOf(task: string, options: TrainOptions): Promise<Recipe> {
  const { recipeDefaults } = await import('../training/recipe.ts');
  const { data, seed, limit, size, grey, augment, backbone, features, window } = options;
  const name = task as TaskName;
  const net = backbone === undefined ? (options.net ?? ordinaryNet(name, window)) : 'head';
  const preprocessing = preprocessingOf(options);
  const defaults = recipeDefaults(name, net);
  return {
    task: name,
    data: resolve(data),
    net,
    epochs: options.epochs ?? defaults.epochs,
    batchSize: options.batchSize ?? defaults.batchSize,
    learningRate: options.learningRate ?? defaults.learningRate,
    seed,
    ...(limit !== undefined && { limit }),
    augmentation: augment ? defaults.augmentation : {},
    ...((size || grey) && {
      picture: { ...(size ?? { width: 96, height: 96 }), colour: grey ? 'grey' : 'rgb' },
    }),
    ...(window !== undefined && {
      readings: { window, stride: options.stride ?? Math.ceil(window / 2), rateHz: options.rate },
    }),
    ...(backbone !== undefined && {
      backbone: { path: resolve(backbone), features, ...(preprocessing && { preprocessing }) },
    }),
    code: options.code ?? defaults.code,
  };
}

function ordinaryNet(task: TaskName, window: number | undefined): 'dense' | 'conv' {
  return task === 'mnist' || window !== undefined ? 'dense' : 'conv';
}
