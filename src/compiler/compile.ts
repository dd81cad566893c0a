import { basename } from 'node:path';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Samples } from './calibrate.ts';
import { checkSizes, compareAnswers, exampleOf } from './compile-check.ts';
import { measure } from './compile-measure.ts';
import { floatGraph, type Prepared, prepare, sourcePicture } from './compile-prepare.ts';
import type { CompileReport } from './compile-report.ts';
import { importModel } from './compile-source.ts';
import type { Graph, Value } from './graph.ts';
import type { Imported } from './imported.ts';
import { writeModel } from './onnx/model.ts';
import { foldColumns } from './passes/fold-columns.ts';
import type { Preprocessing } from './passes/picture-input.ts';
import { type PostTrainingOptions, type Quantized, quantizeToInt8 } from './post-training.ts';

export interface CompileOptions {
  /** A file of ONNX or TFLite, or a TensorFlow.js model: its `model.json` or the folder of it. */
  readonly path: string;
  /**
   * What was done to pictures outside the net. With it the compiled graph takes `[N, height, width, channels]`
   * uint8 in the order RGB. Without it inputs stay as they are.
   */
  readonly preprocessing?: Preprocessing | undefined;
  /** Default `none`. A net that is quantized already is left as it is. */
  readonly quantize?: 'int8' | 'none';
  /** Samples for the inputs of the compiled graph, which it is given. Needed for `int8`. */
  readonly calibration?: ((inputs: readonly Value[]) => Samples) | undefined;
  readonly quantization?: Pick<
    PostTrainingOptions,
    'bound' | 'checks' | 'method' | 'prefer' | 'sensitivity' | 'weightRange'
  >;
  readonly signal?: AbortSignal;
  /** A few words on what is being done. */
  readonly onProgress?: (step: string) => void;
}

export interface Compiled {
  readonly graph: Graph;
  /** The graph as an ONNX file. */
  readonly file: Uint8Array;
  readonly report: CompileReport;
}

/**
 * Turns a model file into the graph that runs fastest on this machine with the same answers: imported,
 * simplified, its preprocessing folded in, quantized where that is asked for and worth it, checked, measured.
 * @throws COMPILE_FAILED, naming what is the matter; nothing is produced then.
 */
export async function compile(options: CompileOptions): Promise<Compiled> {
  try {
    return await compileModel(options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    // Whatever a damaged file brings about, in an importer or in the runtime, is about this file.
    const { message } = asGatewayError(cause, 'COMPILE_FAILED');
    throw new GatewayError('COMPILE_FAILED', `${message} (in ${basename(options.path)})`, { cause });
  }
}

async function compileModel(options: CompileOptions): Promise<Compiled> {
  const { step, tookMs } = stopwatch(options);
  const imported = await step('import', 'Importing', () => importModel(options.path));
  checkSizes(imported.graph);
  const prepared = await step('passes', 'Simplifying', () => prepare(imported, options.preprocessing));
  const float = imported.quantized ? foldColumns(floatGraph(prepared)) : floatGraph(prepared);
  const passesDb = await step('check', 'Checking the passes', () =>
    checkPasses(imported, prepared, float, options),
  );
  const quantized = wantsInt8(imported, options)
    ? await step('quantize', 'Quantizing', () => quantizePrepared(prepared, float, options))
    : undefined;
  const graph = quantized?.report.chosen === 'int8' ? quantized.graph : float;
  const file = writeModel(graph);
  const measured = await step('measure', 'Measuring', () => measure(graph, file));
  const report: CompileReport = {
    source: imported.source,
    form: imported.quantized ? 'quantized' : (quantized?.report.chosen ?? 'float'),
    ...measured,
    nodes: { imported: imported.graph.nodes.length, compiled: graph.nodes.length },
    bytes: file.byteLength,
    passesDb,
    ...(quantized && { quantization: quantized.report }),
    ...(imported.postprocess && {
      postprocess: { ...imported.postprocess, anchors: [...imported.postprocess.anchors] },
    }),
    tookMs,
    notes: [...imported.notes, ...notesOn(imported, options)],
  };
  return { graph, file, report };
}

function stopwatch({ signal, onProgress = () => {} }: CompileOptions) {
  const tookMs: Record<string, number> = {};
  const step = async <T>(name: string, text: string, work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    onProgress(text);
    const start = performance.now();
    const result = await work();
    tookMs[name] = Math.round(performance.now() - start);
    return result;
  };
  return { step, tookMs };
}

/** What the passes changed must not show: the float graph against the graph as it was imported. */
async function checkPasses(
  imported: Imported,
  { picture }: Prepared,
  float: Graph,
  { preprocessing }: CompileOptions,
): Promise<number> {
  const sample = exampleOf(float.inputs, 1);
  const bytes = picture && sample[picture.name];
  const before =
    picture && preprocessing && bytes?.type === 'uint8'
      ? { ...sample, [picture.name]: sourcePicture(imported, bytes, picture, preprocessing) }
      : sample;
  return compareAnswers({ graph: imported.graph, sample: before }, { graph: float, sample });
}

function wantsInt8(imported: Imported, { quantize }: CompileOptions): boolean {
  return quantize === 'int8' && !imported.quantized;
}

async function quantizePrepared(
  { graph, picture }: Prepared,
  float: Graph,
  { calibration, quantization, signal, onProgress }: CompileOptions,
): Promise<Quantized> {
  if (calibration === undefined) {
    throw new GatewayError('COMPILE_FAILED', 'Expected samples to calibrate with for int8 but received none');
  }
  return quantizeToInt8(graph, {
    ...quantization,
    ...(picture && { inputs: { [picture.name]: picture.meaning } }),
    samples: calibration(float.inputs),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}

function notesOn(imported: Imported, { quantize, preprocessing }: CompileOptions): string[] {
  const notes: string[] = [];
  if (quantize === 'int8' && imported.quantized)
    notes.push('The net is quantized already and keeps its scales.');
  const floats = imported.graph.inputs.filter(({ type, shape }) => type === 'float32' && shape?.length === 4);
  if (preprocessing === undefined && floats.length > 0) {
    const names = floats.map(({ name }) => name).join(', ');
    notes.push(
      `${names} takes floats as before: say mean, std or scale, and bytes of pictures go in as they are.`,
    );
  }
  return notes;
}
