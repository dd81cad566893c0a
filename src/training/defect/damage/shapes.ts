/** Where a part is damaged: planes of how much, from 0 to 1. */
import type { Random } from '../../random.ts';
import { patchNet } from '../patch-net.ts';
import { between, hills, normal, octaves, type Plane, plane } from './plane.ts';

const { side } = patchNet;

interface SpotOptions {
  /** Pixels. */
  readonly radius: readonly [number, number];
  /** Where the picture, and most likely the part, ends. */
  readonly atEdge?: boolean;
}

/** A spot with a rough outline, longer than wide as often as not. */
export function spot({ radius, atEdge = false }: SpotOptions, random: Random): Plane {
  const r = octaves(...radius, random);
  const [x0, y0] = atEdge ? onEdge(random) : [between(6, side - 6, random), between(6, side - 6, random)];
  const stretch = Math.exp(between(-0.7, 0.7, random));
  const turn = between(0, Math.PI, random);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const rough = hills(Math.max(4, Math.round(r)), random);
  return plane((x, y) => {
    const along = ((x - x0) * cos + (y - y0) * sin) / stretch;
    const across = ((y - y0) * cos - (x - x0) * sin) * stretch;
    const distance = (Math.hypot(along, across) / r) * (1 + 0.25 * (rough[y * side + x] ?? 0));
    return unit(((1.05 - distance) * r) / 1.5);
  });
}

function onEdge(random: Random): readonly [number, number] {
  const [along, depth] = [between(0, side, random), between(-2, 8, random)];
  const across = random() < 0.5 ? depth : side - depth;
  return random() < 0.5 ? [along, across] : [across, along];
}

/** A thin line, bent and unsteady; upright as often as not, because parts are often ground in one direction. */
export function scratch(random: Random): Plane {
  const length = octaves(15, 120, random);
  const width = between(0.6, 2.2, random);
  const turn = random() < 0.5 ? Math.PI / 2 + 0.15 * normal(random) : between(0, Math.PI, random);
  const bend = 0.004 * normal(random);
  const [x0, y0] = [between(0, side, random), between(0, side, random)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const unsteady = hills(12, random);
  return plane((x, y) => {
    const along = (x - x0) * cos + (y - y0) * sin;
    const across = (y - y0) * cos - (x - x0) * sin - bend * along ** 2 + 0.8 * (unsteady[y * side + x] ?? 0);
    return unit(width + 0.5 - Math.abs(across)) * unit((length / 2 - Math.abs(along)) / 3);
  });
}

/** A band, what lies beyond a line, a large spot or a rectangle. */
export function field(random: Random): Plane {
  const kind = random();
  if (kind < 0.34) return band(random);
  return kind < 0.67 ? spot({ radius: [25, 80] }, random) : rectangle([24, 140], random);
}

function band(random: Random): Plane {
  const turn = (random() < 0.5 ? 0 : Math.PI / 2) + 0.12 * normal(random);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const from = between(-side / 2, 100, random);
  const to = random() < 0.5 ? from + between(24, 100, random) : 2 * side;
  const sign = random() < 0.5 ? 1 : -1;
  const wavy = hills(32, random);
  return plane((x, y) => {
    const at = sign * ((x - side / 2) * sin + (y - side / 2) * cos + 2 * (wavy[y * side + x] ?? 0));
    return unit((at - from) / 2) * unit((to - at) / 2);
  });
}

export function rectangle(sides: readonly [number, number], random: Random): Plane {
  const [width, height] = [octaves(...sides, random), octaves(...sides, random)];
  const left = between(-width / 4, side - (3 * width) / 4, random);
  const top = between(-height / 4, side - (3 * height) / 4, random);
  return plane((x, y) => Number(x >= left && x < left + width && y >= top && y < top + height));
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
