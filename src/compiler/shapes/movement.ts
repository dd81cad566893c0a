import { intAttribute } from '../graph.ts';
import { type Info, input, ints, knownInts, misfit, positiveAxis, type Rule, type Site } from './info.ts';
import { broadcast, divide, product, type Size } from './size.ts';

/** Operators that move numbers and make none. */
export const movement: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Transpose: (site) => {
    const { type, shape } = input(site, 0);
    const perm = ints(site.node, 'perm') ?? shape?.map((_, axis) => axis).toReversed();
    return { type, shape: shape && perm?.map((axis) => shape[axis] ?? null) };
  },
  Flatten: (site) => {
    const { type, shape } = input(site, 0);
    if (shape === undefined) return { type };
    const axis = intAttribute(site.node, 'axis', 1);
    const at = axis < 0 ? axis + shape.length : axis;
    return { type, shape: [product(shape.slice(0, at)), product(shape.slice(at))] };
  },
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: (site) => ({ type: input(site, 0).type, shape: input(site, 1).shape }),
  Pad: pad,
  Expand: (site) => {
    const { type, shape } = input(site, 0);
    const target = input(site, 1).value;
    return { type, shape: shape && target && broadcast(shape, target) };
  },
  Tile: (site) => {
    const { type, shape } = input(site, 0);
    const repeats = knownInts(site, 1);
    return { type, shape: shape?.map((size, axis) => product([size, repeats?.[axis] ?? null])) };
  },
};

/** A file that asks for more is damaged. */
const mostDimensions = 16;

function reshape(site: Site): Info {
  const { type, shape, value } = input(site, 0);
  const target = input(site, 1).value;
  if (target === undefined) {
    const rank = input(site, 1).shape?.[0];
    const sane = typeof rank === 'number' && rank >= 0 && rank <= mostDimensions;
    return { type, ...(sane && { shape: new Array<Size>(rank).fill(null) }) };
  }
  const copies = intAttribute(site.node, 'allowzero', 0) === 0;
  const sizes = target.map((size, axis) => (size === 0 && copies ? (shape?.[axis] ?? null) : size));
  const open = sizes.indexOf(-1);
  const total = shape === undefined ? null : product(shape);
  if (open < 0) {
    const wanted = product(sizes);
    if (typeof wanted === 'number' && typeof total === 'number' && wanted !== total) {
      throw misfit(site.node, `${wanted} elements`, `${total}`);
    }
    return { type, shape: sizes, ...(sizes.length <= 1 && { value }) };
  }
  const rest = product(sizes.filter((_, axis) => axis !== open));
  const free = divide(total, rest);
  if (free === null && typeof total === 'number' && typeof rest === 'number') {
    throw misfit(site.node, `a multiple of ${rest} elements`, `${total}`);
  }
  const known = sizes.with(open, free);
  return { type, shape: known, ...(known.length <= 1 && { value }) };
}

function squeeze(site: Site): Info {
  const { type, shape, value } = input(site, 0);
  if (shape === undefined) return { type };
  const axes = knownInts(site, 1, 'axes');
  if (axes === undefined && site.node.inputs.length > 1) return { type };
  const drop = new Set(axes?.map((axis) => positiveAxis(site.node, axis, shape.length)));
  // Without axes all that are 1 go; a size that is not known could be one.
  if (axes === undefined && !shape.every((size) => typeof size === 'number')) return { type };
  const left = shape.filter((size, axis) => (axes === undefined ? size !== 1 : !drop.has(axis)));
  return { type, shape: left, ...(left.length <= 1 && { value }) };
}

function unsqueeze(site: Site): Info {
  const { type, shape, value } = input(site, 0);
  const axes = knownInts(site, 1, 'axes');
  if (shape === undefined || axes === undefined) return { type };
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => positiveAxis(site.node, axis, rank)));
  const rest = [...shape];
  const wider = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? null)));
  return { type, shape: wider, ...(rank <= 1 && { value }) };
}

