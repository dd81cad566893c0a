import { basename, dirname, extname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { writeWhole } from '../write-whole.ts';
import { addPreprocessing, type Options, preprocessingOf } from './compile-options.ts';
import { interruptSignal } from './interrupt.ts';
import { count, number } from './numbers.ts';

export function compileCommand(): Command {
  const command = new Command('compile')
    .description('turn a TFLite, TensorFlow.js or ONNX model into the graph that runs fastest here')
    .argument('<model>', 'a .tflite or .onnx file, a model.json, or the folder of one')
    .option('-o, --out <file>', 'where to write the ONNX graph (default: beside the model)')
    .option(
      '-c, --calibrate <folder>',
      'pictures (or .csv, .f32 for signals) like those that the net will see',
    )
    .addOption(new Option('-q, --quantize <to>', 'default: int8 with --calibrate').choices(['int8', 'none']))
    .option('--samples <n>', 'how many to calibrate with, evenly over the folder', count, 64)
    .option('--min-sqnr <dB>', 'layers stay in float until outputs are so far above their noise', number, 15)
    .option('--report [file]', 'measure each layer and write all that is known as JSON');
  return addPreprocessing(command)
    .option('--json', 'print the report as one line of JSON')
    .addHelpText(
      'after',
      `
What a net was trained on (mean, std, scale, order of the colours) becomes part of its first layer: the graph
takes the bytes of pictures, [N, height, width, channels] in RGB. Say --scale 1 for a net that takes bytes as
they are. Without any of these options inputs stay as they are. A net that is quantized already keeps its
scales.

With --calibrate the net is quantized to int8. The graph that is written is the faster one on this computer
of int8 and float, of those whose outputs are --min-sqnr above their noise.

Examples:
  edgeward compile mobilenet_v2.tflite
  edgeward compile resnet.onnx --scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 -c photos
  edgeward compile yolox.onnx --scale 1 --colour bgr --resize contain -c photos --report
  edgeward compile autoencoder.tflite -c recordings`,
    )
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  const [{ compile }, { folderSamples }, { describe }] = await Promise.all([
    import('../compiler/compile.ts'),
    import('./compile-samples.ts'),
    import('./compile-table.ts'),
  ]);
  const { calibrate, samples, resize, report: reportFile, json = false } = options;
  const out = options.out ?? besides(path);
  const progress = showStep(!json);
  const { file, report } = await compile({
    path,
    preprocessing: preprocessingOf(options),
    quantize: options.quantize ?? (calibrate === undefined ? 'none' : 'int8'),
    calibration:
      calibrate === undefined
        ? undefined
        : (inputs) => folderSamples(inputs, { folder: calibrate, count: samples, resize }),
    quantization: { bound: { sqnrDb: options.minSqnr }, sensitivity: reportFile !== undefined },
    signal: interruptSignal(),
    onProgress: progress.step,
  }).finally(progress.stop);
  await writeWhole(out, file);
  if (reportFile !== undefined) {
    const where = reportFile === true ? `${out}.json` : reportFile;
    await writeWhole(where, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  process.stdout.write(`${json ? JSON.stringify({ out, ...report }) : describe(out, report)}\n`);
}

/** `mobilenet.tflite` to `mobilenet.edge.onnx`; a folder or its model.json to a name after the folder. */
export function besides(path: string): string {
  const full = resolve(path);
  const named = basename(full) === 'model.json' ? dirname(full) : full;
  return join(dirname(named), `${basename(named, extname(named))}.edge.onnx`);
}

/** One line on a terminal that says what is being done; nothing elsewhere. */
export function showStep(wanted: boolean): { step: (text: string) => void; stop: () => void } {
  if (!wanted || !process.stderr.isTTY) return { step() {}, stop() {} };
  const clear = '\r\u001b[2K';
  return {
    step: (text) => process.stderr.write(`${clear}${text} …`),
    stop: () => process.stderr.write(clear),
  };
}
