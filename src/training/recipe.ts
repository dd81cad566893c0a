import type { Preprocessing } from '../compiler/passes/picture-input.ts';
import { GatewayError } from '../errors.ts';
import type { Augmentation } from './pictures.ts';

export type TaskName = 'mnist' | 'classify' | 'autoencoder';

/** A frozen net whose answers a head is trained on. */
export interface Backbone {
  /** Absolute path of whatever the compiler takes. */
  readonly path: string;
  /** What was done to pictures before it; absent for a net that takes bytes. */
  readonly preprocessing?: Preprocessing;
  /** Which value of its graph: its `output`, the input of its last product (`penultimate`), or a name. */
  readonly features: string;
}

/** All that decides the weights of a run. */
export interface Recipe {
  readonly task: TaskName;
  /** Absolute path. */
  readonly data: string;
  readonly net: 'dense' | 'conv' | 'head';
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** At most so many examples to learn from. */
  readonly limit?: number;
  readonly augmentation: Augmentation;
  /** Of pictures; `mnist` and backbones have their own size. */
  readonly picture?: { readonly width: number; readonly height: number; readonly colour: 'grey' | 'rgb' };
  /** Of readings: samples of a window, from one to the next, and a second. */
  readonly readings?: { readonly window: number; readonly stride: number; readonly rateHz: number };
  readonly backbone?: Backbone;
  /** Numbers that an autoencoder squeezes its input into. */
  readonly code: number;
}

/** What is meant where nothing is said. */
export function recipeDefaults(
  task: TaskName,
  net: Recipe['net'],
): Pick<Recipe, 'epochs' | 'batchSize' | 'learningRate' | 'augmentation' | 'code'> {
  const common = { batchSize: 64, learningRate: 0.002, augmentation: {}, code: 8 };
  if (task === 'mnist' && net === 'conv') {
    return { ...common, epochs: 8, batchSize: 128, augmentation: { shift: 1 } };
  }
  if (task === 'mnist') return { ...common, epochs: 10 };
  if (task === 'autoencoder') return { ...common, epochs: 60, batchSize: 32 };
  if (net === 'head') return { ...common, epochs: 40, batchSize: 32 };
  return { ...common, epochs: 40, batchSize: 32, augmentation: { shift: 2, mirror: true, brightness: 0.2 } };
}

/** @throws REQUEST_INVALID if the parts of the recipe do not fit each other. */
export function checkRecipe({ task, net, backbone, readings, picture }: Recipe): void {
  if (net === 'head' && task !== 'classify') throw unfit('--net head', 'the task classify', task);
  const sides = task === 'autoencoder' && !readings && picture ? [picture.width, picture.height] : [];
  if (sides.some((side) => side % 8 !== 0))
    throw unfit('multiples of 8', 'the size of pictures', sides.join(' x '));
  if ((net === 'head') !== (backbone !== undefined)) {
    throw unfit(
      net === 'head' ? 'a --backbone' : '--net head',
      `--net ${net}`,
      backbone ? 'a backbone' : 'none',
    );
  }
}

function unfit(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
