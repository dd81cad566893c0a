import { dirname } from 'node:path';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { GatewayError } from '../errors.ts';
import { readSmallFile, whyUnreadable } from './files.ts';
import { type Fault, formatPath, invalidConfig, type Path, type Problem } from './problem.ts';
import { type Env, readSecret } from './secrets.ts';

const maxFileBytes = 2 ** 20;
/** Aliases may multiply: a few lines of YAML can mean billions of values. */
const maxValues = 100_000;
const maxDepth = 64;
/** One slip can make every later line wrong. */
const maxSyntaxProblems = 20;

/** A configuration file as it was written: its values, and where each of them stands. */
export interface ConfigDocument {
  /** Mappings are plain objects. */
  readonly root: unknown;
  /** Line of the value at a path, or of what is around it; from 1. */
  lineOf(path: Path): number | undefined;
  /** Whether the value came from `!secret`. */
  isSecret(path: Path): boolean;
  /** Secrets that cannot be read, aliases of nothing. */
  readonly faults: readonly Fault[];
}

/** @throws CONFIG_INVALID if the file cannot be read or is no YAML. */
export function readDocument(file: string, env: Env): ConfigDocument {
  const lines = new LineCounter();
  const document = parse(readText(file), lines, file);
  return convert(document, lines, { folder: dirname(file), env, file });
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readSmallFile(file, maxFileBytes));
  } catch (error) {
    const received = error instanceof TypeError ? 'bytes that are no UTF-8' : whyUnreadable(error);
    throw invalidConfig([{ path: '', expected: 'a readable YAML file', received }], file);
  }
}

function parse(text: string, lineCounter: LineCounter, file: string): Document {
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    stringKeys: true,
    customTags: [{ tag: '!secret', resolve: (name: string) => name }],
  });
  const wrong = [...document.errors, ...document.warnings].slice(0, maxSyntaxProblems);
  const problems = wrong.map(({ message, pos: [offset] }): Problem => {
    const { line, col } = lineCounter.linePos(offset);
    // What stands in quotes after a colon is a piece of the file, which may be a secret.
    const received = message.replace(/(: "|; please).*$/s, '');
    return { path: '', expected: 'valid YAML', received, line, column: col };
  });
  if (problems.length > 0) throw invalidConfig(problems, file);
  return document;
}

function convert(
  document: Document,
  lines: LineCounter,
  { folder, env, file }: { folder: string; env: Env; file: string },
): ConfigDocument {
  const lineAt = new Map<string, number>();
  const secrets = new Set<string>();
  const faults: Fault[] = [];
  let values = 0;

  const toValue = (node: unknown, path: Path): unknown => {
    values += 1;
    if (values > maxValues || path.length > maxDepth) throw tooMuch(path, file);
    if (isAlias(node)) return aliased(node, path);
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => {
        const name = isScalar(key) ? String(key.value) : String(key);
        return [name, toValue(value, marked([...path, name], key))];
      });
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) return node.items.map((item, i) => toValue(item, marked([...path, i], item)));
    if (!isScalar(node)) return null;
    return node.tag === '!secret' ? secret(String(node.value), path) : node.value;
  };

  const aliased = (alias: Alias, path: Path): unknown => {
    const target = alias.resolve(document);
    // An alias inside its own anchor has no end.
    if (target && !opened.has(target)) {
      opened.add(target);
      const value = toValue(target, path);
      opened.delete(target);
      return value;
    }
    faults.push({ path, expected: 'an anchor above its alias', received: `only *${alias.source}` });
    return undefined;
  };

  const secret = (name: string, path: Path): string | undefined => {
    const reading = readSecret(name, folder, env);
    if (reading.ok) {
      secrets.add(formatPath(path));
      return reading.secret;
    }
    const { received, hint } = reading;
    faults.push({ path, expected: `the file of the secret ${name}`, received, hint });
    return undefined;
  };

  const marked = (path: Path, node: unknown): Path => {
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset !== undefined) lineAt.set(formatPath(path), lines.linePos(offset).line);
    return path;
  };

  const opened = new Set<Node>();
  const root = toValue(document.contents, []);
  const lineOf = (path: Path): number | undefined =>
    lineAt.get(formatPath(path)) ?? (path.length === 0 ? undefined : lineOf(path.slice(0, -1)));
  return { root, lineOf, isSecret: (path) => secrets.has(formatPath(path)), faults };
}

function tooMuch(path: Path, file: string): GatewayError {
  const expected = `at most ${maxValues} values, ${maxDepth} levels deep,`;
  return invalidConfig([{ path: formatPath(path), expected, received: 'more' }], file);
}
