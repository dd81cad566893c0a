import { resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { interruptSignal } from './interrupt.ts';
import { count, number, numbers, positive } from './numbers.ts';
import { recipeOf, type TrainOptions } from './train-recipe.ts';

/** What shells report of a program that ended by SIGINT. */
const exitInterrupted = 130;

export function trainCommand(): Command {
  return new Command('train')
    .description('train a net: digits, a folder of pictures a class, or what normal looks like')
    .addArgument(new Argument('<task>', 'what to learn').choices(['mnist', 'classify', 'autoencoder']))
    .requiredOption(
      '-d, --data <path>',
      'mnist: the four idx.gz; classify: a folder a class; autoencoder: pictures or readings',
    )
    .requiredOption('-o, --out <folder>', 'where the run is written')
    .addOption(
      new Option('--net <kind>', 'default: dense for mnist and readings, conv for other pictures').choices([
        'dense',
        'conv',
      ]),
    )
    .option('--epochs <n>', 'times that every example is seen', count)
    .option('--batch-size <n>', 'examples a step', count)
    .option('--learning-rate <n>', 'of the first step; it falls to 0', positive)
    .option('--seed <n>', 'the same seed, data and backend make the same weights', count, 1)
    .option('--limit <n>', 'learn from so many examples at most', count)
    .option('--resume', 'go on after the last epoch of a run that was broken off')
    .option('--size <WxH>', 'of pictures, such as 96x96', size)
    .option('--grey', 'pictures without their colours')
    .option('--no-augment', 'pictures as they are, never shifted, mirrored or brightened')
    .option('--backbone <model>', 'classify: train only a head, on what this frozen net says')
    .option(
      '--features <value>',
      'of the backbone: output, penultimate, or the name of a value',
      'penultimate',
    )
    .option(
      '--mean <numbers>',
      'what the backbone takes: (byte * scale - mean) / std; one, or one a channel',
      numbers,
    )
    .option('--std <numbers>', 'one, or one a channel', numbers)
    .option('--scale <n>', 'as 1/255', positive)
    .addOption(
      new Option('--colour <order>', 'of the channels of the backbone').choices(['rgb', 'bgr', 'grey']),
    )
    .option('--window <n>', 'autoencoder: readings of a window; without it --data are pictures', count)
    .option('--stride <n>', 'readings from one window to the next (default: half a window)', count)
    .option('--rate <hz>', 'readings a second', number, 1)
    .option('--code <n>', 'autoencoder: numbers that its input is squeezed into', count)
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
A run is a folder: the net (model.json of TensorFlow.js, or model.float.onnx on a backbone), report.md with the
confusion matrix, report.json, curves.svg, and a checkpoint of the last epoch. TensorFlow.js computes on
@tensorflow/tfjs-node where that is installed, else on WebAssembly. Go on with edgeward optimize and
edgeward bundle create.

Examples:
  edgeward train mnist --data mnist --out runs/digits --net conv
  edgeward train classify --data parts --out runs/parts --size 96x96
  edgeward train classify --data parts --out runs/parts --backbone mobilenet_v2.tflite
  edgeward train autoencoder --data vibration.csv --window 128 --rate 1000 --out runs/pump`,
    )
    .action(run);
}

async function run(task: string, options: TrainOptions): Promise<void> {
  const [{ trainRun }, { describeRun }, { showTraining }] = await Promise.all([
    import('../training/train-run.ts'),
    import('../training/train-report.ts'),
    import('./train-progress.ts'),
  ]);
  const recipe = await recipeOf(task, options);
  const out = resolve(options.out);
  const view = showTraining(recipe.epochs, options.json === true);
  const signal = interruptSignal();
  try {
    const report = await trainRun({ recipe, out, resume: options.resume === true, signal, ...view });
    view.stop();
    process.stdout.write(
      options.json ? `${JSON.stringify({ out, ...report })}\n` : `${describeRun(report)}\n${out}\n`,
    );
  } catch (error) {
    view.stop();
    if (!signal.aborted) throw error;
    process.stderr.write('Stopped. The same command with --resume goes on after the last whole epoch.\n');
    process.exitCode = exitInterrupted;
  }
}

function size(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{1,4})x(\d{1,4})$/.exec(text) ?? [];
  if (!Number(width) || !Number(height)) throw new InvalidArgumentError('Expected a size such as 96x96.');
  return { width: Number(width), height: Number(height) };
}
