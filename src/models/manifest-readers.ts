import { GatewayError } from '../errors.ts';

/**
 * Reads a value out of parsed JSON as `T`. Readers are built from smaller ones, so that the type of the
 * whole follows from its parts and cannot drift from what is checked.
 * @throws BUNDLE_INVALID naming the path, what was expected there and what was found.
 */
export type Reader<T> = (value: unknown, path: string) => T;

type Shape = Readonly<Record<string, Reader<unknown>>>;
type Read<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

export function invalid(what: string, path: string, value: unknown): GatewayError {
  return new GatewayError('BUNDLE_INVALID', `Expected ${what} for ${path} but received ${show(value)}`);
}

export function text(options: { max: number; pattern?: RegExp; what?: string }): Reader<string> {
  const { max, pattern = /./su, what = `1 to ${max} characters` } = options;
  return (value, path) => {
    if (typeof value === 'string' && value.length <= max && pattern.test(value)) return value;
    throw invalid(what, path, value);
  };
}

export function number(options: { min?: number; max?: number; integer?: boolean } = {}): Reader<number> {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, integer = false } = options;
  const range =
    options.min === undefined ? '' : ` of ${min}${options.max === undefined ? ' or more' : ` to ${max}`}`;
  const what = `${integer ? 'an integer' : 'a finite number'}${range}`;
  return (value, path) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) throw invalid(what, path, value);
    if (integer && !Number.isInteger(value)) throw invalid(what, path, value);
    return value;
  };
}

export function oneOf<const T extends string | number | boolean>(...allowed: readonly T[]): Reader<T> {
  const what = allowed.map((value) => JSON.stringify(value)).join(' or ');
  return (value, path) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw invalid(what, path, value);
    return found;
  };
}

export function list<T>(
  item: Reader<T>,
  { min = 0, max }: { min?: number; max: number },
): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw invalid(`a list of ${min} to ${max}`, path, value);
    }
    return value.map((element: unknown, i) => item(element, `${path}[${i}]`));
  };
}

/** An object whose keys are data: each is checked by `key`, each value by `item`. */
export function record<T>(
  key: Reader<string>,
  item: Reader<T>,
  { min = 0, max }: { min?: number; max: number },
): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(plainObject(value, path));
    if (entries.length < min || entries.length > max) throw invalid(`${min} to ${max} entries`, path, value);
    return Object.fromEntries(
      entries.map(([name, element]) => [key(name, `a key of ${path}`), item(element, `${path}.${name}`)]),
    );
  };
}

/** An object with these keys and no others; the result has them in the order given here. */
export function object<R extends Shape, O extends Shape>(
  required: R,
  optional: O,
): Reader<Read<R> & Partial<Read<O>>> {
  return (value, path) => {
    const given = plainObject(value, path);
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(required, key) && !Object.hasOwn(optional, key)) {
        const known = [...Object.keys(required), ...Object.keys(optional)].join(', ');
        throw invalid(`only the keys ${known}`, path, key);
      }
    }
    const read = (shape: Shape, keys: string[]) =>
      keys.map((key) => [key, shape[key]?.(own(given, key), join(path, key))]);
    return Object.fromEntries([
      ...read(required, Object.keys(required)),
      ...read(
        optional,
        Object.keys(optional).filter((key) => Object.hasOwn(given, key)),
      ),
    ]);
  };
}

/** One of several objects, told apart by their `kind`. */
export function byKind<R extends Shape>(kinds: R): Reader<ReturnType<R[keyof R]>> {
  const kind = oneOf(...Object.keys(kinds));
  return (value, path) => {
    const reader = kinds[kind(own(plainObject(value, path), 'kind'), join(path, 'kind'))];
    return reader?.(value, path) as ReturnType<R[keyof R]>;
  };
}

function plainObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw invalid('an object', path === '' ? 'bundle.json' : path, value);
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? 'nothing';
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}
