import type { Graph } from './graph.ts';

/** What an importer makes of a model file, whatever its format: the passes go on from here. */
export interface Imported {
  /**
   * Operator set 17 of ONNX. Float32, or the QDQ form where the source is quantized: uint8 activations, int8
   * weights with a scale a channel, int32 biases whose scale is exactly `float32(x_scale * w_scale)`. The
   * batch is free (`'N'`) where the source allows. Inputs keep the names, types and layout of the source.
   */
  readonly graph: Graph;
  readonly source: 'onnx' | 'tflite' | 'tfjs-graph' | 'tfjs-layers';
  /** The source brought scales of its own, and they are kept. */
  readonly quantized: boolean;
  /** Of a detector that ended in an operator which no ONNX graph has: done after the run. */
  readonly postprocess?: SsdPostprocess;
  /** Sentences for the user: what was left out, or could not be had, and why. */
  readonly notes: readonly string[];
}

/** The decoding that TFLite does in `TFLite_Detection_PostProcess`, after the graph's own outputs. */
export interface SsdPostprocess {
  /** Names of the outputs of the graph: `[N, anchors, 4]` and `[N, anchors, classes]`. */
  readonly boxes: string;
  readonly scores: string;
  /** `[anchors × 4]`: centre y, centre x, height, width, in parts of the picture. */
  readonly anchors: Float32Array;
  /** Divisors of the encoded boxes. */
  readonly scale: { readonly y: number; readonly x: number; readonly h: number; readonly w: number };
  readonly classes: number;
  /** At most so many boxes, and so many classes a box. */
  readonly maxDetections: number;
  readonly maxClassesPerDetection: number;
  /** Boxes below the score are left out; boxes that overlap by more than `iou` are one. */
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  /** Suppression within each class, rather than over all of them. */
  readonly regular: boolean;
}
