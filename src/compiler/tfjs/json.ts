import { GatewayError } from '../../errors.ts';

/* Readers of parsed JSON of a stranger: `what` names the place for the one who reads the error. */

export type Json = Readonly<Record<string, unknown>>;

/** @throws COMPILE_FAILED */
export function object(value: unknown, what: string): Json {
  if (isObject(value)) return value;
  throw unexpected('an object', what, value);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws COMPILE_FAILED */
export function list(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected('a list', what, value);
}

/** @throws COMPILE_FAILED */
export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw unexpected('a string', what, value);
}

/**
 * A number, which in the JSON of protocol buffers is a string where it has 64 bits.
 * @throws COMPILE_FAILED
 */
export function number(value: unknown, what: string): number {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof found === 'number' && Number.isFinite(found)) return found;
  throw unexpected('a number', what, value);
}

/** @throws COMPILE_FAILED */
export function integer(value: unknown, what: string): number {
  const found = number(value, what);
  if (Number.isSafeInteger(found)) return found;
  throw unexpected('an integer', what, value);
}

/** What stands under `key` of an object, and nothing that it inherits. */
export function field(value: Json, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

export function unexpected(expected: string, what: string, value: unknown): GatewayError {
  return failed(expected, what, shown(value));
}

function shown(value: unknown): string {
  // Not what is in it: a hostile one is nested as deep as its file is long.
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const short = JSON.stringify(value) ?? 'nothing';
  return short.length > 80 ? `${short.slice(0, 80)}…` : short;
}

export function failed(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
