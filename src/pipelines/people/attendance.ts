import { SteadyTime } from '../scene/steady-time.ts';
import type { Who } from './identity.ts';

interface Seen {
  present: boolean;
  /** ms since 1970 */
  readonly lastSeen: number;
  /** The same as `SteadyTime`. */
  readonly seenAt: number;
}

/** What is said of somebody who has not been seen yet is left out: nobody knows. */
export type PeopleState = Readonly<
  Record<string, { readonly present: boolean; readonly lastSeen: string | null }>
>;

const minuteMs = 60_000;

/** Which members are before a source, and when each was last. */
export class Attendance {
  readonly #offDelayMs: number;
  readonly #seen = new Map<string, Seen>();
  readonly #time = new SteadyTime();

  constructor(offDelayMs: number) {
    this.#offDelayMs = offDelayMs;
  }

  note(whos: readonly Who[], receivedAt: number): void {
    const now = this.#time.at(receivedAt);
    for (const who of whos) {
      if (who.is === 'member') this.#seen.set(who.name, { present: true, lastSeen: receivedAt, seenAt: now });
    }
    for (const seen of this.#seen.values()) seen.present &&= now - seen.seenAt <= this.#offDelayMs;
  }

  /**
   * Of those who are present the minute only: a state that is retained must not change with every frame.
   */
  state(members: readonly string[]): PeopleState {
    return Object.fromEntries(
      members.map((name) => {
        const { present = false, lastSeen } = this.#seen.get(name) ?? {};
        if (lastSeen === undefined) return [name, { present, lastSeen: null }];
        const told = present ? Math.floor(lastSeen / minuteMs) * minuteMs : lastSeen;
        return [name, { present, lastSeen: new Date(told).toISOString() }];
      }),
    );
  }
}
