import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { writeWhole } from '../write-whole.ts';
import { besides, showStep } from './compile.ts';
import { addPreprocessing, type PreprocessingOptions, preprocessingOf } from './compile-options.ts';
import { describe } from './compile-table.ts';
import { interruptSignal } from './interrupt.ts';
import { count, number } from './numbers.ts';

interface Options extends PreprocessingOptions {
  readonly data?: string;
  readonly out?: string;
  readonly bound: number;
  readonly samples: number;
  readonly prefer: 'size' | 'speed';
  readonly resize: 'fill' | 'cover' | 'contain';
  readonly json?: boolean;
}

export function optimizeCommand(): Command {
  const command = new Command('optimize')
    .description(
      'compile a trained net to int8, calibrated on data that it has not learned from, within a bound',
    )
    .argument('<run>', 'folder of edgeward train, or with --data any model that edgeward compile takes')
    .option('-b, --bound <points>', 'by how much the held-out result may fall, of 100', number, 0.3)
    .option('--samples <n>', 'held-out examples to calibrate with', count, 512)
    .addOption(
      new Option(
        '--prefer <what>',
        'of the graphs within the bound the smaller, or the faster on this computer',
      )
        .choices(['size', 'speed'])
        .default('size'),
    )
    .option(
      '-d, --data <folder>',
      'of a model that is no run: pictures, a folder a class in the order of its classes',
    )
    .option(
      '-o, --out <file>',
      'of a model that is no run: where to write the ONNX graph (default: beside it)',
    );
  return addPreprocessing(command)
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
Ways to quantize are tried on the held-out examples. Layers that cost too much go back to float, and where even
that does not hold the bound the net stays in float. Of a run model.onnx and optimize.json are written beside the
net; the result is then measured once on the examples to test with.

Examples:
  edgeward optimize runs/digits
  edgeward optimize resnet.onnx --data flowers --scale 1/255 --bound 0.5`,
    )
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  const { data, bound, samples, prefer, json = false } = options;
  const progress = showStep(!json);
  const common = { bound, samples, prefer, signal: interruptSignal(), onProgress: progress.step };
  const work = data === undefined ? optimizeRun(path, common) : optimizeModel(path, data, options, common);
  const { out, report } = await work.finally(progress.stop);
  if (json) {
    process.stdout.write(`${JSON.stringify({ out, ...report })}\n`);
    return;
  }
  const { result, metric, bytes, compiled } = report;
  const rows = [
    ['float', `${percent(result.float)}, ${kilobytes(bytes.float)}`],
    [
      'optimized',
      `${percent(result.optimized)}, ${kilobytes(bytes.optimized)}, ${(bytes.float / bytes.optimized).toFixed(2)} times smaller`,
    ],
    ['measured', `${metric} of ${result.count} examples (${result.part})`],
  ];
  const table = rows.map(([name = '', text]) => `${name.padEnd(11)} ${text}`).join('\n');
  process.stdout.write(`${describe(out, compiled)}\n${table}\n`);
}

type Common = Parameters<typeof import('../training/optimize.ts')['optimizeRun']>[1];

async function optimizeRun(path: string, common: Common) {
  const [{ optimizeRun }, { optimizedFile }] = await Promise.all([
    import('../training/optimize.ts'),
    import('../training/run-card.ts'),
  ]);
  return { report: await optimizeRun(resolve(path), common), out: join(path, optimizedFile) };
}

async function optimizeModel(path: string, data: string, options: Options, common: Common) {
  const [{ optimizeModel }, { labelledPictures }] = await Promise.all([
    import('../training/optimize.ts'),
    import('../training/model-dataset.ts'),
  ]);
  await stat(path);
  const source = { path, preprocessing: preprocessingOf(options) };
  const dataset = await labelledPictures(source, data, options.resize);
  const { report, file } = await optimizeModel(source, dataset, common);
  const out = options.out ?? besides(path);
  await writeWhole(out, file);
  return { report, out };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
