import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { sizesOf, slice } from '../nhwc-moves.ts';
import { reshaped } from './alone.ts';

/** `StridedSlice` as written: numbers for some of the axes, and masks whose bit `i` is about number `i`. */
export interface StridedSlice {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
  readonly masks: {
    readonly begin: number;
    readonly end: number;
    readonly ellipsis: number;
    readonly newAxis: number;
    readonly shrink: number;
  };
}

/** Of each axis of the value what is taken, and of the result the sizes. */
export interface Section {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps: readonly number[];
  readonly sizes: readonly number[];
}

/** https://www.tensorflow.org/api_docs/python/tf/strided_slice */
export function section(shape: readonly number[], spec: StridedSlice): Section {
  const { begin, end, strides, masks } = spec;
  const [starts, ends, steps, sizes]: [number[], number[], number[], number[]] = [[], [], [], []];
  const bit = (mask: number, i: number) => ((mask >> i) & 1) === 1;
  const named = begin.filter((_, i) => !bit(masks.newAxis, i) && !bit(masks.ellipsis, i)).length;
  const whole = (count: number) => {
    for (let i = 0; i < count; i++) {
      const size = shape[starts.length] ?? 0;
      starts.push(0);
      ends.push(size);
      steps.push(1);
      sizes.push(size);
    }
  };
  for (const [i, first] of begin.entries()) {
    if (bit(masks.ellipsis, i)) {
      whole(shape.length - named);
    } else if (bit(masks.newAxis, i)) {
      sizes.push(1);
    } else {
      const size = shape[starts.length];
      if (size === undefined) throw new RangeError(`Expected at most ${shape.length} axes to slice`);
      const step = strides[i] ?? 1;
      if (step === 0) throw new RangeError('Expected a stride but received 0');
      const within = (place: number) => {
        const from0 = place < 0 ? place + size : place;
        return step > 0 ? Math.min(size, Math.max(0, from0)) : Math.min(size - 1, Math.max(-1, from0));
      };
      if (bit(masks.shrink, i)) {
        const at = first < 0 ? first + size : first;
        if (at < 0 || at >= size)
          throw new RangeError(`Expected an index among ${size} but received ${first}`);
        starts.push(at);
        ends.push(at + 1);
        steps.push(1);
        continue;
      }
      const start = bit(masks.begin, i) ? (step > 0 ? 0 : size - 1) : within(first);
      const stop = bit(masks.end, i) ? (step > 0 ? size : -1) : within(end[i] ?? size);
      starts.push(start);
      ends.push(stop);
      steps.push(step);
      sizes.push(Math.max(0, Math.ceil((stop - start) / step)));
    }
  }
  whole(shape.length - starts.length);
  return { starts, ends, steps, sizes };
}

export function stridedSlice(builder: NhwcBuilder, value: Value, spec: StridedSlice): Value {
  const { starts, ends, steps, sizes } = section(sizesOf(value.shape), spec);
  return reshaped(builder, slice(builder, value, starts, ends, steps), sizes);
}
