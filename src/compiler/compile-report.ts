import type { Imported, SsdPostprocess } from './imported.ts';
import type { QuantizationReport } from './quantization/report.ts';
import type { TensorInfo } from './runtime.ts';

/** What came of compiling a model, for people and programs. */
export interface CompileReport {
  readonly source: Imported['source'];
  /**
   * `int8`: quantized here. `float`: not, or it was not worth it. `quantized`: the source was quantized already and
   * keeps its own scales.
   */
  readonly form: 'int8' | 'float' | 'quantized';
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Whether runs take any number of rows. */
  readonly batch: 'free' | 'fixed';
  readonly nodes: { readonly imported: number; readonly compiled: number };
  readonly bytes: number;
  /** Median of one run with one row on one thread of this machine. */
  readonly medianMs: number;
  /** Products that the runtime computes in float on this machine. */
  readonly floatProducts: readonly string[];
  /** How far the float outputs are from those of the net as it was imported, dB; 150 where they are the same. */
  readonly passesDb: number;
  readonly quantization?: QuantizationReport;
  /** Decoding of a detector that is left to whoever runs the graph; the anchors are `[anchors][4]`. */
  readonly postprocess?: Omit<SsdPostprocess, 'anchors'> & { readonly anchors: readonly number[] };
  /** Milliseconds of each part of the compilation. */
  readonly tookMs: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}
