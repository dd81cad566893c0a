import { stringify } from 'yaml';
import { isLeaf } from './convict.ts';
import type { Schema, SchemaLeaf } from './convict-schema.ts';
import { formatOf } from './native-formats.ts';

const width = 100;

const header = `Every key of edgeward's configuration, with its default.
Take over what you want to change; a key that is not there has its default.

Relative paths begin at the folder of the file.

A secret stays out of the file: \`password: !secret broker\` reads the file \`broker\` among the
credentials of the service ($CREDENTIALS_DIRECTORY, LoadCredential= of systemd), else
\`secrets/broker\` beside this file. An absolute path is taken as it is.

A variable of the environment wins over the file. With _FILE behind its name it holds the path of a
file with the value. An empty one says nothing.

\`edgeward config check --config FILE\` names everything that is wrong with a file.
This one is made by \`edgeward config reference\`.`;

/** The schema as a commented YAML file that means the defaults, with an example for every map. */
export function renderReference(schema: Schema): string {
  return [...header.split('\n').map(comment), '', ...sectionLines(schema, {}, 0), ''].join('\n');
}

/** Lines of a section that stands `depth` levels deep, not yet indented. */
function sectionLines(schema: Schema, example: Readonly<Record<string, unknown>>, depth: number): string[] {
  return Object.entries(schema).flatMap(([key, node], i) => {
    const lines = isLeaf(node)
      ? leafLines(key, node, example[key] ?? node.default, depth)
      : [`${key}:`, ...indent(sectionLines(node, {}, depth + 1))];
    return i === 0 ? lines : ['', ...lines];
  });
}

function leafLines(key: string, leaf: SchemaLeaf, value: unknown, depth: number): string[] {
  const format = formatOf(leaf);
  const doc = wrap(leaf.doc, depth).map(comment);
  if (format.entries) {
    const { schema } = format.entries;
    const examples = Object.entries((leaf.example ?? {}) as Readonly<Record<string, Schema>>);
    const lines = examples.flatMap(([name, example]) => [
      `${name}:`,
      ...indent(sectionLines(schema, example, depth + 2)),
    ]);
    return [...doc, `${key}:`, ...indent(lines.map(comment))];
  }
  const required = format.accepts(leaf.default) ? '' : ' Required.';
  const values = wrap(`Value: ${format.expected}.${required}`, depth).map(comment);
  const variable = leaf.env === undefined ? [] : [comment(`Environment: ${leaf.env}`)];
  return [...doc, ...values, ...variable, `${key}: ${inline(value)}`];
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', singleQuote: true, lineWidth: 0 }).trim();
}

function wrap(text: string, depth: number): string[] {
  const limit = width - 2 * depth - '# '.length;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= limit)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function comment(line: string): string {
  return line === '' ? '#' : `# ${line}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
