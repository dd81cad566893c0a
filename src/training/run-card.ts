import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Preprocessing } from '../compiler/passes/picture-input.ts';
import { GatewayError } from '../errors.ts';
import { writeWhole } from '../write-whole.ts';
import type { InputSpec } from './dataset.ts';
import type { Normal } from './readings-dataset.ts';
import type { Recipe } from './recipe.ts';

/** `run.json`: what a training run made, for the commands that go on from it. */
export interface RunCard {
  readonly format: 1;
  readonly recipe: Recipe;
  readonly backend: string;
  readonly data: {
    readonly name: string;
    /** `sha256:…` */
    readonly digest: string;
    readonly training: number;
    readonly heldOut: number;
    readonly test: number;
  };
  readonly input: InputSpec;
  readonly labels?: readonly string[];
  /** Of readings. */
  readonly normal?: Normal;
  /** File of the run with the trained net, in a format that the compiler takes. */
  readonly model: string;
  /** What was done to pictures before that net, absent where it takes other numbers. */
  readonly preprocessing?: Preprocessing;
}

export const runFile = 'run.json';
/** What `edgeward optimize` writes beside it. */
export const optimizedFile = 'model.onnx';
export const optimizeReportFile = 'optimize.json';

export async function writeRunCard(folder: string, card: RunCard): Promise<void> {
  await writeWhole(join(folder, runFile), `${JSON.stringify(card, undefined, 2)}\n`);
}

/** @throws REQUEST_INVALID if the folder is not that of a run that came to its end. */
export async function readRunCard(folder: string): Promise<RunCard> {
  try {
    const card: RunCard = JSON.parse(await readFile(join(folder, runFile), 'utf8'));
    if (card.format === 1 && typeof card.model === 'string' && typeof card.recipe?.data === 'string')
      return card;
  } catch (cause) {
    throw noRun(folder, cause);
  }
  throw noRun(folder);
}

function noRun(folder: string, cause?: unknown): GatewayError {
  const text = `Expected the folder of a finished edgeward train for ${folder} but received one without ${runFile}`;
  return new GatewayError('REQUEST_INVALID', text, { cause });
}
