import type { Box } from '../../image.ts';

/** How much of a surprise is taken into the place and into the speed: the steady state of a Kalman filter. */
const gain = { place: 0.6, speed: 0.3 };
/** Beyond it an extrapolation is a guess, ms. */
const horizonMs = 1_000;

/** A box that goes on as it went: centre with a speed, size without. */
export class Mover {
  #x: number;
  #y: number;
  #width: number;
  #height: number;
  /** In parts of the picture a ms. */
  #speedX = 0;
  #speedY = 0;
  #at: number;

  constructor({ x, y, width, height }: Box, now: number) {
    [this.#x, this.#y, this.#width, this.#height] = [x + width / 2, y + height / 2, width, height];
    this.#at = now;
  }

  /** Where it was seen last, smoothed. */
  get box(): Box {
    return this.at(this.#at);
  }

  /** Where it should be. */
  at(now: number): Box {
    const passed = Math.min(horizonMs, Math.max(0, now - this.#at));
    const [x, y] = [this.#x + this.#speedX * passed, this.#y + this.#speedY * passed];
    return { x: x - this.#width / 2, y: y - this.#height / 2, width: this.#width, height: this.#height };
  }

  see(box: Box, now: number): void {
    const passed = Math.max(1, now - this.#at);
    const expected = this.at(now);
    const offX = box.x + box.width / 2 - (expected.x + expected.width / 2);
    const offY = box.y + box.height / 2 - (expected.y + expected.height / 2);
    this.#x = expected.x + expected.width / 2 + gain.place * offX;
    this.#y = expected.y + expected.height / 2 + gain.place * offY;
    this.#speedX += (gain.speed * offX) / passed;
    this.#speedY += (gain.speed * offY) / passed;
    this.#width += gain.place * (box.width - this.#width);
    this.#height += gain.place * (box.height - this.#height);
    this.#at = now;
  }
}
