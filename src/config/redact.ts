import { isLeaf } from './convict.ts';
import type { Schema } from './convict-schema.ts';
import { isFormat, isMapping } from './format.ts';

const hidden = '(hidden)';

/** `values` as they may be shown: nothing that the schema calls sensitive, no credentials inside a URL. */
export function redact(schema: Schema, values: unknown): Readonly<Record<string, unknown>> {
  if (!isMapping(values)) return {};
  const shown = Object.entries(values).map(([key, value]) => {
    const node = schema[key];
    if (node === undefined || value === null) return [key, value];
    if (!isLeaf(node)) return [key, redact(node, value)];
    if (node.sensitive) return [key, hidden];
    const entries = isFormat(node.format) ? node.format.entries : undefined;
    if (entries && isMapping(value)) {
      return [
        key,
        Object.fromEntries(
          Object.entries(value).map(([name, entry]) => [name, redact(entries.schema, entry)]),
        ),
      ];
    }
    return [key, typeof value === 'string' ? value.replace(/\/\/[^/@]*@/, `//${hidden}@`) : value];
  });
  return Object.fromEntries(shown);
}
