/** What became of damaged places: everywhere; a shape says where it is taken. */
import type { Random } from '../../random.ts';
import { patchNet } from '../patch-net.ts';
import { between, blurred, normal, octaves, type Plane, turned } from './plane.ts';

/** Of one channel. `smooth` is its light and shade without the texture, `donor` that channel of another part. */
export type Change = (channel: Plane, smooth: Plane, donor: Plane) => Plane;

const { side } = patchNet;
/** Of the blur that tells light and shade from texture: pixels. */
const shadeRadius = 6;

export function withoutTexture(channel: Plane): Plane {
  return blurred(channel, shadeRadius);
}

/** Mostly darker; a rest of the texture shines through. */
export function stain(random: Random): Change {
  const level = pick([0.25, 0.25, 0.45, 0.45, 0.6, 1.5], random);
  const rest = between(0.2, 1, random);
  return (channel, smooth) => channel.map((value, i) => shade(smooth, i) * (level - rest) + value * rest);
}

/** Darker, as a rule: what is deep lies in the shade. */
export function groove(random: Random): Change {
  const level = random() < 0.75 ? between(0.2, 0.7, random) : between(1.4, 2, random);
  return (_, smooth) => smooth.map((value) => value * level);
}

/** Blurred, or brushed the other way. */
export function smear(random: Random): Change {
  const radius = Math.round(between(1, 4, random));
  const blurs = random() < 0.5;
  return (channel) => (blurs ? blurred(channel, radius) : turned(channel, 1));
}

/** In the light of the part: its own texture, weaker or stronger, or that of another one. */
export function otherTexture(random: Random): Change {
  const brightness = Math.exp(0.12 * normal(random));
  const own = random() < 0.5;
  const strength = random() < 0.5 ? between(0.1, 0.6, random) : between(1.6, 3, random);
  const [quarters, foreign] = [random() < 0.5 ? 0 : 2, between(0.7, 1.4, random)];
  return (channel, smooth, donor) => {
    if (own) {
      return channel.map((value, i) => {
        return brightness * (shade(smooth, i) + strength * (value - shade(smooth, i)));
      });
    }
    const taken = turned(donor, quarters);
    const takenSmooth = withoutTexture(taken);
    const gain = (foreign * meanOf(channel)) / Math.max(8, meanOf(taken));
    return smooth.map((value, i) => brightness * (value + gain * ((taken[i] ?? 0) - shade(takenSmooth, i))));
  };
}

/** A piece of another place or part, sometimes turned, mostly in the light of where it is put. */
export function pasted(random: Random): Change {
  const [quarters, fitted] = [Math.floor(4 * random()), random() < 0.6];
  const [right, down] = [Math.floor(side * random()), Math.floor(side * random())];
  const brightness = octaves(0.75, 1.33, random);
  return (channel, _, donor) => {
    const taken = turned(donor, quarters);
    const gain = brightness * (fitted ? meanOf(channel) / Math.max(8, meanOf(taken)) : 1);
    return channel.map((_, i) => {
      const [x, y] = [((i % side) + right) % side, (Math.floor(i / side) + down) % side];
      return gain * (taken[y * side + x] ?? 0);
    });
  };
}

function shade(smooth: Plane, index: number): number {
  return smooth[index] ?? 0;
}

function meanOf(channel: Plane): number {
  return channel.reduce((sum, value) => sum + value, 0) / channel.length;
}

function pick(values: readonly number[], random: Random): number {
  return values[Math.floor(random() * values.length)] ?? 0;
}
