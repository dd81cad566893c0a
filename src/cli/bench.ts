import { Command, InvalidArgumentError } from 'commander';
import type { Step } from './bench/capacity.ts';
import type { BenchReport } from './bench/run.ts';
import { interruptSignal } from './interrupt.ts';

interface Options {
  readonly model: string;
  readonly rate: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly seconds: number;
  readonly max: number;
  readonly json?: boolean;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('how many cameras does this machine hold?')
    .option('-m, --model <bundle>', 'path of a bundle, or builtin:NAME', 'builtin:digits')
    .option('-r, --rate <n>', 'frames a second of each camera', positive, 5)
    .option('-s, --size <WxH>', 'of the pictures', sizeOf, { width: 640, height: 480 })
    .option('--seconds <n>', 'how long each number of cameras is tried', positive, 3)
    .option('--max <n>', 'cameras at most', wholeNumber, 512)
    .option('--json', 'print {model, cameras, atLeast, machine, steps, …} for programs')
    .addHelpText(
      'after',
      `
Starts a gateway with its own broker and a configuration of its own, and adds cameras until fewer than 98 % of
their frames have a verdict within a second. Pictures are generated JPEGs. A model of classes runs in pipeline classify,
a detector in pipeline detect without a motion gate: every frame goes through the net, which is the most that a
camera can cost. The cameras are on this machine too, so that a machine of its own holds a little more.
Takes about a minute; a machine that does other work meanwhile holds less.

Examples:
  edgeward bench
  edgeward bench --model builtin:centernet --rate 2
  edgeward bench --model parts.bundle --size 1280x960 --json`,
    )
    .action(run);
}

async function run({ model, rate, size, seconds, max, json = false }: Options): Promise<void> {
  const { runBench } = await import('./bench/run.ts');
  let header = `${row(['cameras', 'frames/s', 'verdicts/s', 'median', 'p99', ''])}\n`;
  const report = await runBench({
    model,
    framesPerSecond: rate,
    size,
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

function describe(step: Step): string {
  const { cameras, sentPerSecond, verdictsPerSecond, medianMs, p99Ms, held } = step;
  const figures = [cameras, sentPerSecond, verdictsPerSecond, `${medianMs} ms`, `${p99Ms} ms`];
  return row([...figures.map(String), held ? '✓' : '✗']);
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(12)).join('');
}

function sentence({ model, cameras, atLeast, framesPerSecond, width, height, machine }: BenchReport): string {
  const each = `${framesPerSecond} ${framesPerSecond === 1 ? 'frame' : 'frames'} of ${width} × ${height} a second`;
  const where = `(${machine.cores} cores of ${machine.cpu})`;
  if (cameras === 0) return `This machine ${where} does not hold one camera of ${each} with ${model}.`;
  const count = `${atLeast ? 'at least ' : ''}${cameras} ${cameras === 1 ? 'camera' : 'cameras'}`;
  return `This machine ${where} holds ${count} of ${each} with ${model}.`;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function wholeNumber(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width = 0, height = 0] = (/^(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  if (width < 16 || height < 16 || width > 8192 || height > 8192)
    throw new InvalidArgumentError('Expected WIDTHxHEIGHT of 16 to 8192 pixels each.');
  return { width, height };
}
