import { intAttribute, type Node } from '../graph.ts';
import { type Info, input, ints, knownInts, misfit, type Rule, type Site, text } from './info.ts';
import { multiply, type Size } from './size.ts';

/** What convolutions and pools say about their window, of one spatial axis. */
interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

export const spatial: Readonly<Record<string, Rule>> = {
  Conv: (site) => {
    const { type } = input(site, 0);
    const weights = input(site, 1).shape;
    const shape = windowed(site, weights?.slice(2), weights?.[0] ?? null);
    checkChannels(site);
    return { type, shape };
  },
  QLinearConv: (site) => {
    const weights = input(site, 3).shape;
    return { type: input(site, 7).type, shape: windowed(site, weights?.slice(2), weights?.[0] ?? null) };
  },
  ConvTranspose: convTranspose,
  MaxPool: (site) => {
    const pooled = pool(site);
    return [pooled, { type: 'int64', shape: pooled.shape }];
  },
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  DepthToSpace: (site) =>
    blocks(
      site,
      (size, block) => size * block,
      (channels, block) => channels / block ** 2,
    ),
  SpaceToDepth: (site) =>
    blocks(
      site,
      (size, block) => size / block,
      (channels, block) => channels * block ** 2,
    ),
  Resize: resize,
  Upsample: resize,
};

function pool(site: Site): Info {
  const { type, shape } = input(site, 0);
  return { type, shape: windowed(site, ints(site.node, 'kernel_shape'), shape?.[1] ?? null) };
}

/** The shape after a window has moved over the spatial axes: [N, channels, ...]. */
function windowed(
  site: Site,
  kernel: readonly Size[] | undefined,
  channels: Size,
): readonly Size[] | undefined {
  const { node } = site;
  const { shape } = input(site, 0);
  if (shape === undefined) return undefined;
  const sizes = shape.slice(2);
  if (kernel === undefined || kernel.length !== sizes.length) {
    return [shape[0] ?? null, channels, ...sizes.map(() => null)];
  }
  const automatic = text(node, 'auto_pad', 'NOTSET');
  const ceil = intAttribute(node, 'ceil_mode', 0) !== 0;
  const spatialSizes = sizes.map((size, axis): Size => {
    const window = windowOf(node, axis, sizes.length, kernel[axis] ?? null);
    if (window === undefined) return null;
    if (automatic.startsWith('SAME')) {
      if (typeof size === 'number') return Math.ceil(size / window.stride);
      return window.stride === 1 ? size : null;
    }
    return windowCount(node, size, automatic === 'VALID' ? { ...window, before: 0, after: 0 } : window, ceil);
  });
  return [shape[0] ?? null, channels, ...spatialSizes];
}

function windowOf(node: Node, axis: number, axes: number, kernel: Size): Window | undefined {
  if (typeof kernel !== 'number') return undefined;
  const pads = ints(node, 'pads');
  return {
    kernel,
    stride: ints(node, 'strides')?.[axis] ?? 1,
    dilation: ints(node, 'dilations')?.[axis] ?? 1,
    before: pads?.[axis] ?? 0,
    after: pads?.[axis + axes] ?? 0,
  };
}

function windowCount(node: Node, size: Size, window: Window, ceil: boolean): Size {
  const { kernel, stride, dilation, before, after } = window;
  const reach = dilation * (kernel - 1) + 1;
  if (typeof size !== 'number') return stride === 1 && before + after === reach - 1 ? size : null;
  const padded = size + before + after;
  if (padded < reach) throw misfit(node, `at least ${reach} rows or columns`, `${padded}`);
  const steps = (padded - reach) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const count = Math.ceil(steps) + 1;
  // A window that would start in the padding after the end is left out.
  return (count - 1) * stride >= size + before ? count - 1 : count;
}

function checkChannels(site: Site): void {
  const given = input(site, 0).shape?.[1];
  const wanted = input(site, 1).shape?.[1];
  if (typeof given !== 'number' || typeof wanted !== 'number') return;
  const channels = wanted * intAttribute(site.node, 'group', 1);
  if (given !== channels) throw misfit(site.node, `${channels} channels`, `${given}`);
}

function convTranspose(site: Site): Info {
  const { node } = site;
  const { type, shape } = input(site, 0);
  const weights = input(site, 1).shape;
  if (shape === undefined || weights === undefined) return { type };
  const channels = multiply(weights[1] ?? null, intAttribute(node, 'group', 1));
  const given = ints(node, 'output_shape');
  const axes = shape.length - 2;
  const automatic = text(node, 'auto_pad', 'NOTSET');
  const sizes = shape.slice(2).map((size, axis): Size => {
    const window = windowOf(node, axis, axes, weights[axis + 2] ?? null);
    if (given !== undefined) return given[given.length - axes + axis] ?? null;
    if (window === undefined || typeof size !== 'number') return null;
    if (automatic.startsWith('SAME')) return size * window.stride;
    const pads = automatic === 'VALID' ? 0 : window.before + window.after;
    const extra = ints(node, 'output_padding')?.[axis] ?? 0;
    return window.stride * (size - 1) + extra + (window.kernel - 1) * window.dilation + 1 - pads;
  });
  return { type, shape: [shape[0] ?? null, channels, ...sizes] };
}

function globalPool(site: Site): Info {
  const { type, shape } = input(site, 0);
  return { type, shape: shape?.map((size, axis) => (axis < 2 ? size : 1)) };
}

function blocks(
  site: Site,
  size: (before: number, block: number) => number,
  channels: (before: number, block: number) => number,
): Info {
  const { type, shape } = input(site, 0);
  const block = intAttribute(site.node, 'blocksize', 1);
  const next = shape?.map((before, axis): Size => {
    if (axis === 0 || typeof before !== 'number') return axis === 0 ? before : null;
    return axis === 1 ? channels(before, block) : size(before, block);
  });
  return { type, shape: next };
}

/** `Resize(X, roi, scales, sizes)`, before operator set 11 `Resize(X, scales)` as `Upsample` is still. */
function resize(site: Site): Info {
  const { type, shape } = input(site, 0);
  if (shape === undefined) return { type };
  const early = site.node.op === 'Upsample' || site.opset < 11;
  const sizes = early ? undefined : knownInts(site, 3);
  if (sizes !== undefined && sizes.length === shape.length) return { type, shape: sizes };
  const attribute = site.node.attributes.scales;
  const scales =
    attribute !== undefined && 'floats' in attribute ? attribute.floats : knownInts(site, early ? 1 : 2);
  return {
    type,
    shape: shape.map((size, axis): Size => {
      const scale = scales?.[axis];
      if (scale === 1) return size;
      return typeof size === 'number' && scale !== undefined ? Math.floor(size * scale) : null;
    }),
  };
}
