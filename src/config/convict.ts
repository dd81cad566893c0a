import convict from 'convict';
import type { Schema, SchemaLeaf } from './convict-schema.ts';
import { type Format, isMapping, type Values } from './format.ts';
import { faultsOf, shapeOf } from './judge.ts';
import { formatOf } from './native-formats.ts';
import { type Fault, formatPath, invalidConfig, type Path, suggest } from './problem.ts';

/**
 * convict keeps the schema, the defaults and the values, and asks every leaf to judge its own. What it would
 * do to a value before that is kept from it: under a format name that it does not know it leaves text as it
 * is (`no` would become true, and `12abc` 12), and a `Map` it does not take apart by names with dots.
 */
const formatName = 'edgeward';

convict.addFormat({ name: formatName, validate: (value, leaf) => leaf.judge(value) });

export interface Checking {
  /** Where relative paths begin. */
  readonly folder: string;
  /** Grows by what is wrong. */
  readonly faults: Fault[];
}

/**
 * The options of a plug-in, defaults filled in.
 * @param path where they stand in the configuration, as `pipelines.door.options`.
 * @throws CONFIG_INVALID with everything that is wrong with them.
 */
export function parseOptions<S extends Schema>(schema: S, value: unknown, path: string): Values<S> {
  const faults: Fault[] = [];
  const values = check(schema, value, [], { folder: process.cwd(), faults });
  if (faults.length === 0) return values;
  const inside = (fault: Fault) => [path, formatPath(fault.path)].filter((part) => part !== '').join('.');
  throw invalidConfig(faults.map((fault) => ({ ...fault, path: inside(fault) })));
}

/**
 * The values of `input` under `schema`. The default stands in for what is missing or wrong, so that the rest
 * can still be checked: the result is good only if no fault was added.
 */
export function check<S extends Schema>(
  schema: S,
  input: unknown,
  path: Path,
  checking: Checking,
): Values<S> {
  const given = new Map<string, unknown>();
  const refused: string[] = [];

  const leafFor = (leaf: SchemaLeaf, name: string, at: Path) => {
    const format = formatOf(leaf);
    const judge = (sealed: unknown) => {
      const value = unseal(sealed);
      if (format.accepts(value)) return;
      refused.push(name);
      checking.faults.push(...faultsOf(format, given.has(name) ? value : undefined, at, leaf.sensitive));
      throw new TypeError(`Expected ${format.expected} for ${name}`);
    };
    return { doc: leaf.doc, default: seal(leaf.default), format: formatName, judge };
  };

  const sectionFor = (section: Schema, value: unknown, names: readonly string[]): Record<string, object> => {
    const at = [...path, ...names];
    const values = new Map(knownEntries(section, value, at, checking));
    const children = Object.entries(section).map(([key, node]) => {
      const name = [...names, key];
      if (!isLeaf(node)) return [key, sectionFor(node, values.get(key), name)];
      const tidied = tidy(formatOf(node), values.get(key), [...at, key], checking);
      if (tidied !== undefined) given.set(name.join('.'), seal(tidied));
      return [key, leafFor(node, name.join('.'), [...at, key])];
    });
    return Object.fromEntries(children);
  };

  // Neither the environment nor the arguments of the process are convict's to read.
  const config = convict<Record<string, unknown>>(sectionFor(schema, input, []), { env: {}, args: [] });
  for (const [name, value] of given) config.set(name, value);
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    if (refused.length === 0) throw error;
  }
  for (const name of refused) config.reset(name);
  // Every leaf has passed the format whose type `Values` gives it.
  return unseal(config.getProperties()) as Values<S>;
}

export function isLeaf(node: Schema | SchemaLeaf): node is SchemaLeaf {
  return 'default' in node;
}

/** What a mapping says under the names that the section knows; a fault for each that it does not know. */
function knownEntries(section: Schema, value: unknown, at: Path, { faults }: Checking): [string, unknown][] {
  // An empty section, all of it commented out, reads as null.
  if (value === undefined || value === null) return [];
  if (!isMapping(value)) {
    faults.push({ path: at, expected: 'a mapping', received: shapeOf(value) });
    return [];
  }
  const known = Object.keys(section);
  const entries = Object.entries(value);
  for (const [key] of entries.filter(([key]) => !known.includes(key))) {
    faults.push({
      path: [...at, key],
      expected: 'a known key',
      received: JSON.stringify(key),
      hint: suggest(key, known),
    });
  }
  return entries.filter(([key]) => known.includes(key));
}

/** The value as the format wants it; the entries of a map are checked by their own schema on the way. */
function tidy(format: Format<unknown>, value: unknown, at: Path, checking: Checking): unknown {
  if (!format.entries || value === undefined) return format.tidy?.(value, checking.folder) ?? value;
  if (value === null) return undefined;
  if (!isMapping(value)) {
    checking.faults.push({ path: at, expected: format.expected, received: shapeOf(value) });
    return undefined;
  }
  const { schema, names } = format.entries;
  const entries = Object.entries(value).map(([name, entry]) => {
    if (!names.accepts(name)) {
      const received = JSON.stringify(name);
      checking.faults.push({ path: [...at, name], expected: `a name of ${names.expected}`, received });
    }
    return [name, check(schema, entry, [...at, name], checking)];
  });
  return Object.fromEntries(entries);
}

function seal(value: unknown): unknown {
  return isMapping(value) ? new Map(Object.entries(value)) : value;
}

function unseal(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unseal(child)]));
}
