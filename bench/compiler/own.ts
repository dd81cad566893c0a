import type { Sample } from '../../src/compiler/calibrate.ts';
import { compile } from '../../src/compiler/compile.ts';
import { floatGraph, prepare } from '../../src/compiler/compile-prepare.ts';
import { importModel } from '../../src/compiler/compile-source.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import type { Preprocessing } from '../../src/compiler/passes/picture-input.ts';
import { type PostTrainingOptions, quantizeToInt8 } from '../../src/compiler/post-training.ts';
import type { QuantizationReport } from '../../src/compiler/quantization/report.ts';
import { openSession, type Session } from '../../src/compiler/runtime.ts';

/** A net of ours on one thread. */
export interface Own {
  readonly session: Session;
  /** The numbers of its only output. */
  answer(sample: Sample): Promise<Float32Array>;
}

/** As `edgeward compile` makes it of a file, without calibration. */
export async function compiled(path: string, preprocessing?: Preprocessing): Promise<Session> {
  const { file } = await compile({ path, preprocessing });
  return openSession(file, { threads: 1 });
}

/** A file quantized, and its float self: both take what `samples` has. */
export async function quantized(
  path: string,
  options: Omit<PostTrainingOptions, 'inputs'> & { readonly preprocessing?: Preprocessing },
): Promise<{ float: Own; int8: Own; report: QuantizationReport }> {
  const prepared = await prepare(await importModel(path), options.preprocessing);
  const { picture } = prepared;
  const inputs = picture ? { [picture.name]: picture.meaning } : {};
  const { int8, report } = await quantizeToInt8(prepared.graph, { ...options, inputs });
  const [float, own] = await Promise.all(
    [floatGraph(prepared), int8].map(async (graph) => open(writeModel(graph))),
  );
  if (float === undefined || own === undefined) throw new TypeError('Expected two graphs');
  return { float, int8: own, report };
}

export async function open(file: Uint8Array): Promise<Own> {
  const session = await openSession(file, { threads: 1 });
  return { session, answer: async (sample) => numbersOf(await session.run(sample)) };
}

function numbersOf(outputs: Sample): Float32Array {
  const [output] = Object.values(outputs);
  if (output?.type !== 'float32') throw new TypeError(`Expected floats but received ${output?.type}`);
  return output.data;
}
