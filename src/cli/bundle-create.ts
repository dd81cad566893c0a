import { basename, resolve } from 'node:path';
import { Command } from 'commander';

interface Options {
  readonly out?: string;
  readonly name?: string;
  readonly modelVersion: string;
  readonly description?: string;
  readonly license?: string;
  readonly created?: string;
  readonly golden?: string;
}

export function createCommand(): Command {
  return new Command('create')
    .description('pack an optimized run into a bundle')
    .argument('<run>', 'folder of edgeward train, after edgeward optimize')
    .option('-o, --out <file>', 'where the bundle is written (default: NAME-VERSION.bundle)')
    .option('-n, --name <name>', 'of the model, a-z, 0-9 and - (default: the folder of the run)')
    .option('--model-version <semver>', 'of the model', '1.0.0')
    .option('--description <text>', 'for people')
    .option('--license <name>', 'of the weights, such as Apache-2.0')
    .option('--created <date>', 'ISO 8601; without it the same run makes the same bytes')
    .option(
      '--golden <folder>',
      'pictures, a folder a class, to take golden samples from (default: held-out data)',
    )
    .addHelpText(
      'after',
      `
Golden samples are some of every class that the net is least sure of while still right, with its answers: a gateway takes the bundle only if it answers the same. They are part of the bundle, so
take them from pictures that may be given away.

Example:
  edgeward bundle create runs/digits --license Apache-2.0`,
    )
    .action(async (run: string, options: Options) => {
      const { bundleRun } = await import('../training/bundle-run.ts');
      const {
        name = basename(resolve(run)),
        modelVersion: version,
        description,
        license,
        created,
        golden,
      } = options;
      const out = options.out ?? `${name}-${version}.bundle`;
      const { digest, bytes } = await bundleRun({
        folder: resolve(run),
        out,
        name,
        version,
        description,
        license,
        created,
        golden,
      });
      process.stdout.write(`${out}: ${bytes} bytes, ${digest}\n`);
    });
}
