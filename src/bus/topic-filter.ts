import { sourceName } from '../config/mqtt-formats.ts';

const placeholder = '{source}';

/**
 * Whether a topic name matches a topic filter, by section 4.7 of MQTT 3.1.1. `#` also matches its parent
 * level, and a wildcard in the first level matches no topic that begins with `$` [MQTT-4.7.2-1].
 */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const levels = filter.split('/');
  const names = topic.split('/');
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    if (i >= names.length) return false;
    if (level !== '+' && level !== names[i]) return false;
  }
  return levels.length === names.length;
}

/** Whether every topic that matches `filter` also matches `wider`. */
export function covers(wider: string, filter: string): boolean {
  if (wider === filter) return true;
  if (filter.startsWith('$') && (wider.startsWith('+') || wider.startsWith('#'))) return false;
  const outer = wider.split('/');
  const inner = filter.split('/');
  for (const [i, level] of outer.entries()) {
    if (level === '#') return true;
    const other = inner[i];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return outer.length === inner.length;
}

/** Whether a topic filter is well formed: wildcards stand for whole levels, `#` only for the last. */
export function isFilter(filter: string): boolean {
  if (filter === '' || filter.includes('\0') || Buffer.byteLength(filter) > 65_535) return false;
  const levels = filter.split('/');
  return levels.every((level, i) =>
    level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level),
  );
}

/** A topic pattern of a source, ready to use. */
export interface SourcePattern {
  /** What to subscribe to. */
  readonly filter: string;
  /** The source that a topic names, or `undefined` where it does not match or names no valid source. */
  match(topic: string): string | undefined;
}

/**
 * Compiles `cameras/{source}/frame`. A pattern that names no source stands for the one called `name`.
 * `+` and `#` mean what they mean in a filter.
 */
export function compilePattern(pattern: string, name?: string): SourcePattern {
  const levels = pattern.split('/');
  const at = levels.indexOf(placeholder);
  const filter = levels.map((level) => (level === placeholder ? '+' : level)).join('/');
  if (at < 0) return { filter, match: (topic) => (matches(filter, topic) ? name : undefined) };
  return {
    filter,
    match(topic) {
      if (!matches(filter, topic)) return undefined;
      const source = topic.split('/')[at];
      return source !== undefined && sourceName.accepts(source) ? source : undefined;
    },
  };
}
