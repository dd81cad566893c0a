import type { Random } from '../../random.ts';
import { patchNet } from '../patch-net.ts';
import { type Change, groove, otherTexture, pasted, smear, stain } from './changes.ts';
import type { Plane } from './plane.ts';
import { field, rectangle, scratch, spot } from './shapes.ts';

/** `[256, 256, 3]` uint8. */
type Pixels = Uint8Array;

export interface Damaged {
  readonly pixels: Pixels;
  /** `[256, 256]`: how much of each pixel is damage, 0 to 1. */
  readonly mask: Plane;
}

const area = patchNet.side ** 2;
/** Mean grey levels that damage changes at least: what nobody sees teaches nothing. */
const leastChange = 4;
const mostTries = 20;

/**
 * A good part with damage that was made up: spots, scratches, smears, fields of another texture, pieces of other
 * places (as in CutPaste, Li et al. 2021, and DRAEM, Zavrtanik et al. 2021). Whoever tells it from the good parts has
 * learned what damage looks like, although there is no bad part to learn from.
 * @param donor another good part, or the same: where foreign texture is taken from.
 */
export function damaged(pixels: Pixels, donor: Pixels, random: Random): Damaged {
  let made = damageOnce(pixels, donor, random);
  for (let i = 1; i < mostTries && changeOf(pixels, made) < leastChange; i++)
    made = damageOnce(pixels, donor, random);
  return made;
}

function damageOnce(pixels: Pixels, donor: Pixels, random: Random): Damaged {
  const [mask, change] = anyDamage(random);
  const result = Uint8ClampedArray.from(pixels);
  const grey = isGrey(pixels) && isGrey(donor);
  for (let c = 0; c < (grey ? 1 : 3); c++) {
    const changed = change(channelOf(pixels, c), channelOf(donor, c));
    for (let i = 0; i < area; i++) {
      const share = mask[i] ?? 0;
      if (share === 0) continue;
      const value = (pixels[i * 3 + c] ?? 0) * (1 - share) + changed(i) * share;
      if (grey) result.fill(value, i * 3, i * 3 + 3);
      else result[i * 3 + c] = value;
    }
  }
  return { pixels: new Uint8Array(result.buffer), mask };
}

/** Where, and what became of it. */
function anyDamage(random: Random): [Plane, Change] {
  const kind = random();
  if (kind < 0.22) return [spot({ radius: [2.5, 14] }, random), stain(random)];
  if (kind < 0.34) return [spot({ radius: [2.5, 14], atEdge: true }, random), stain(random)];
  if (kind < 0.54) return [scratch(random), groove(random)];
  if (kind < 0.62) return [spot({ radius: [8, 40] }, random), smear(random)];
  if (kind < 0.88) return [field(random), otherTexture(random)];
  return [rectangle([6, 60], random), pasted(random)];
}

function changeOf(before: Pixels, { pixels, mask }: Damaged): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < area; i++) {
    if ((mask[i] ?? 0) < 0.4) continue;
    sum += Math.abs((before[i * 3 + 1] ?? 0) - (pixels[i * 3 + 1] ?? 0));
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function isGrey(pixels: Pixels): boolean {
  for (let i = 0; i < pixels.length; i += 3)
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  return true;
}

function channelOf(pixels: Pixels, channel: number): Plane {
  const numbers = new Float32Array(area);
  for (let i = 0; i < area; i++) numbers[i] = pixels[i * 3 + channel] ?? 0;
  return numbers;
}
