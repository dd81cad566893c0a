/** The times of a source's frames, but such that they never go back: where a clock was set, they go on from there. */
export class SteadyTime {
  #shift = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param time of a frame, ms since 1970. */
  at(time: number): number {
    if (time + this.#shift < this.#last) this.#shift = this.#last - time;
    this.#last = time + this.#shift;
    return this.#last;
  }
}
