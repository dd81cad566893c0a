/** What becomes of damaged places. */
import type { Random } from '../../random.ts';
import { patchNet } from '../patch-net.ts';
import { between, blurred, normal, octaves, type Plane, turned } from './plane.ts';

/** Of one channel, and that channel of another part: what stands at a pixel once it is damaged. */
export type Change = (channel: Plane, donor: Plane) => (pixel: number) => number;

const { side } = patchNet;

/** Mostly darker; a rest of the texture shines through. */
export function stain(random: Random): Change {
  const level = pick([0.25, 0.25, 0.45, 0.45, 0.6, 1.5], random);
  const rest = between(0.2, 1, random);
  return (channel) => {
    const smooth = withoutTexture(channel);
    return (pixel) => (smooth[pixel] ?? 0) * (level - rest) + (channel[pixel] ?? 0) * rest;
  };
}

/** Darker, as a rule: what is deep lies in the shade. */
export function groove(random: Random): Change {
  const level = random() < 0.75 ? between(0.2, 0.7, random) : between(1.4, 2, random);
  return (channel) => {
    const smooth = withoutTexture(channel);
    return (pixel) => level * (smooth[pixel] ?? 0);
  };
}

/** Blurred, or brushed the other way. */
export function smear(random: Random): Change {
  const radius = Math.round(between(1, 4, random));
  const blurs = random() < 0.5;
  return (channel) => {
    const smeared = blurs ? blurred(channel, radius) : turned(channel, 1);
    return (pixel) => smeared[pixel] ?? 0;
  };
}

/** In the light of the part: its own texture, weaker or stronger, or that of another one. */
export function otherTexture(random: Random): Change {
  const brightness = Math.exp(0.12 * normal(random));
  const own = random() < 0.5;
  const strength = random() < 0.5 ? between(0.1, 0.6, random) : between(1.6, 3, random);
  const [quarters, foreign] = [random() < 0.5 ? 0 : 2, between(0.7, 1.4, random)];
  return (channel, donor) => {
    const smooth = withoutTexture(channel);
    const taken = own ? channel : turned(donor, quarters);
    const takenSmooth = own ? smooth : withoutTexture(taken);
    const gain = own ? strength : (foreign * meanOf(channel)) / Math.max(8, meanOf(taken));
    return (pixel) => {
      const texture = (taken[pixel] ?? 0) - (takenSmooth[pixel] ?? 0);
      return brightness * ((smooth[pixel] ?? 0) + gain * texture);
    };
  };
}

/** A piece of another place or part, sometimes turned, mostly in the light of where it is put. */
export function pasted(random: Random): Change {
  const [quarters, fitted] = [Math.floor(4 * random()), random() < 0.6];
  const [right, down] = [Math.floor(side * random()), Math.floor(side * random())];
  const brightness = octaves(0.75, 1.33, random);
  return (channel, donor) => {
    const taken = turned(donor, quarters);
    const gain = brightness * (fitted ? meanOf(channel) / Math.max(8, meanOf(taken)) : 1);
    return (pixel) => {
      const [x, y] = [((pixel % side) + right) % side, (Math.floor(pixel / side) + down) % side];
      return gain * (taken[y * side + x] ?? 0);
    };
  };
}

/** Light and shade alone. */
function withoutTexture(channel: Plane): Plane {
  return blurred(channel, 6);
}

function meanOf(channel: Plane): number {
  return channel.reduce((sum, value) => sum + value, 0) / channel.length;
}

function pick(values: readonly number[], random: Random): number {
  return values[Math.floor(random() * values.length)] ?? 0;
}
