import type { SsdPostprocess } from '../imported.ts';
import type { Call } from './call.ts';
import { operand } from './call.ts';
import { readFlexMap } from './flex-map.ts';
import { storedFloats } from './stored.ts';

/** The custom operator with which detectors of TFLite end; its outputs are found after the run. */
export const detectionPostprocess = 'TFLite_Detection_PostProcess';

/**
 * What the operator is told, and its third input, the anchors `[count, 4]`.
 * @param names of its first two inputs as outputs of the graph
 */
export function readPostprocess(call: Call, names: { boxes: string; scores: string }): SsdPostprocess {
  const options = readFlexMap(call.customOptions);
  const required = (key: string) => {
    const value = options.get(key);
    if (value === undefined) throw new RangeError(`Expected ${key} in the options but received none`);
    return value;
  };
  const anchors = storedFloats(operand(call, 2).info);
  if (anchors.type !== 'float32' || anchors.data.length % 4 !== 0) {
    throw new RangeError(`Expected anchors of 4 numbers but received [${anchors.dims}] ${anchors.type}`);
  }
  return {
    ...names,
    anchors: anchors.data,
    scale: { y: required('y_scale'), x: required('x_scale'), h: required('h_scale'), w: required('w_scale') },
    classes: required('num_classes'),
    maxDetections: required('max_detections'),
    maxClassesPerDetection: required('max_classes_per_detection'),
    scoreThreshold: required('nms_score_threshold'),
    iouThreshold: required('nms_iou_threshold'),
    regular: (options.get('use_regular_nms') ?? 0) !== 0,
  };
}
