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
  /** File of the archive with the ONNX graph. */
  readonly graph: string;
  /** Input tensors by name. */
  readonly inputs: Readonly<Record<string, PictureInput | TensorInput>>;
  /** Output tensors by name. */
  readonly outputs: Readonly<Record<string, OutputDecoding>>;
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
  /** Byte value of the bars of `contain`. Default 114. */
  readonly pad?: number;
}

/** Plain numbers: `shape` without the batch dimension. */
export interface TensorInput {
  readonly kind: 'tensor';
  readonly type: 'uint8' | 'float32';
  readonly shape: readonly number[];
}

export type OutputDecoding =
  /** `[N, classes]`: the best `top` of them (default 5), after `activation`. */
  | { readonly kind: 'classes'; readonly activation: 'none' | 'softmax' | 'sigmoid'; readonly top?: number }
  /** As it is. */
  | { readonly kind: 'tensor' };

export interface GoldenSample {
  /** Input tensor name -> file of the archive: a PNG for a picture, little-endian numbers for a tensor. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Output tensor name -> the whole row, before decoding. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  /** Greatest absolute difference that passes. */
  readonly tolerance: number;
}
