import { resolve } from 'node:path';
import type { Preprocessing } from '../compiler/passes/picture-input.ts';
import type { Recipe, TaskName } from '../training/recipe.ts';

export interface TrainOptions {
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
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly scale?: number;
  readonly colour?: 'rgb' | 'bgr' | 'grey';
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
      backbone: { path: resolve(backbone), features, ...preprocessingOf(options) },
    }),
    code: options.code ?? defaults.code,
  };
}

function ordinaryNet(task: TaskName, window: number | undefined): 'dense' | 'conv' {
  return task === 'mnist' || window !== undefined ? 'dense' : 'conv';
}

/** A backbone that was quantized takes bytes as they are, and so does one of which nothing is said. */
function preprocessingOf({ mean, std, scale, colour }: TrainOptions): { preprocessing?: Preprocessing } {
  if ([mean, std, scale, colour].every((each) => each === undefined)) return {};
  return {
    preprocessing: {
      ...(mean && { mean }),
      ...(std && { std }),
      ...(scale !== undefined && { scale }),
      ...(colour && { colour }),
    },
  };
}
