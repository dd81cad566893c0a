import type { Decision } from './contract.ts';

/** Something happened, or is marked as other than it should be: what people are called for. */
export function isAlarm({ events = [], picture }: Decision): boolean {
  return events.length > 0 || (picture?.marks.some(({ tone }) => tone !== 'ok') ?? false);
}
