import type { Detector } from './detector.ts';

/** `bundle.json`, format 1: all that a model needs to answer here as it answered where it was made. */
export interface Manifest {
  readonly format: 1;
  /** `[a-z0-9][a-z0-9-]{0,63}` */
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly task: 'classify' | 'detect' | 'segment' | 'embed' | 'anomaly';
  readonly description?: string;
  readonly license?: string;
  /** Seconds since 1970 would be a lie in a reproducible build: a date the trainer states, ISO 8601. */
  readonly created?: string;
  /**
   * What runs the net: ONNX Runtime, or TensorFlow.js for what cannot become an ONNX graph, which is many times
   * slower. Default `onnx`.
   */
  readonly engine?: 'onnx' | 'tfjs';
  /** File of the archive: the ONNX graph, or a `model.json` whose weights lie beside it. */
  readonly graph: string;
  /** Input tensors by name. */
  readonly inputs: Readonly<Record<string, PictureInput | TensorInput>>;
  /** How windows of sensor readings become the one tensor input. */
  readonly readings?: ReadingsInput;
  /** Output tensors by name. */
  readonly outputs: Readonly<Record<string, OutputDecoding>>;
  /** How the outputs with decoding `detector` become boxes. */
  readonly detector?: Detector;
  /** In the order of the class index. */
  readonly labels?: readonly string[];
  /** Named limits that pipelines use unless the configuration says otherwise. */
  readonly thresholds?: Readonly<Record<string, number>>;
  readonly golden: { readonly samples: readonly GoldenSample[] };
  readonly quantization?: {
    readonly scheme: 'none' | 'int8-dynamic' | 'int8-qdq';
    readonly weights: string;
    readonly activations: string;
    readonly calibration?: { readonly method: string; readonly samples: number };
  };
  readonly accuracy?: {
    readonly metric: string;
    readonly dataset: string;
    readonly samples: number;
    readonly float: number;
    readonly quantized?: number;
  };
  /** What it has learned from. */
  readonly trained?: {
    readonly dataset: string;
    /** `sha256:…` of the examples. */
    readonly digest: string;
    readonly samples: number;
    readonly seed: number;
  };
  /** `sha256:…` of every other file of the archive, by path. */
  readonly files: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>>;
}

/** The graph takes `[N, height, width, channels]` (NHWC) or `[N, channels, height, width]` (NCHW). */
export interface PictureInput {
  readonly kind: 'picture';
  readonly width: number;
  readonly height: number;
  readonly colour: 'rgb' | 'bgr' | 'grey';
  readonly layout: 'nhwc' | 'nchw';
  /** `uint8`: bytes go in as they are. `float32`: byte * scale + offset a channel. */
  readonly type: 'uint8' | 'float32';
  /**
   * `uint8`: what a byte means, for people (`real = byte * scale + offset`); the graph does it itself.
   * One number, or one a channel. Default 1 and 0.
   */
  readonly scale?: number | readonly number[];
  readonly offset?: number | readonly number[];
  readonly resize: 'fill' | 'cover' | 'contain';
  /**
   * Average what is reduced by 1.5 or more, as nets know it that were trained on small pictures made with smoothing.
   * Default false: bilinear, which leaves out what lies between.
   */
  readonly antialias?: boolean;
  /** Byte value of the bars of `contain`. Default 114. */
  readonly pad?: number;
  /**
   * Where landmarks stand on the pictures that the net was trained on, x and y in parts of width and height, by
   * name as in `detector.points`. A picture that comes with two of them or more is turned and scaled to fit.
   */
  readonly landmarks?: Readonly<Record<string, readonly number[]>>;
}

/** Plain numbers: `shape` without the batch dimension. */
export interface TensorInput {
  readonly kind: 'tensor';
  readonly type: 'uint8' | 'float32';
  readonly shape: readonly number[];
}

/**
 * A window of readings, for nets of sensors. Its columns are the values of the input tensor, row by row:
 * without `features` the samples, `[window, channels]` (a forecaster's without the last `horizon` rows); with
 * them `[channels, features]`. Each goes in as `(value - mean) / scale`.
 */
export interface ReadingsInput {
  /**
   * autoencoder: the output is the input again. forecaster: it is the last `horizon` samples of the window.
   * classifier: it has decoding `classes`.
   */
  readonly kind: 'autoencoder' | 'forecaster' | 'classifier';
  /** stream: windows follow each other, `stride` apart. message: each message is one, whole. */
  readonly align: 'stream' | 'message';
  /** Samples a second. */
  readonly rateHz: number;
  /** Samples. */
  readonly window: number;
  /** Samples from one window to the next. */
  readonly stride: number;
  /** Forecaster: samples at the end of the window that it has to say from those before. */
  readonly horizon?: number;
  readonly channels: readonly string[];
  readonly features?: FeatureSet;
  /** What is normal: one number a channel, with features one a column. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** Of each channel, in this order: the statistics, then the bands. */
export interface FeatureSet {
  readonly statistics: readonly Statistic[];
  /** Logarithm of the power in `[from, to)` Hz. */
  readonly bandsHz: readonly (readonly [number, number])[];
}

export const statistics = [
  'mean',
  'logStd',
  'min',
  'max',
  'logRms',
  'logPeakToPeak',
  'crest',
  'kurtosis',
  'skewness',
  'slope',
  'logRoughness',
] as const;
export type Statistic = (typeof statistics)[number];

export type OutputDecoding =
  /** `[N, classes]`: the best `top` of them (default 5), after `activation`. */
  | { readonly kind: 'classes'; readonly activation: 'none' | 'softmax' | 'sigmoid'; readonly top?: number }
  /** Numbers whose direction tells one thing from another: to unit length. */
  | { readonly kind: 'embedding' }
  /** Read by the bundle's `detector`. */
  | { readonly kind: 'detector' }
  /** As it is. */
  | { readonly kind: 'tensor' };

export interface GoldenSample {
  /** Input tensor name -> file of the archive: a PNG for a picture, little-endian numbers for a tensor. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Output tensor name -> the row, before decoding. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  /** Output tensor name -> that only every so many-th number of the row is in `outputs`. Default 1: the whole row. */
  readonly every?: Readonly<Record<string, number>>;
  /** Greatest absolute difference that passes. */
  readonly tolerance: number;
}
