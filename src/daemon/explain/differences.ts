import type { Json } from '../../pipelines/contract.ts';

export interface Difference {
  /** As `classes[0].score`; empty for the whole. */
  readonly path: string;
  /** Absent where there is none. */
  readonly recorded?: Json;
  readonly now?: Json;
}

/** Where two values of JSON differ, leaf by leaf. */
export function differences(recorded: Json | undefined, now: Json | undefined, path = ''): Difference[] {
  if (isTree(recorded) && isTree(now) && Array.isArray(recorded) === Array.isArray(now)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(now)])];
    return keys.flatMap((key) =>
      differences(childOf(recorded, key), childOf(now, key), join(path, key, now)),
    );
  }
  if (recorded === now) return [];
  return [{ path, ...(recorded === undefined ? {} : { recorded }), ...(now === undefined ? {} : { now }) }];
}

type Tree = { readonly [key: string]: Json } | readonly Json[];

function isTree(value: Json | undefined): value is Tree {
  return typeof value === 'object' && value !== null;
}

function childOf(tree: Tree, key: string): Json | undefined {
  return Object.entries(tree).find(([name]) => name === key)?.[1];
}

function join(path: string, key: string, parent: Tree): string {
  if (Array.isArray(parent)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
