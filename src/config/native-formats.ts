import type { SchemaLeaf } from './convict-schema.ts';
import { type Format, integer, isFormat, isMapping, nullable, number, oneOf, port } from './format.ts';
import { identifier } from './mqtt-formats.ts';

/**
 * The format of a leaf, also where a plug-in wrote one of convict's own. Those are judged here, because
 * convict first turns text into what it wants: `no` into true and `12abc` into 12.
 */
export function formatOf(leaf: SchemaLeaf): Format<unknown> {
  if (isFormat(leaf.format)) return leaf.format;
  const format = nativeFormat(leaf);
  return leaf.nullable ? nullable(format) : format;
}

function nativeFormat({ format, default: preset }: SchemaLeaf): Format<unknown> {
  if (Array.isArray(format)) return oneOf(...format);
  if (format === undefined) return named(typeName(preset));
  if (typeof format === 'string') return named(format.toLowerCase());
  if (typeof format !== 'function') throw unknownFormat(format);
  const isConstructor = [Object, Array, String, Number, Boolean].some((builtIn) => builtIn === format);
  return isConstructor ? named(format.name.toLowerCase()) : fromAssertion((value) => format(value));
}

/** By name: those of convict, and a few that options of pipelines often need. */
const namedFormats = {
  '*': native('anything', () => true),
  object: native('a mapping', isMapping),
  array: native('a list', Array.isArray),
  string: native('a text', (value) => typeof value === 'string'),
  number: native('a number', Number.isFinite),
  boolean: native('true or false', (value) => typeof value === 'boolean'),
  int: native('a whole number', Number.isInteger),
  integer: native('a whole number', Number.isInteger),
  nat: native('a whole number from 0', (value) => Number.isInteger(value) && Number(value) >= 0),
  port,
  probability: number({ min: 0, max: 1 }),
  milliseconds: integer({ min: 0, max: 86_400_000, unit: 'milliseconds' }),
  identifier,
} satisfies Record<string, Format<unknown>>;

function named(name: string): Format<unknown> {
  const format = new Map<string, Format<unknown>>(Object.entries(namedFormats)).get(name);
  if (!format) throw unknownFormat(name);
  return format;
}

function native(expected: string, test: (value: unknown) => boolean): Format<unknown> {
  return { expected, accepts: (value): value is unknown => test(value), fromText: (value) => value };
}

/** A function that throws what is wrong: convict's way to write a format of one's own. */
function fromAssertion(assert: (value: unknown) => void): Format<unknown> {
  const explain = (value: unknown) => {
    try {
      assert(value);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return { ...native('another value', (value) => explain(value) === undefined), explain };
}

/** Without a format, convict wants what the default is. */
function typeName(preset: unknown): string {
  if (preset === null || preset === undefined) return '*';
  return Array.isArray(preset) ? 'array' : typeof preset;
}

function unknownFormat(format: unknown): TypeError {
  return new TypeError(
    `Expected a format of convict or a function for an option but received ${String(format)}`,
  );
}
