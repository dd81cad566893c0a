import { basename, extname, resolve } from 'node:path';
import { Command } from 'commander';
import type { GraphOptions } from './bundle-graph.ts';

interface Options extends GraphOptions {
  readonly out?: string;
  readonly created?: string;
}

const firstVersion = '1.0.0';

export function createCommand(): Command {
  return new Command('create')
    .description('pack an optimized run, or a compiled graph, into a bundle')
    .argument(
      '<model>',
      'folder of edgeward train, after edgeward optimize; or an .onnx file of edgeward compile',
    )
    .option('-o, --out <file>', 'where the bundle is written (default: NAME-VERSION.bundle)')
    .option('-n, --name <name>', 'of the model, a-z, 0-9 and - (default: the folder of the run)')
    .option('--model-version <semver>', `of the model (default: ${firstVersion})`)
    .option('--description <text>', 'for people')
    .option('--license <name>', 'of the weights, such as Apache-2.0')
    .option('--created <date>', 'ISO 8601; without it the same run makes the same bytes')
    .option(
      '--golden <folder>',
      'pictures to take golden samples from: of a run in a folder a class (default: held-out data)',
    )
    .option('-m, --manifest <json>', 'of a graph: what it takes and how its outputs are read')
    .option('--labels <file>', 'of a graph: text with a label a line')
    .option('--file <files...>', 'of a graph: more files of the bundle, as the anchors of a detector')
    .addHelpText(
      'after',
      `
Golden samples of a run are some of every class that the net is least sure of while still right, of a graph the
first eight pictures of the folder, with the answers of the net: a gateway takes the bundle only if it answers the
same. They are part of the bundle, so take them from pictures that may be given away.

docs/models.md has manifests for well-known nets.

Examples:
  edgeward bundle create runs/digits --license Apache-2.0
  edgeward bundle create yolox.edge.onnx --manifest yolox.json --golden photos`,
    )
    .action(async (model: string, options: Options) => {
      const { out, digest, bytes } = await (extname(model) === '.onnx' ? packGraph : packRun)(model, options);
      process.stdout.write(`${out}: ${bytes} bytes, ${digest}\n`);
    });
}

interface Packed {
  readonly out: string;
  readonly digest: string;
  readonly bytes: number;
}

async function packRun(run: string, options: Options): Promise<Packed> {
  const { bundleRun } = await import('../training/bundle-run.ts');
  const { name = basename(resolve(run)), modelVersion: version = firstVersion } = options;
  const { out = `${name}-${version}.bundle`, description, license, created, golden } = options;
  const folder = resolve(run);
  const written = { folder, out, name, version, description, license, created, golden };
  return { out, ...(await bundleRun(written)) };
}

async function packGraph(graph: string, options: Options): Promise<Packed> {
  const [{ readGraph }, { createBundle }] = await Promise.all([
    import('./bundle-graph.ts'),
    import('../models/create-bundle.ts'),
  ]);
  const parts = await readGraph(graph, options);
  const { name, version } = parts.manifest;
  const { out = `${name}-${version}.bundle` } = options;
  return { out, ...(await createBundle(parts, out)) };
}
