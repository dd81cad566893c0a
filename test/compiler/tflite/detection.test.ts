import { encode } from 'flatbuffers/js/flexbuffers.js';
import { describe, expect, it } from 'vitest';
import { readFlexMap } from '../../../src/compiler/tflite/flex-map.ts';
import { importTflite } from '../../../src/compiler/tflite/import.ts';
import { type TensorSpec, writeTflite } from '../../../src/compiler/tflite/write.ts';
import { floats } from './numbers.ts';

const f = (...shape: number[]): TensorSpec => ({ shape });

describe('TFLite_Detection_PostProcess', () => {
  const custom = encode({
    max_detections: 10,
    max_classes_per_detection: 1,
    nms_score_threshold: 0.25,
    nms_iou_threshold: 0.625,
    num_classes: 2,
    y_scale: 10,
    x_scale: 10,
    h_scale: 5,
    w_scale: 5,
    use_regular_nms: true,
  });
  const anchors = floats(12, 4, 0, 1);
  const detector = (options: Uint8Array) =>
    writeTflite({
      tensors: [
        f(1, 3, 4),
        f(1, 3, 3),
        f(1, 3, 4),
        f(1, 3, 3),
        { shape: [3, 4], data: anchors },
        f(1, 10, 4),
        f(1, 10),
        f(1, 10),
        f(1),
      ],
      operators: [
        { op: 'RELU', inputs: [0], outputs: [2] },
        { op: 'LOGISTIC', inputs: [1], outputs: [3] },
        { op: 'TFLite_Detection_PostProcess', inputs: [2, 3, 4], outputs: [5, 6, 7, 8], custom: options },
      ],
      inputs: [0, 1],
      outputs: [5, 6, 7, 8],
    });

  it('is told apart from the graph, which ends in boxes and scores', () => {
    const { graph, postprocess } = importTflite(detector(custom));
    expect(graph.outputs).toEqual([
      { name: 't2', type: 'float32', shape: ['N', 3, 4] },
      { name: 't3', type: 'float32', shape: ['N', 3, 3] },
    ]);
    expect(postprocess).toEqual({
      boxes: 't2',
      scores: 't3',
      anchors,
      scale: { y: 10, x: 10, h: 5, w: 5 },
      classes: 2,
      maxDetections: 10,
      maxClassesPerDetection: 1,
      scoreThreshold: 0.25,
      iouThreshold: 0.625,
      regular: true,
    });
  });

  it.each([new Uint8Array(), encode({ num_classes: 2 }), encode([1, 2, 3]), custom.slice(0, 40)])(
    'is refused with options that are none (%#)',
    (options) => {
      expect(() => importTflite(detector(options))).toThrow(
        /TFLite_Detection_PostProcess that gives tensor 5 \(t5\)/,
      );
    },
  );
});

it('numbers of FlexBuffers are read whatever their width', () => {
  const integers = { a: 0, b: 7, c: -7, d: true, text: 'left out' };
  for (const wide of [{}, { e: 70_000 }, { e: -(2 ** 31) }, { e: 0.1 }, { e: 0.5 }, { e: 2 ** 40 }]) {
    const expected = Object.entries({ ...integers, ...wide }).filter(([name]) => name !== 'text');
    const read = readFlexMap(encode({ ...integers, ...wide }));
    expect([...read].sort()).toEqual(expected.map(([name, value]) => [name, Number(value)]));
  }
});