function concat(site: Site): Info {
  const { type } = input(site, 0);
  const shapes = site.inputs.map(({ shape }) => shape);
  const [first] = shapes;
  if (first === undefined) return { type };
  const axis = positiveAxis(site.node, intAttribute(site.node, 'axis', 0), first.length);
  const shape = first.map((size, at): Size => {
    const sizes = shapes.map((each) => (each === undefined ? null : (each[at] ?? null)));
    if (at !== axis) return sizes.find((each) => typeof each === 'number') ?? size;
    return sizes.reduce<Size>(
      (sum, each) => (typeof sum === 'number' && typeof each === 'number' ? sum + each : null),
      0,
    );
  });
  const values = site.inputs.map(({ value }) => value);
  const value = values.every((each) => each !== undefined) ? values.flat() : undefined;
  return { type, shape, ...(shape.length === 1 && { value }) };
}

function split(site: Site): Info[] {
  const { type, shape } = input(site, 0);
  const count = site.node.outputs.length;
  if (shape === undefined) return new Array<Info>(count).fill({ type });
  const axis = positiveAxis(site.node, intAttribute(site.node, 'axis', 0), shape.length);
  const given = knownInts(site, 1, 'split');
  const size = shape[axis] ?? null;
  return site.node.outputs.map((_, part) => {
    const even = typeof size === 'number' ? evenPart(size, count, part) : divide(size, count);
    return { type, shape: shape.with(axis, given?.[part] ?? even) };
  });
}

/** Since operator set 18 the last part may be smaller. */
function evenPart(size: number, count: number, part: number): number {
  const chunk = Math.ceil(size / count);
  return Math.max(0, Math.min(chunk, size - chunk * part));
}

function slice(site: Site): Info {
  const { type, shape, value } = input(site, 0);
  if (shape === undefined) return { type };
  const starts = knownInts(site, 1, 'starts');
  const ends = knownInts(site, 2, 'ends');
  const axes =
    site.node.inputs[3] || site.node.attributes.axes ? knownInts(site, 3, 'axes') : starts?.map((_, i) => i);
  const steps = site.node.inputs[4] ? knownInts(site, 4) : axes?.map(() => 1);
  if (!starts || !ends || !axes || !steps) return { type, shape: shape.map(() => null) };
  const sizes = [...shape];
  for (const [i, each] of axes.entries()) {
    const axis = positiveAxis(site.node, each, shape.length);
    const size = shape[axis] ?? null;
    const [start = 0, end = 0, step = 1] = [starts[i], ends[i], steps[i]];
    if (start === 0 && end >= 2 ** 31 - 1 && step === 1) continue;
    if (typeof size !== 'number' || step === 0) {
      sizes[axis] = null;
      continue;
    }
    const taken = sliceOf(size, start, end, step);
    sizes[axis] = taken.count;
    if (value === undefined || shape.length !== 1) continue;
    const places = Array.from({ length: taken.count }, (_, at) => taken.from + at * step);
    return { type, shape: sizes, value: places.map((at) => value[at] ?? null) };
  }
  return { type, shape: sizes, ...(shape.length === 1 && { value }) };
}

/** Where a slice begins, and how many it takes of an axis. */
function sliceOf(size: number, start: number, end: number, step: number): { from: number; count: number } {
  const clamp = (at: number, least: number, most: number) =>
    Math.min(most, Math.max(least, at < 0 ? at + size : at));
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

function gather(site: Site): Info {
  const { type, shape, value } = input(site, 0);
  const indices = input(site, 1);
  if (shape === undefined || indices.shape === undefined) return { type };
  const axis = positiveAxis(site.node, intAttribute(site.node, 'axis', 0), shape.length);
  const next = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  const taken =
    value && indices.value?.map((at): Size => (typeof at === 'number' ? (value.at(at) ?? null) : null));
  return { type, shape: next, ...(next.length <= 1 && { value: taken }) };
}

function pad(site: Site): Info {
  const { type, shape } = input(site, 0);
  const pads = knownInts(site, 1, 'pads');
  const rank = shape?.length ?? 0;
  if (pads?.length !== rank * 2) return { type, shape: shape?.map(() => null) };
  const sizes = shape?.map((size, axis): Size => {
    const added = (pads[axis] ?? 0) + (pads[axis + rank] ?? 0);
    if (added === 0) return size;
    return typeof size === 'number' ? size + added : null;
  });
  return { type, shape: sizes };
}
