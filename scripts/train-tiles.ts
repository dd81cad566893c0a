/** Trains the built-in model of magnetic tiles: `npx tsx scripts/train-tiles.ts --data ../shared/data/magnetic-tile`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { readTiles } from '../eval/tiles.ts';
import { fitMarkedParts } from '../src/training/defect/fit-marked.ts';
import { writePartBundle } from '../src/training/defect/part-bundle.ts';
import { readMasks, readParts } from '../src/training/defect/read-parts.ts';
import { leaveNothing } from '../test/support/leave-nothing.ts';
import { goldenPlates } from './golden-plates.ts';

async function main({ data, out, seed }: { data: string; out: string; seed: string }): Promise<void> {
  leaveNothing();
  // Pictures of one tile follow each other, so that cross-validation keeps them together.
  const tiles = (await readTiles(data)).toSorted((a, b) => Number(a.group) - Number(b.group));
  const good = tiles.filter(({ isBad }) => !isBad).map(({ file }) => file);
  const bad = tiles.flatMap(({ isBad, file, mask }) => (isBad && mask ? [{ file, mask }] : []));
  const fitted = await fitMarkedParts({
    good: await readParts(good),
    bad: await readParts(bad.map(({ file }) => file)),
    masks: await readMasks(bad.map(({ mask }) => mask)),
    seed: Number(seed),
    onProgress: (step) => process.stderr.write(`${step}\n`),
  });
  await mkdir(out, { recursive: true });
  const path = join(out, 'tiles.bundle');
  const bundle = await writePartBundle(
    {
      fitted,
      name: 'tiles',
      version: '1.0.0',
      description: 'Defects of magnetic tiles: blowholes, breaks, cracks, fraying, uneven grinding.',
      golden: await goldenPlates(),
      license: 'Apache-2.0',
    },
    path,
  );
  const { good: passed, bad: found } = fitted.heldOut;
  const refused = passed.filter((score) => score >= 0.5).length;
  const caught = found.filter((score) => score >= 0.5).length;
  process.stderr.write(
    `held out: ${refused} of ${passed.length} good refused, ${caught} of ${found.length} bad found\n`,
  );
  process.stderr.write(`${path}: ${bundle.bytes} bytes, ${bundle.digest}\n`);
}

await new Command('train-tiles')
  .description('train the built-in model of magnetic tiles and write its bundle')
  .requiredOption('--data <folder>', 'pictures, masks and labels.csv')
  .option('--out <folder>', 'where tiles.bundle is written', 'models/tiles')
  .option('--seed <number>', 'the same seed makes the same bundle', '1')
  .action(main)
  .parseAsync();
