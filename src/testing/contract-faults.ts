import { isDeepStrictEqual } from 'node:util';
import type { Entity } from '../entity.ts';
import type { Decision } from '../pipelines/contract.ts';

const tones = ['ok', 'warn', 'alarm'];

/** What is wrong with a decision beside what the runner itself refuses; empty if nothing. */
export function decisionFaults(decision: Partial<Decision>, entities: readonly Entity[]): string[] {
  const { result, state, events = [], picture, sample } = decision;
  const known = entities.flatMap(({ platform, eventTypes = [] }) => (platform === 'event' ? eventTypes : []));
  return [
    ...jsonFaults({ result, state, events }),
    ...(isObject(result) ? [] : ['Expected an object for result']),
    ...(state === undefined || isObject(state) ? [] : ['Expected an object for state']),
    ...events.flatMap(({ type }) => {
      if (typeof type !== 'string' || type === '') return ['Expected a text for type of an event'];
      const lost = known.length > 0 && !known.includes(type);
      return lost ? [`Expected one of ${known.join(', ')} for type of an event but received ${type}`] : [];
    }),
    ...(picture?.marks ?? []).flatMap(({ tone }) =>
      tones.includes(tone) ? [] : [`Expected ${tones.join(', ')} for tone of a mark but received ${tone}`],
    ),
    ...(picture && picture.when !== 'change' && picture.when !== 'always'
      ? [`Expected change or always for picture.when but received ${picture.when}`]
      : []),
    ...(sample && !/^[a-z0-9][a-z0-9_-]*$/.test(sample.reason)
      ? [`Expected a word such as near-threshold for sample.reason but received ${sample.reason}`]
      : []),
  ];
}

/** What arrives on the bus is what JSON makes of it: a date, NaN or undefined arrive as something else. */
function jsonFaults(parts: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(parts).flatMap(([name, value]) => {
    if (value === undefined) return [];
    try {
      const arrives: unknown = JSON.parse(JSON.stringify(value));
      return isDeepStrictEqual(arrives, value)
        ? []
        : [`Expected JSON for ${name}, but it arrives as ${JSON.stringify(arrives)}`];
    } catch (error) {
      return [`Expected JSON for ${name}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
