/** An alarm with hysteresis: begins at 0.5 for some windows in a row, ends below a lower score for some. */
export class ScoreAlarm {
  readonly #options: { clearScore: number; alarmAfter: number; clearAfter: number };
  #count = 0;
  active = false;

  constructor(options: { clearScore: number; alarmAfter: number; clearAfter: number }) {
    this.#options = options;
  }

  note(score: number): void {
    const { clearScore, alarmAfter, clearAfter } = this.#options;
    const turns = this.active ? score < clearScore : score >= 0.5;
    this.#count = turns ? this.#count + 1 : 0;
    if (this.#count >= (this.active ? clearAfter : alarmAfter)) {
      this.active = !this.active;
      this.#count = 0;
    }
  }
}
