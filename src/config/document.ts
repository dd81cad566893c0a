import { dirname } from 'node:path';
import { type Alias, isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { GatewayError } from '../errors.ts';
import { type Fault, formatPath, invalidConfig, type Path } from './problem.ts';
import { type Env, readSecret } from './secrets.ts';
import { maxDepth, readYaml, type YamlFile } from './yaml.ts';

/** Aliases may multiply, or stand inside their own anchor: a few lines of YAML can mean values without end. */
const maxValues = 20_000;

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
  return convert(readYaml(file), { folder: dirname(file), env, file });
}

function convert(
  { document, lines }: YamlFile,
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
        const at = marked([...path, name], key);
        // Copying such an object would change what it inherits from.
        if (name === '__proto__')
          faults.push({ path: at, expected: 'another name', received: '"__proto__"' });
        return [name, toValue(value, at)] as const;
      });
      return Object.fromEntries(entries.filter(([name]) => name !== '__proto__'));
    }
    if (isSeq(node)) return node.items.map((item, i) => toValue(item, marked([...path, i], item)));
    if (!isScalar(node)) return null;
    return node.tag === '!secret' ? secret(String(node.value), path) : node.value;
  };

  const aliased = (alias: Alias, path: Path): unknown => {
    const target = document && alias.resolve(document);
    if (target) return toValue(target, path);
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

  const root = toValue(document?.contents, []);
  const lineOf = (path: Path): number | undefined =>
    lineAt.get(formatPath(path)) ?? (path.length === 0 ? undefined : lineOf(path.slice(0, -1)));
  return { root, lineOf, isSecret: (path) => secrets.has(formatPath(path)), faults };
}

function tooMuch(path: Path, file: string): GatewayError {
  const expected = `at most ${maxValues} values, ${maxDepth} levels deep,`;
  return invalidConfig([{ path: formatPath(path), expected, received: 'more' }], file);
}
