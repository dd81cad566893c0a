import type { Preprocessing } from '../src/compiler/passes/picture-input.ts';
import type { BundleParts } from '../src/models/create-bundle.ts';

/** One model of the package, what of it is used, and how it answers. */
export interface HumanModel {
  readonly name: string;
  /** Of the package, without its ending. */
  readonly file: string;
  /** Of the square that the net takes. */
  readonly size: number;
  readonly preprocessing: Preprocessing;
  readonly int8: boolean;
  /**
   * Last convolutions that stay in float. What they give ranges over all that a score can be, and two photographs
   * show little of it.
   */
  readonly floatHeads?: number;
  /** Pictures to calibrate with. */
  readonly samples: number;
  /** Whether it looks at faces or at whole scenes. */
  readonly sees: 'faces' | 'scenes';
  /** Where each output begins: at output `from` of the package, before the operators `through` that lead to it. */
  readonly outputs: readonly {
    readonly from: string;
    readonly through: readonly string[];
    readonly name: string;
    readonly shape: readonly number[];
  }[];
  readonly manifest: BundleParts['manifest'];
}

const picture = { kind: 'picture', colour: 'rgb', layout: 'nhwc', type: 'uint8' } as const;
const version = '1.0.0';

/** Of COCO, in the order of the net. */
const cocoLabels =
  'person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush'.split(
    ',',
  );

const side = 384;
const cells = side / 4;

export const humanModels: readonly HumanModel[] = [
  {
    name: 'centernet',
    file: 'centernet',
    size: side,
    preprocessing: { scale: 1 },
    int8: true,
    floatHeads: 4,
    samples: 24,
    sees: 'scenes',
    outputs: [
      {
        from: 'tower_0/keypoints',
        through: ['Transpose', 'Sigmoid'],
        name: 'heatmap',
        shape: [cocoLabels.length, cells, cells],
      },
      { from: 'tower_0/wh', through: ['Transpose'], name: 'sizes', shape: [4, cells, cells] },
    ],
    manifest: {
      format: 1,
      name: 'centernet',
      version,
      task: 'detect',
      description: 'CenterNet with a MobileNetV3 backbone: the 80 classes of COCO',
      inputs: { 'tower_0/images': { ...picture, width: side, height: side, resize: 'contain', pad: 114 } },
      outputs: { heatmap: { kind: 'detector' }, sizes: { kind: 'detector' } },
      detector: {
        kind: 'centernet',
        heatmap: 'heatmap',
        sizes: 'sizes',
        activation: 'sigmoid',
        minScore: 0.1,
      },
      labels: cocoLabels,
      thresholds: { score: 0.35 },
    },
  },
  {
    name: 'blazeface',
    file: 'blazeface',
    size: 256,
    preprocessing: { scale: 1, mean: 127.5, std: 127.5 },
    int8: false,
    samples: 24,
    sees: 'faces',
    outputs: [
      { from: 'Identity:0', through: [], name: 'scores16', shape: [512, 1] },
      { from: 'Identity_1:0', through: [], name: 'scores32', shape: [384, 1] },
      { from: 'Identity_2:0', through: [], name: 'boxes16', shape: [512, 16] },
      { from: 'Identity_3:0', through: [], name: 'boxes32', shape: [384, 16] },
    ],
    manifest: {
      format: 1,
      name: 'blazeface',
      version,
      task: 'detect',
      description: 'BlazeFace for faces up to some metres away, with six landmarks',
      inputs: { 'input:0': { ...picture, width: 256, height: 256, resize: 'contain', pad: 0 } },
      outputs: {
        scores16: { kind: 'detector' },
        scores32: { kind: 'detector' },
        boxes16: { kind: 'detector' },
        boxes32: { kind: 'detector' },
      },
      detector: {
        kind: 'blazeface',
        strides: [
          { stride: 16, anchors: 2 },
          { stride: 32, anchors: 6 },
        ],
        boxes: ['boxes16', 'boxes32'],
        scores: ['scores16', 'scores32'],
        points: ['right-eye', 'left-eye', 'nose', 'mouth', 'right-ear', 'left-ear'],
        minScore: 0.3,
        iou: 0.3,
      },
      labels: ['face'],
      thresholds: { score: 0.45 },
    },
  },
  {
    name: 'faceres',
    file: 'faceres',
    size: 224,
    preprocessing: { scale: 1 },
    int8: true,
    samples: 24,
    sees: 'faces',
    outputs: [{ from: 'global_pooling/Mean', through: [], name: 'embedding', shape: [1024] }],
    manifest: {
      format: 1,
      name: 'faceres',
      version,
      task: 'embed',
      description: 'FaceRes: 1024 numbers that tell one face from another',
      inputs: {
        input_1: {
          ...picture,
          width: 224,
          height: 224,
          resize: 'fill',
          landmarks: { 'right-eye': [0.37, 0.42], 'left-eye': [0.63, 0.42], mouth: [0.5, 0.66] },
        },
      },
      outputs: { embedding: { kind: 'embedding' } },
      thresholds: { match: 0.645, margin: 0.02 },
    },
  },
];
