import type { Gauge } from 'prom-client';

/** Whether the broker takes what is published, and who wants to know. */
export class Connected {
  readonly #gauge: Gauge;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #value = false;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  get value(): boolean {
    return this.#value;
  }

  onChange(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  set(value: boolean): void {
    if (this.#value === value) return;
    this.#value = value;
    this.#gauge.set(value ? 1 : 0);
    for (const listener of this.#listeners) listener(value);
  }
}
