import { basename } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { GatewayError } from '../../errors.ts';
import type { Box } from '../../image.ts';
import type { FitOptions, FittedParts } from '../../training/defect/fit.ts';
import { type NgScore, ngScores } from '../../training/defect/ng-scores.ts';
import { interruptSignal } from '../interrupt.ts';
import { count } from '../numbers.ts';

interface Options {
  readonly good: string;
  readonly bad?: string;
  readonly masks?: string;
  readonly out: string;
  readonly name?: string;
  readonly modelVersion: string;
  readonly crop?: Box;
  readonly steps?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function fitDefectCommand(): Command {
  return new Command('defect')
    .description('learn from pictures of good parts what a defect is, and write it as a bundle')
    .requiredOption('--good <folder>', 'pictures of good parts: 30 or more, as the line camera sends them')
    .option('--bad <folder>', 'pictures of bad parts, to lay the threshold better')
    .option(
      '--masks <folder>',
      'for every bad one a picture of its name, white where it is bad: learn from it',
    )
    .requiredOption('-o, --out <file>', 'the bundle')
    .option('--name <name>', 'of the model (default: after the bundle)')
    .option('--model-version <semver>', 'of the bundle', '1.0.0')
    .option('--crop <x,y,width,height>', 'the part of each picture that is meant, in [0, 1]', box)
    .option(
      '--steps <n>',
      'of each of three nets that learn small defects from the masks (default: 400, some minutes)',
      count,
    )
    .option('--seed <n>', 'the same seed and pictures make the same bundle', count, 1)
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
No labels and no GPU: a frozen net looks at patches of each picture, and what is learned is how those of good
parts scatter, and to tell them from damage that is made up. The threshold comes from good parts that were held out
(score 0.5); without --bad it lies high. Pictures of one part should follow each other by name, so that it is never
held out from itself. See docs/defects.md.
Examples:
  edgeward fit defect --good parts/ok --out bracket.bundle
  edgeward fit defect --good parts/ok --bad parts/ng --out bracket.bundle`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const [{ partFiles, readMasks, readParts }, { writePartBundle }] = await Promise.all([
    import('../../training/defect/read-parts.ts'),
    import('../../training/defect/part-bundle.ts'),
  ]);
  const started = performance.now();
  const { crop, seed, steps } = options;
  const goodFiles = await partFiles(options.good);
  const badFiles = options.bad === undefined ? undefined : await partFiles(options.bad);
  const maskFiles = options.masks === undefined ? undefined : await partFiles(options.masks);
  const fitted = await learn({
    good: await readParts(goodFiles, crop),
    bad: badFiles && (await readParts(badFiles, crop)),
    masks: maskFiles && (await readMasks(matched(maskFiles, badFiles ?? []), crop)),
    steps,
    seed,
    signal: interruptSignal(),
    onProgress: (step) => {
      if (!options.json) process.stderr.write(`${step}\n`);
    },
  });
  const name = options.name ?? basename(options.out).replace(/\.bundle$/, '');
  const evenly = [0, 0.5, 1].map((share) => goodFiles[Math.round(share * (goodFiles.length - 1))] ?? '');
  const bundle = await writePartBundle(
    {
      fitted,
      name,
      version: options.modelVersion,
      description: `Defects of ${name}, learned from ${goodFiles.length} good and ${badFiles?.length ?? 0} bad parts.`,
      golden: [...new Set([...evenly, ...(badFiles?.slice(0, 1) ?? [])])],
    },
    options.out,
  );
  const { good, bad } = fitted.heldOut;
  const report = {
    out: options.out,
    ...bundle,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    good: { count: good.length, refused: good.filter((score) => score >= 0.5).length },
    bad: { count: bad.length, found: bad.filter((score) => score >= 0.5).length },
    ngScores: ngScores(fitted.heldOut),
  };
  process.stdout.write(`${options.json ? JSON.stringify(report) : describe(report)}\n`);
}

interface Lessons extends FitOptions {
  readonly masks: readonly Float32Array[] | undefined;
  readonly steps: number | undefined;
}

/** From masks too, where there are some. */
async function learn({ masks, steps, ...options }: Lessons): Promise<FittedParts> {
  const { bad } = options;
  if (bad && masks) {
    const { fitMarkedParts } = await import('../../training/defect/fit-marked.ts');
    return fitMarkedParts({ ...options, bad, masks, steps });
  }
  const { fitParts } = await import('../../training/defect/fit.ts');
  return fitParts(options);
}

interface Report {
  readonly out: string;
  readonly digest: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly good: { readonly count: number; readonly refused: number };
  readonly bad: { readonly count: number; readonly found: number };
  readonly ngScores: readonly NgScore[];
}

function describe({ out, digest, bytes, seconds, good, bad, ngScores: others }: Report): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return [
    `good   ${good.refused} of ${good.count} would be refused, each judged without having been learned from`,
    ...others.map(
      ({ refused, score, found }) =>
        `       at most ${percent(refused)} with ngScore: ${score}` +
        (found === undefined ? '' : `, which finds ${percent(found)} of the bad ones`),
    ),
    ...(bad.count > 0 ? [`bad    ${bad.found} of ${bad.count} would be found`] : []),
    `bundle ${out}, ${(bytes / 1e6).toFixed(2)} MB, ${digest}`,
    `took   ${seconds} s`,
  ].join('\n');
}

/** The mask of every bad part, by the name before the ending. @throws DATASET_INVALID naming a part without one. */
function matched(masks: readonly string[], parts: readonly string[]): string[] {
  const stem = (file: string) => basename(file).replace(/\.\w+$/, '');
  const known = new Map(masks.map((file) => [stem(file), file]));
  return parts.map((part) => {
    const mask = known.get(stem(part));
    if (mask === undefined) {
      throw new GatewayError('DATASET_INVALID', `Expected a mask for ${part} but found none`);
    }
    return mask;
  });
}

function box(text: string): Box {
  const [x, y, width, height, ...rest] = text.split(',').map(Number);
  const numbers = [x, y, width, height];
  const inside = numbers.every((each) => each !== undefined && each >= 0 && each <= 1);
  if (!inside || rest.length > 0 || !width || !height) {
    throw new InvalidArgumentError('Expected four numbers in [0, 1] such as 0.1,0.1,0.8,0.8.');
  }
  return { x: x ?? 0, y: y ?? 0, width, height };
}
