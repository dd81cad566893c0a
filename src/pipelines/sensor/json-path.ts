import { GatewayError } from '../../errors.ts';

/** Reads one place of parsed JSON; `undefined` where there is none. */
export type JsonPath = (body: unknown) => unknown;

const step = /\.?([^.[\]"]+)|\[(\d+)\]|\["([^"]+)"\]/y;

/**
 * Compiles `a.b[0]["c.d"]`; `null` is the whole.
 * @throws CONFIG_INVALID
 */
export function compilePath(text: string | null): JsonPath {
  const keys: string[] = [];
  step.lastIndex = 0;
  while (text !== null && step.lastIndex < text.length) {
    const at = step.lastIndex;
    const [, name, index, quoted] = step.exec(text) ?? [];
    const key = name ?? index ?? quoted;
    if (key === undefined) {
      throw new GatewayError(
        'CONFIG_INVALID',
        `Expected a path as a.b[0] but received ${JSON.stringify(text)}, which is none from character ${at + 1}`,
      );
    }
    keys.push(key);
  }
  return (body) => {
    let value = body;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
}

/** Bound of a list in one message: five seconds of vibration at 12 kHz. */
const maxSamples = 65_536;

/**
 * The numbers that a place of a message holds; NaN for what stands there and is no number, as `null` or
 * `"unavailable"`, which devices send for a value that they do not have.
 * @throws FRAME_INVALID for an endless list.
 */
export function numbersOf(value: unknown): number[] {
  if (!Array.isArray(value)) return [numberOf(value)];
  if (value.length > maxSamples) {
    throw new GatewayError(
      'FRAME_INVALID',
      `Expected at most ${maxSamples} samples for a channel but received ${value.length}`,
    );
  }
  return value.map(numberOf);
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value))
    return Number(value);
  return Number.NaN;
}
