import type { Thumbnail } from '../../models/model.ts';
import { contains, type Polygon } from './polygon.ts';

export interface MotionOptions {
  /** Grey levels, of 255, by which a pixel differs from what was there. */
  readonly threshold: number;
  /** Share of the picture that has to differ. */
  readonly minShare: number;
  /** Where nothing is looked at. */
  readonly masks: readonly Polygon[];
}

/** Time in which what stays becomes part of the background, ms: waving leaves come and go, people cross. */
const settleMs = 3_000;
/** A share that no person fills: the light changed, or the camera turned. */
const wholeShare = 0.9;

/** Tells whether anything moves before a camera, by small grey pictures against a background that follows slowly. */
export class Motion {
  readonly #options: MotionOptions;
  #background = new Float32Array();
  #masked: Uint8Array = new Uint8Array();
  #size = '';
  #seenAt = 0;

  constructor(options: MotionOptions) {
    this.#options = options;
  }

  /** The share of the picture that differs, and whether that is motion. The first picture always is. */
  note({ width, height, data }: Thumbnail, now: number): { share: number; moves: boolean } {
    const size = `${width} ${height}`;
    if (size !== this.#size) {
      this.#size = size;
      this.#masked = this.#maskOf(width, height);
      this.#background = Float32Array.from(data);
      this.#seenAt = now;
      return { share: 1, moves: true };
    }
    const share = this.#differingShare(data);
    const passed = Math.max(0, now - this.#seenAt);
    this.#seenAt = now;
    if (share > wholeShare) this.#background.set(data);
    else this.#follow(data, 1 - Math.exp(-passed / settleMs));
    return { share, moves: share >= this.#options.minShare };
  }

  /** What all pixels have in common, as an automatic exposure makes it, is no motion. */
  #differingShare(data: Uint8Array): number {
    let [sum, count] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      if (this.#masked[i]) continue;
      sum += (data[i] ?? 0) - (this.#background[i] ?? 0);
      count++;
    }
    if (count === 0) return 0;
    const common = sum / count;
    let differing = 0;
    for (let i = 0; i < data.length; i++) {
      if (this.#masked[i]) continue;
      const difference = (data[i] ?? 0) - (this.#background[i] ?? 0) - common;
      if (Math.abs(difference) > this.#options.threshold) differing++;
    }
    return differing / count;
  }

  #follow(data: Uint8Array, rate: number): void {
    const background = this.#background;
    for (let i = 0; i < data.length; i++) {
      const before = background[i] ?? 0;
      background[i] = before + ((data[i] ?? 0) - before) * rate;
    }
  }

  #maskOf(width: number, height: number): Uint8Array {
    const { masks } = this.#options;
    return Uint8Array.from({ length: width * height }, (_, i) => {
      const centre = { x: ((i % width) + 0.5) / width, y: (Math.floor(i / width) + 0.5) / height };
      return masks.some((mask) => contains(mask, centre)) ? 1 : 0;
    });
  }
}
