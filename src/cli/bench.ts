import { Command, InvalidArgumentError } from 'commander';
import { GatewayError } from '../errors.ts';
import type { Step } from './bench/capacity.ts';
import type { BenchReport } from './bench/run.ts';
import type { Subject } from './bench/subject.ts';
import { interruptSignal } from './interrupt.ts';
import { count, positive } from './numbers.ts';

interface Options {
  readonly model?: string;
  readonly config?: string;
  readonly pipeline?: string;
  readonly pictures?: string;
  readonly rate: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly seconds: number;
  readonly max: number;
  readonly json?: boolean;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('how many cameras does this machine hold?')
    .option('-m, --model <bundle>', 'path of a bundle, or builtin:NAME (default: builtin:digits)')
    .option('-c, --config <file>', 'instead of a model: your configuration, of which a pipeline is measured')
    .option('--pipeline <name>', 'which of its pipelines; default: the only one')
    .option('--pictures <folder>', 'what the cameras send; default: drawn pictures of --size')
    .option('-r, --rate <n>', 'frames a second of each camera', positive, 5)
    .option('-s, --size <WxH>', 'of the pictures', sizeOf, { width: 640, height: 480 })
    .option('--seconds <n>', 'how long each number of cameras is tried', positive, 3)
    .option('--max <n>', 'cameras at most', count, 512)
    .option('--json', 'print {model, cameras, atLeast, machine, steps, …} for programs')
    .addHelpText(
      'after',
      `
Starts a gateway with its own broker and a configuration of its own, and adds cameras until fewer than 98 % of
their frames have a verdict within a second. A model of classes runs in pipeline classify, a detector in pipeline
detect without a motion gate: every frame goes through the net, which is the most that a camera can cost. A pipeline
of your configuration runs with its models and options as they stand there, but drops frames rather than lag, and
all the machine is its own: other pipelines do not run. Each camera shows one picture after the other, so that a motion
gate sees as much motion as the pictures have. The cameras are on this machine too, so that a machine of its own
holds a little more. Takes about a minute; a machine that does other work meanwhile holds less.

Examples:
  edgeward bench
  edgeward bench --model builtin:centernet --rate 2
  edgeward bench --config edgeward.yaml --pipeline people --pictures snapshots --rate 2
  edgeward bench --model parts.bundle --size 1280x960 --json`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { rate, size, pictures, seconds, max, json = false } = options;
  const [{ runBench }, { drawnPictures, picturesOf }] = await Promise.all([
    import('./bench/run.ts'),
    import('./bench/pictures.ts'),
  ]);
  let header = `${row(['cameras', 'frames/s', 'verdicts/s', 'median', 'p99', ''])}\n`;
  const report = await runBench({
    subject: await subjectOf(options),
    pictures: pictures === undefined ? await drawnPictures(size) : await picturesOf(pictures),
    framesPerSecond: rate,
    seconds,
    maxCameras: max,
    signal: interruptSignal(),
    onStep: (step) => {
      if (!json) process.stdout.write(`${header}${describe(step)}\n`);
      header = '';
    },
  });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `\n${sentence(report)}\n`);
}

async function subjectOf({ model, config, pipeline }: Options): Promise<Subject> {
  if ((config !== undefined && model !== undefined) || (config === undefined && pipeline !== undefined)) {
    throw new GatewayError('REQUEST_INVALID', 'Expected --model, or --config and --pipeline of it');
  }
  const { modelSubject, pipelineSubject } = await import('./bench/subject.ts');
  return config === undefined ? modelSubject(model ?? 'builtin:digits') : pipelineSubject(config, pipeline);
}

function describe(step: Step): string {
  const { cameras, sentPerSecond, verdictsPerSecond, medianMs, p99Ms, held } = step;
  const figures = [cameras, sentPerSecond, verdictsPerSecond, `${medianMs} ms`, `${p99Ms} ms`];
  return row([...figures.map(String), held ? '✓' : '✗']);
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(12)).join('');
}

function sentence({ model, cameras, atLeast, framesPerSecond, pictures, machine }: BenchReport): string {
  const each = `${framesPerSecond} ${framesPerSecond === 1 ? 'frame' : 'frames'} a second of ${pictures}`;
  const where = `(${machine.cores} cores of ${machine.cpu})`;
  if (cameras === 0) return `This machine ${where} does not hold one camera of ${each} with ${model}.`;
  const count = `${atLeast ? 'at least ' : ''}${cameras} ${cameras === 1 ? 'camera' : 'cameras'}`;
  return `This machine ${where} holds ${count} of ${each} with ${model}.`;
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width = 0, height = 0] = (/^(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  if (width < 16 || height < 16 || width > 8192 || height > 8192)
    throw new InvalidArgumentError('Expected WIDTHxHEIGHT of 16 to 8192 pixels each.');
  return { width, height };
}
