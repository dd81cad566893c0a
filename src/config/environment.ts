import { resolve } from 'node:path';
import { isLeaf } from './convict.ts';
import type { Schema, SchemaLeaf } from './convict-schema.ts';
import { isMapping } from './format.ts';
import { formatOf } from './native-formats.ts';
import { type Fault, nearest, type Path } from './problem.ts';
import { type Env, readSecretFile } from './secrets.ts';

export interface Override {
  readonly path: Path;
  /** The variable that says it. */
  readonly variable: string;
  readonly value: unknown;
}

/**
 * What the environment says: each leaf with `env` by that variable, or by the content of the file that
 * `<variable>_FILE` names. An empty variable says nothing. Relative paths begin at the working directory.
 */
export function readEnvironment(schema: Schema, env: Env): { overrides: Override[]; faults: Fault[] } {
  const overrides: Override[] = [];
  const faults: Fault[] = [];
  for (const { path, leaf } of leavesOf(schema)) {
    if (leaf.env === undefined) continue;
    const direct = env[leaf.env] || undefined;
    const variable = direct === undefined ? `${leaf.env}_FILE` : leaf.env;
    const file = env[`${leaf.env}_FILE`] || undefined;
    if (direct !== undefined && file !== undefined) {
      faults.push({ path, expected: `${leaf.env} or ${leaf.env}_FILE`, received: 'both' });
    }
    const text = direct ?? (file === undefined ? undefined : textOf(file, path, variable, faults));
    if (text === undefined) continue;
    const format = formatOf(leaf);
    const value = format.fromText(text);
    overrides.push({ path, variable, value: format.tidy?.(value, process.cwd()) ?? value });
  }
  return { overrides, faults };
}

/** A note for each variable that looks as if it were meant for edgeward and is not one of the schema's. */
export function strayVariables(schema: Schema, env: Env): string[] {
  const known = [...leavesOf(schema)].flatMap(({ leaf }) => (leaf.env ? [leaf.env, `${leaf.env}_FILE`] : []));
  const stray = Object.keys(env).filter((name) => name.startsWith('EDGEWARD_') && !known.includes(name));
  return stray.map((name) => {
    const meant = nearest(name, known);
    return `${name} has no effect${meant ? `; did you mean ${meant}?` : ''}`;
  });
}

/**
 * `root` with the overrides in it. Where it has something else than a mapping on the way, that stays, to be
 * reported.
 */
export function applyOverrides(root: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((tree, { path, value }) => withValue(tree, path, value), root);
}

function withValue(tree: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (tree === undefined || tree === null) return { [step]: withValue(undefined, rest, value) };
  return isMapping(tree) ? { ...tree, [step]: withValue(tree[step], rest, value) } : tree;
}

function* leavesOf(schema: Schema, path: Path = []): Generator<{ path: Path; leaf: SchemaLeaf }> {
  for (const [key, node] of Object.entries(schema)) {
    if (isLeaf(node)) yield { path: [...path, key], leaf: node };
    else yield* leavesOf(node, [...path, key]);
  }
}

function textOf(file: string, path: Path, variable: string, faults: Fault[]): string | undefined {
  const reading = readSecretFile(resolve(file));
  if (reading.ok) return reading.secret;
  faults.push({ path, expected: `a file that ${variable} names`, received: reading.received });
  return undefined;
}
