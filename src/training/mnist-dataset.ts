import { type Dataset, digestOf, picturePart } from './dataset.ts';
import { readMnist, side } from './mnist.ts';
import { slice } from './pictures.ts';

/** Of the training digits, the last: never learned from. */
const heldOut = 2_000;

/**
 * MNIST: 58,000 digits to learn from, or the first `limit` of them, 2,000 held out, 10,000 to test with.
 * @throws DATASET_INVALID if a file is missing or damaged.
 */
export async function mnistDataset(folder: string, limit = Number.POSITIVE_INFINITY): Promise<Dataset> {
  const digits = await readMnist(folder, 'train');
  const test = await readMnist(folder, 't10k');
  const split = Math.max(1, digits.count - heldOut);
  const training = slice(digits, 0, Math.min(split, limit));
  return {
    name: 'MNIST',
    digest: digestOf([training.pixels, training.labels].map(bytesOf)),
    input: { kind: 'picture', width: side, height: side, colour: 'grey', resize: 'contain' },
    labels: Array.from({ length: 10 }, (_, label) => String(label)),
    training: picturePart(training, 'class'),
    heldOut: picturePart(slice(digits, split, digits.count), 'class'),
    test: picturePart(test, 'class'),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
