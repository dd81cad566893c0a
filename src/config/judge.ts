import { type Format, isMapping } from './format.ts';
import { describe, type Fault, type Path } from './problem.ts';

/** Why `format` refuses `value`: of a list or record, one fault for each item that is wrong. */
export function faultsOf(format: Format<unknown>, value: unknown, path: Path, sensitive = false): Fault[] {
  const { items } = format;
  if (items && (Array.isArray(value) || isMapping(value))) {
    const entries: [string | number, unknown][] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value);
    const wrong = entries.filter(([, item]) => !items.accepts(item));
    return wrong.flatMap(([step, item]) => faultsOf(items, item, [...path, step], sensitive));
  }
  const received = sensitive ? shapeOf(value) : describe(value);
  return [{ path, expected: format.expected, received, hint: adviseOn(format, value) }];
}

function adviseOn(format: Format<unknown>, value: unknown): string | undefined {
  if (format.explain) return format.explain(value);
  if (typeof value === 'string') return format.accepts(format.fromText(value)) ? 'without quotes' : undefined;
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  return scalar && format.accepts(String(value)) ? 'put it in quotes' : undefined;
}

/** The kind of `value`, without the value itself: it may be a secret. */
export function shapeOf(value: unknown): string {
  return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : describe(value);
}
