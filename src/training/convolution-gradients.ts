import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';

type Core = TensorFlow['core'];

/** Where a convolution over `[N, H, W, C]` puts its window; gradients of dilated ones TensorFlow.js has nowhere. */
export interface Window {
  readonly strides: readonly [height: number, width: number];
  /** Zeros before the first row and the first column. */
  readonly before: readonly [top: number, left: number];
}

/**
 * The gradient of a convolution by its filter, `[kh, kw, C, O]`, of its input `x` `[N, H, W, C]` and the
 * gradient `dy` `[N, h, w, O]` of its output. It is a convolution itself: channels are its pictures, pictures its
 * channels, `dy` is its filter, and what was a stride is a dilation.
 */
export function filterGradient(
  core: Core,
  x: Tensor4D,
  dy: Tensor4D,
  size: readonly [kh: number, kw: number],
  { strides, before }: Window,
): Tensor4D {
  return core.tidy(() => {
    const covered = extents(dy, size, strides);
    const padded = fitted(core, x, before, covered);
    return core.transpose(
      core.conv2d(
        core.transpose(padded, [3, 1, 2, 0]),
        core.transpose(dy, [1, 2, 0, 3]),
        1,
        'valid',
        'NHWC',
        [...strides],
      ),
      [1, 2, 0, 3],
    );
  });
}

/**
 * The gradient of a convolution by its input, `[N, height, width, C]`: the gradient `dy` of its output with
 * zeros between for the stride, under the filter `[kh, kw, C, O]` turned round.
 */
export function inputGradient(
  core: Core,
  dy: Tensor4D,
  filter: Tensor4D,
  size: readonly [height: number, width: number],
  window: Window,
): Tensor4D {
  return core.tidy(() => {
    const [kh, kw] = filter.shape;
    const turned = core.transpose(core.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
    return core.conv2d(spread(core, dy, [kh, kw], size, window), turned, 1, 'valid');
  });
}

/**
 * As `filterGradient` for a depthwise convolution with the filter `[kh, kw, C, M]`, `dy` being `[N, h, w, C * M]`:
 * one depthwise convolution over the channels of all pictures, summed over the pictures.
 */
export function depthwiseFilterGradient(
  core: Core,
  x: Tensor4D,
  dy: Tensor4D,
  [kh, kw]: readonly [kh: number, kw: number],
  { strides, before }: Window,
): Tensor4D {
  return core.tidy(() => {
    const [count, , , channels] = x.shape;
    const [, h, w, outputs] = dy.shape;
    const [height, width] = extents(dy, [kh, kw], strides);
    const seen = core.transpose(fitted(core, x, before, [height, width]), [1, 2, 0, 3]);
    const each = core.depthwiseConv2d(
      core.reshape(seen, [1, height, width, count * channels]) as Tensor4D,
      core.reshape(core.transpose(dy, [1, 2, 0, 3]), [
        h,
        w,
        count * channels,
        outputs / channels,
      ]) as Tensor4D,
      1,
      'valid',
      'NHWC',
      [...strides],
    );
    const summed = core.sum(core.reshape(each, [kh, kw, count, outputs]), 2);
    return core.reshape(summed, [kh, kw, channels, outputs / channels]) as Tensor4D;
  });
}

/** As `inputGradient` for a depthwise convolution. */
export function depthwiseInputGradient(
  core: Core,
  dy: Tensor4D,
  filter: Tensor4D,
  size: readonly [height: number, width: number],
  window: Window,
): Tensor4D {
  return core.tidy(() => {
    const [kh, kw, channels, multiplier] = filter.shape;
    const turned = core.reshape(core.reverse(filter, [0, 1]), [kh, kw, channels * multiplier, 1]);
    const spreadOut = spread(core, dy, [kh, kw], size, window);
    const each = core.depthwiseConv2d(spreadOut, turned as Tensor4D, 1, 'valid');
    if (multiplier === 1) return each;
    return core.sum(core.reshape(each, [dy.shape[0], ...size, channels, multiplier]), -1) as Tensor4D;
  });
}

/** Rows and columns that the windows of all outputs cover, from the first padding on. */
function extents(
  dy: Tensor4D,
  [kh, kw]: readonly [number, number],
  [sh, sw]: readonly [number, number],
): readonly [number, number] {
  return [(dy.shape[1] - 1) * sh + kh, (dy.shape[2] - 1) * sw + kw];
}

/** `dy` with zeros between and around, so that a filter of `k` slid over it gives `size`. */
function spread(
  core: Core,
  dy: Tensor4D,
  [kh, kw]: readonly [number, number],
  [height, width]: readonly [number, number],
  { strides: [sh, sw], before: [top, left] }: Window,
): Tensor4D {
  const [count, h, w, channels] = dy.shape;
  // Zeros after each column, then after each row; those after the last fall away or are part of the padding.
  const columns = core.pad(core.reshape(dy, [count * h * w, 1, channels]), [
    [0, 0],
    [0, sw - 1],
    [0, 0],
  ]);
  const line = w * sw * channels;
  const rows = core.pad(core.reshape(columns, [count * h, 1, line]), [
    [0, 0],
    [0, sh - 1],
    [0, 0],
  ]);
  const spaced = core.reshape(rows, [count, h * sh, w * sw, channels]) as Tensor4D;
  return fitted(core, spaced, [kh - 1 - top, kw - 1 - left], [height + kh - 1, width + kw - 1]);
}

/** `x` with so many rows and columns of zeros before (or, where negative, without them), cut or filled to `size`. */
function fitted(
  core: Core,
  x: Tensor4D,
  [top, left]: readonly [number, number],
  [height, width]: readonly [number, number],
): Tensor4D {
  const [count, h, w, channels] = x.shape;
  const begin = [0, Math.max(0, -top), Math.max(0, -left), 0] as [number, number, number, number];
  const [row, column] = [Math.max(0, top), Math.max(0, left)];
  const kept = [Math.min(h - (begin[1] ?? 0), height - row), Math.min(w - (begin[2] ?? 0), width - column)];
  const [keptRows = 0, keptColumns = 0] = kept;
  const whole = keptRows === h && keptColumns === w;
  // Slices of WebAssembly copy number by number: not where all is kept.
  const cut = whole ? x : core.slice(x, begin, [count, keptRows, keptColumns, channels]);
  return core.pad(cut, [
    [0, 0],
    [row, height - row - keptRows],
    [column, width - column - keptColumns],
    [0, 0],
  ]);
}
