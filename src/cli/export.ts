import { resolve } from 'node:path';
import { Command } from 'commander';
import { writeWhole } from '../write-whole.ts';
import { count } from './numbers.ts';

interface Options {
  readonly out: string;
  readonly int8?: boolean;
  readonly samples: number;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('write the net of a run as a .tflite file, for runtimes other than edgeward')
    .argument('<run>', 'folder of edgeward train')
    .requiredOption('-o, --out <file>', 'where to write the .tflite file')
    .option('--int8', 'int8 all through, inputs and outputs included; calibrated with held-out examples')
    .option('--samples <n>', 'how many to calibrate with', count, 512)
    .addHelpText(
      'after',
      `
The file takes one example: of pictures floats from 0 to 1, or with --int8 their bytes less 128.

Example:
  edgeward export runs/digits --int8 --out digits.tflite`,
    )
    .action(async (run: string, { out, int8 = false, samples }: Options) => {
      const { exportRun } = await import('../training/tflite/export-run.ts');
      const file = await exportRun(resolve(run), { int8, samples });
      await writeWhole(out, file);
      process.stdout.write(`${out}: ${file.byteLength} bytes, ${int8 ? 'int8' : 'float32'}\n`);
    });
}
