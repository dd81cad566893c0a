import type { Limits } from './options.ts';

export type Level = 'normal' | 'low' | 'high' | 'critical_low' | 'critical_high';

export function isCritical(level: Level): boolean {
  return level === 'critical_low' || level === 'critical_high';
}

/** One limit: how long it was seen that a value is beyond it, and whether that is an alarm. */
interface Guard {
  readonly level: Level;
  readonly delayMs: number;
  readonly beyond: (value: number) => boolean;
  readonly back: (value: number) => boolean;
  /** ms; `undefined` while it is within. */
  beyondMs: number | undefined;
  active: boolean;
}

/**
 * The limits of one channel. A dropout neither begins an alarm nor ends one: what was pending waits anew, and
 * what was active stays so until a value shows otherwise.
 */
export class LimitAlarm {
  /** The gravest first. */
  readonly #guards: readonly Guard[];

  constructor({ low, high, criticalLow, criticalHigh, delayS, criticalDelayS, hysteresis }: Limits) {
    const guard = (level: Level, limit: number | null, side: 1 | -1): Guard[] => {
      if (limit === null) return [];
      return [
        {
          level,
          delayMs: (isCritical(level) ? criticalDelayS : delayS) * 1000,
          beyond: (value) => (value - limit) * side > 0,
          back: (value) => (value - limit) * side <= -hysteresis,
          beyondMs: undefined,
          active: false,
        },
      ];
    };
    this.#guards = [
      ...guard('critical_low', criticalLow, -1),
      ...guard('critical_high', criticalHigh, 1),
      ...guard('low', low, -1),
      ...guard('high', high, 1),
    ];
  }

  get level(): Level {
    return this.#guards.find(({ active }) => active)?.level ?? 'normal';
  }

  /**
   * @param value NaN in a dropout.
   * @param observedMs of the time since the value before, how much was seen.
   */
  note(value: number, observedMs: number): void {
    for (const guard of this.#guards) {
      if (Number.isNaN(value)) {
        guard.beyondMs = undefined;
      } else if (guard.beyond(value)) {
        guard.beyondMs = guard.beyondMs === undefined ? 0 : guard.beyondMs + observedMs;
        if (guard.beyondMs >= guard.delayMs) guard.active = true;
      } else {
        guard.beyondMs = undefined;
        if (guard.back(value)) guard.active = false;
      }
    }
  }
}
