import { access, readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { GatewayError } from '../errors.ts';
import { sniffFormat } from '../image.ts';
import { decode } from '../models/child/decode.ts';
import { resize } from '../models/child/resize.ts';
import { exportIndex, unlabelledFolder } from '../sample-export.ts';
import { type Dataset, digestOf, type InputSpec, picturePart } from './dataset.ts';
import { type Pictures, pick } from './pictures.ts';
import { permutation, seeded } from './random.ts';

type PictureSpec = Extract<InputSpec, { kind: 'picture' }>;

export interface FolderOptions {
  readonly folder: string;
  readonly input: PictureSpec;
  readonly seed: number;
  /** Absent: one kind of pictures, as of good parts, that the net learns to draw. */
  readonly classes: boolean;
  readonly limit?: number | undefined;
}

const picture = /\.(jpe?g|png|webp)$/i;
const natural = new Intl.Collator('en', { numeric: true });
const maxPixels = 2 ** 26;
/** Of all pictures of a dataset, at the size of the net: what an ordinary computer has to spare. */
const maxBytes = 2 ** 31;

/**
 * Pictures of a folder, with `classes` a folder each. Where there are folders `train` and `test`, these are the
 * parts; else 15 of 100 of each class are to test with. Of those to learn from, 15 of 100 are held out. The order
 * follows from the seed. Of the export of a gateway's samples every labelled picture is taken.
 * @throws DATASET_INVALID if there are no pictures, fewer than two classes, or one cannot be decoded.
 */
export async function folderDataset(options: FolderOptions): Promise<Dataset> {
  const { folder, input, seed, classes, limit = Number.POSITIVE_INFINITY } = options;
  const split = !(await isSampleExport(folder)) && (await foldersIn(folder)).includes('train');
  const root = split ? join(folder, 'train') : folder;
  const labels = classes ? await labelsIn(root) : undefined;
  const all = await readPictures(root, labels, input);
  const parts = shares(all.pictures.labels, seed, split ? [0.85, 0.15] : [0.7, 0.15, 0.15]);
  const [training = new Uint32Array(), heldOut = new Uint32Array(), rest] = parts;
  const test = split ? (await readPictures(join(folder, 'test'), labels, input)).pictures : undefined;
  const testing = test ?? (rest && pick(all.pictures, rest));
  const targets = classes ? 'class' : 'self';
  if (heldOut.length === 0)
    throw invalid('at least 7 pictures of each class', folder, `${all.pictures.count} in all`);
  return {
    name: basename(folder),
    digest: all.digest,
    input,
    ...(labels && { labels }),
    training: picturePart(pick(all.pictures, training.subarray(0, limit)), targets),
    heldOut: picturePart(pick(all.pictures, heldOut), targets),
    ...(testing && testing.count > 0 && { test: picturePart(testing, targets) }),
  };
}

/**
 * The pictures of a folder, in natural order, at the size of the net; with `labels` those of the folders of these
 * names, or with these names in front of theirs.
 * @throws DATASET_INVALID
 */
export async function readPictures(
  folder: string,
  labels: readonly string[] | undefined,
  input: PictureSpec,
): Promise<{ pictures: Pictures; files: readonly string[]; digest: string }> {
  const lists = await listsOf(folder, labels);
  const files = lists.flat();
  const { width, height, colour } = input;
  const channels = colour === 'grey' ? 1 : 3;
  const area = width * height * channels;
  if (files.length === 0) throw invalid('pictures', folder, 'none');
  if (files.length * area > maxBytes) throw invalid(`at most ${maxBytes} bytes of pixels`, folder, 'more');
  const pixels = new Uint8Array(files.length * area);
  const seen: (string | Uint8Array)[] = [];
  for (const [i, file] of files.entries()) {
    const data = await readFile(file);
    await decodeInto(file, data, input, pixels, i * area);
    seen.push(`${relative(folder, file)}\n`, digestOf([data]));
  }
  const all = Uint16Array.from(lists.flatMap((list, label) => list.map(() => label)));
  return {
    pictures: { count: files.length, width, height, channels, pixels, labels: all },
    files,
    digest: digestOf(seen),
  };
}

/** Of each class its pictures: those of its folder or, where there are no folders, those called `CLASS-…`. */
async function listsOf(folder: string, labels: readonly string[] | undefined): Promise<string[][]> {
  if (labels === undefined) return [await picturesIn(folder)];
  if ((await foldersIn(folder)).length > 0) {
    return Promise.all(labels.map((label) => picturesIn(join(folder, label))));
  }
  const all = await picturesIn(folder);
  return labels.map((label) => all.filter((file) => basename(file).startsWith(`${label}-`)));
}

async function decodeInto(
  file: string,
  data: Buffer,
  input: PictureSpec,
  out: Uint8Array,
  at: number,
): Promise<void> {
  const { width, height, colour, resize: mode } = input;
  const format = sniffFormat(data);
  if (format === undefined) throw invalid('JPEG, PNG or WebP', file, 'other bytes');
  const pixels = await decode({ data, format, raw: undefined, region: undefined }, colour, maxPixels).catch(
    (cause) => {
      throw new GatewayError(
        'DATASET_INVALID',
        `Expected a picture for ${file} but received ${cause.message}`,
        { cause },
      );
    },
  );
  resize(pixels, undefined, { width, height, colour, resize: mode, pad: 0 }, out, at);
}

/** The places of each class dealt out in these shares, mixed by the seed. */
function shares(labels: Uint16Array, seed: number, parts: readonly number[]): Uint32Array[] {
  const random = seeded(seed);
  const order = permutation(labels.length, random);
  const dealt: number[][] = parts.map(() => []);
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  for (let label = 0; label < classes; label++) {
    const places = order.filter((place) => labels[place] === label);
    let [from, share] = [0, 0];
    for (const [part, size] of parts.entries()) {
      share += size;
      const to = Math.round(share * places.length);
      dealt[part]?.push(...places.slice(from, to));
      from = to;
    }
  }
  // Not class by class: what `limit` leaves is to have all of them.
  return dealt.map((places) => {
    const mixed = permutation(places.length, random);
    return mixed.map((i) => places[i] ?? 0);
  });
}

async function labelsIn(folder: string): Promise<string[]> {
  const isExport = await isSampleExport(folder);
  const names = (await foldersIn(folder)).filter((name) => !isExport || name !== unlabelledFolder);
  if (names.length < 2) throw invalid('a folder for each of two classes or more', folder, `${names.length}`);
  return names;
}

/** Its folders are classes, whatever they are called: a gateway may well know what a train is. */
async function isSampleExport(folder: string): Promise<boolean> {
  return access(join(folder, exportIndex)).then(
    () => true,
    () => false,
  );
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw new GatewayError('DATASET_INVALID', `Expected a folder but received ${folder}`, { cause });
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort(natural.compare);
}

async function picturesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause) => {
    throw new GatewayError('DATASET_INVALID', `Expected a folder but received ${folder}`, { cause });
  });
  return names
    .filter((name) => picture.test(name))
    .sort(natural.compare)
    .map((name) => join(folder, name));
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
