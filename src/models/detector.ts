import { byKind, list, number, object, oneOf, type Reader, record, text } from './manifest-readers.ts';

/** How the outputs of a detector become boxes. Names are those of outputs of the graph. */
export type Detector = DetectorCommon & (CenterNet | Yolox | FastestDet | NanoDet | Ssd | BlazeFace | YuNet);

interface DetectorCommon {
  /** Boxes below it are not told at all. Default 0.3. */
  readonly minScore?: number;
  /** Of two boxes of one class that overlap by more than this share of their union the better stays. Default 0.5. */
  readonly iou?: number;
  /** At most so many boxes a picture. Default 100. */
  readonly maxBoxes?: number;
  /** What the points of a box are, in their order, as `left-eye` (of the person, not of the picture). */
  readonly points?: readonly string[];
}

/** Peaks of a heatmap a class, with distances to left, top, right and bottom in pixels of the input. */
export interface CenterNet {
  readonly kind: 'centernet';
  /** `[N, classes, height, width]` */
  readonly heatmap: string;
  /** `[N, 4, height, width]` */
  readonly sizes: string;
  /** Of the heatmap. */
  readonly activation: 'none' | 'sigmoid';
}

/** `[N, cells, 5 + classes]` of all strides: centre and logarithm of the size in cells, objectness, classes. */
export interface Yolox {
  readonly kind: 'yolox';
  readonly output: string;
  readonly strides: readonly number[];
}

/** `[N, 5 + classes, height, width]`: objectness, offsets (tanh) and sizes (sigmoid), classes. */
export interface FastestDet {
  readonly kind: 'fastestdet';
  readonly output: string;
}

/** `[N, cells, classes + 4 * bins]` of all strides: scores, and a distribution for the distance to each side. */
export interface NanoDet {
  readonly kind: 'nanodet';
  readonly output: string;
  readonly strides: readonly number[];
  readonly classes: number;
  /** Where in its cell a point stands: 0 for NanoDet-Plus, 0.5 for the first NanoDet. Default 0. */
  readonly cellOffset?: number;
}

/** Boxes encoded against anchors, as `TFLite_Detection_PostProcess` takes them. */
export interface Ssd {
  readonly kind: 'ssd';
  /** `[N, anchors, 4]`: y, x, height, width. */
  readonly boxes: string;
  /** `[N, anchors, classes]`, after `activation`; what exceeds `classes` at the front is background. */
  readonly scores: string;
  /** File of the bundle: little-endian float32 `[anchors, 4]`: centre y, centre x, height, width. */
  readonly anchors: string;
  readonly activation: 'none' | 'sigmoid' | 'softmax';
  readonly classes: number;
  readonly scale: { readonly y: number; readonly x: number; readonly h: number; readonly w: number };
}

/** Boxes and points in pixels of the input around the centres of a grid; one entry of each list a stride. */
export interface BlazeFace {
  readonly kind: 'blazeface';
  readonly strides: readonly { readonly stride: number; readonly anchors: number }[];
  /** `[N, anchors, 4 + 2 * points]`, one for each stride or one for all of them. */
  readonly boxes: readonly string[];
  /** `[N, anchors, 1]` logits. */
  readonly scores: readonly string[];
}

/** Four outputs a stride: class, objectness, box, points. */
export interface YuNet {
  readonly kind: 'yunet';
  readonly strides: readonly {
    readonly stride: number;
    readonly class: string;
    readonly object: string;
    readonly box: string;
    readonly points: string;
  }[];
}

const output = text({ max: 256, pattern: /^(?!__proto__$)[\x21-\x7e]+$/, what: 'the name of a tensor' });
const stride = number({ min: 1, max: 1024, integer: true });
const strides = list(stride, { min: 1, max: 8 });
const outputs = list(output, { min: 1, max: 8 });
const positive = number({ min: Number.MIN_VALUE });
const share = number({ min: 0, max: 1 });

const common = {
  minScore: share,
  iou: share,
  maxBoxes: number({ min: 1, max: 1000, integer: true }),
  points: list(text({ max: 64, pattern: /^[a-z][a-z0-9-]*$/, what: 'a name' }), { min: 1, max: 64 }),
};

export const detectorReader: Reader<Detector> = byKind({
  centernet: object(
    { kind: oneOf('centernet'), heatmap: output, sizes: output, activation: oneOf('none', 'sigmoid') },
    common,
  ),
  yolox: object({ kind: oneOf('yolox'), output, strides }, common),
  fastestdet: object({ kind: oneOf('fastestdet'), output }, common),
  nanodet: object(
    { kind: oneOf('nanodet'), output, strides, classes: stride },
    { ...common, cellOffset: share },
  ),
  ssd: object(
    {
      kind: oneOf('ssd'),
      boxes: output,
      scores: output,
      anchors: text({ max: 255 }),
      activation: oneOf('none', 'sigmoid', 'softmax'),
      classes: number({ min: 1, max: 100_000, integer: true }),
      scale: object({ y: positive, x: positive, h: positive, w: positive }, {}),
    },
    common,
  ),
  blazeface: object(
    {
      kind: oneOf('blazeface'),
      strides: list(object({ stride, anchors: number({ min: 1, max: 64, integer: true }) }, {}), {
        min: 1,
        max: 8,
      }),
      boxes: outputs,
      scores: outputs,
    },
    common,
  ),
  yunet: object(
    {
      kind: oneOf('yunet'),
      strides: list(object({ stride, class: output, object: output, box: output, points: output }, {}), {
        min: 1,
        max: 8,
      }),
    },
    common,
  ),
});

/** Every output that the detector reads. */
export function detectorOutputs(detector: Detector): string[] {
  switch (detector.kind) {
    case 'centernet':
      return [detector.heatmap, detector.sizes];
    case 'ssd':
      return [detector.boxes, detector.scores];
    case 'blazeface':
      return [...detector.boxes, ...detector.scores];
    case 'yunet':
      return detector.strides.flatMap((each) => [each.class, each.object, each.box, each.points]);
    default:
      return [detector.output];
  }
}

/** Where the landmarks of an aligned picture stand, in parts of its width and height. */
export const landmarksReader = record(
  text({ max: 64, pattern: /^[a-z][a-z0-9-]*$/, what: 'a name' }),
  list(number({ min: -1, max: 2 }), { min: 2, max: 2 }),
  { min: 2, max: 64 },
);
