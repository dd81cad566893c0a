import type { Schema } from './convict-schema.ts';

/** What a value of the configuration may be. The schema's `format`, beside those that convict brings. */
export interface Format<T> {
  /** As it reads after "Expected". */
  readonly expected: string;
  accepts(value: unknown): value is T;
  /** Why not this value, where `expected` cannot say it. */
  explain?(value: unknown): string | undefined;
  /** The value that a text from the environment means; a text that means none comes back as it is. */
  fromText(text: string): unknown;
  /** The value as the program wants it; `folder` is where relative paths begin. */
  tidy?(value: unknown, folder: string): unknown;
  /** Of a list or record: the format of its items, so that a fault can name the one that is wrong. */
  readonly items?: Format<unknown>;
  /** Of a map: the schema of each entry and the format of the names. */
  readonly entries?: { readonly schema: Schema; readonly names: Format<string> };
}

/** The values of a schema after checking. Leaves with a format of convict's own are `unknown`. */
export type Values<S> = Schema extends S
  ? Readonly<Record<string, unknown>>
  : {
      readonly [K in keyof S]: S[K] extends { readonly format: Format<infer T> }
        ? T
        : S[K] extends { readonly default: unknown }
          ? unknown
          : Values<S[K]>;
    };

export interface Range {
  readonly min: number;
  readonly max: number;
  /** As `milliseconds`. */
  readonly unit?: string;
}

/** Any text but the empty one. */
export const text: Format<string> = textLike('a text', (value) => value !== '');

/** A text that passes `test`. */
export function textLike(expected: string, test: (value: string) => boolean): Format<string> {
  return {
    expected,
    accepts: (value): value is string => typeof value === 'string' && test(value),
    fromText: (value) => value,
  };
}

export function number({ min, max, unit }: Range): Format<number> {
  return {
    expected: `a number${unit ? ` of ${unit}` : ''} from ${min} to ${max}`,
    accepts: (value): value is number => typeof value === 'number' && value >= min && value <= max,
    fromText: numberFromText,
  };
}

export function integer({ min, max, unit }: Range): Format<number> {
  return {
    expected: `a whole number${unit ? ` of ${unit}` : ''} from ${min} to ${max}`,
    accepts: (value): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
    fromText: numberFromText,
  };
}

/** 0 asks for any free port. */
export const port = integer({ min: 0, max: 65535 });

export const flag: Format<boolean> = {
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
  fromText: (value) => (value === 'true' ? true : value === 'false' ? false : value),
};

/** One of a few words or numbers. A number stands for the word that it spells: YAML reads `5` as a number. */
export function oneOf<const T extends string | number>(...options: readonly T[]): Format<T> {
  const spelled = (value: unknown) =>
    options.find((option) => option === value || option === String(value)) ?? value;
  return {
    expected: `one of ${options.join(', ')}`,
    accepts: (value): value is T => options.some((option) => option === value),
    fromText: (value) => options.find((option) => String(option) === value) ?? value,
    tidy: spelled,
  };
}

export function nullable<T>(format: Format<T>): Format<T | null> {
  return {
    ...format,
    expected: `${format.expected}, or null`,
    accepts: (value): value is T | null => value === null || format.accepts(value),
    fromText: (value) => (value === 'null' ? null : format.fromText(value)),
  };
}

/** From the environment: separated by commas. */
export function listOf<T>(items: Format<T>): Format<readonly T[]> {
  return {
    expected: `a list, each ${items.expected}`,
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.every((item) => items.accepts(item)),
    fromText: (value) => value.split(',').map((item) => items.fromText(item.trim())),
    tidy: (value, folder) =>
      Array.isArray(value) ? value.map((item) => items.tidy?.(item, folder) ?? item) : value,
    items,
  };
}

/** Names that somebody else chooses, each with a value of one format. */
export function recordOf<T>(items: Format<T>): Format<Readonly<Record<string, T>>> {
  return {
    expected: `a mapping, each value ${items.expected}`,
    accepts: (value): value is Readonly<Record<string, T>> =>
      isMapping(value) && Object.values(value).every((item) => items.accepts(item)),
    fromText: (value) => value,
    items,
  };
}

/** Names of the user's choice, each with an entry of its own schema. */
export function mapOf<S extends Schema>(
  schema: S,
  names: Format<string>,
): Format<Readonly<Record<string, Values<S>>>> {
  return {
    expected: 'a mapping of names',
    accepts: (value): value is Readonly<Record<string, Values<S>>> => isMapping(value),
    fromText: (value) => value,
    entries: { schema, names },
  };
}

/** Names and values of any kind, for somebody else to check. */
export const anyMapping: Format<Readonly<Record<string, unknown>>> = {
  expected: 'a mapping',
  accepts: isMapping,
  fromText: (value) => value,
};

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isFormat(value: unknown): value is Format<unknown> {
  return isMapping(value) && typeof value.accepts === 'function';
}

function numberFromText(value: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
}
