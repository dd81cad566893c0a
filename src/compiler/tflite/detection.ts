import { toReference } from 'flatbuffers/js/flexbuffers.js';
import type { SsdPostprocess } from '../imported.ts';
import type { Call } from './call.ts';
import { operand } from './call.ts';
import { storedFloats } from './stored.ts';

/** The custom operator with which detectors of TFLite end; its outputs are found after the run. */
export const detectionPostprocess = 'TFLite_Detection_PostProcess';

/**
 * What the operator is told, and its third input, the anchors `[count, 4]`.
 * @param names of its first two inputs as outputs of the graph
 */
export function readPostprocess(call: Call, names: { boxes: string; scores: string }): SsdPostprocess {
  const number = numbersOf(call.customOptions);
  const required = (key: string) => {
    const value = number(key);
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
    regular: (number('use_regular_nms') ?? 0) !== 0,
  };
}

/** Options of custom operators are a map in FlexBuffers, of numbers and booleans here. */
function numbersOf(bytes: Uint8Array): (key: string) => number | undefined {
  // A copy, since FlexBuffers are read from their end.
  const map = guarded(() => toReference(new Uint8Array(bytes).buffer));
  return (key) =>
    guarded(() => {
      // A map is read by keys, though the types of the library know only indices.
      const value = map.get(key as unknown as number);
      const found = value.isBool() ? value.boolValue() : value.numericValue();
      return found === null ? undefined : Number(found);
    });
}

/** The library throws strings, and RangeErrors where an offset leaves the bytes. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Expected options in FlexBuffers but received ${reason}`, { cause });
  }
}
