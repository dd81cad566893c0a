import { Composer, type CST, type Document, LineCounter, Parser } from 'yaml';
import { readSmallFile, whyUnreadable } from './files.ts';
import { invalidConfig, type Problem } from './problem.ts';

const maxFileBytes = 2 ** 20;
/** The composer goes down by recursion, and a stack that is used up can end the process. */
export const maxDepth = 64;
/** One slip can make every later line wrong. */
const maxSyntaxProblems = 20;

export interface YamlFile {
  /** `undefined` where the file says nothing. */
  readonly document: Document | undefined;
  readonly lines: LineCounter;
}

/** @throws CONFIG_INVALID if the file cannot be read or is no YAML, with lines and columns. */
export function readYaml(file: string): YamlFile {
  const text = readText(file);
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (tokens.some((token) => isDeeper(token, maxDepth))) {
    const expected = `a YAML file of at most ${maxDepth} levels`;
    throw invalidConfig([{ path: '', expected, received: 'more' }], file);
  }
  const composer = new Composer({
    stringKeys: true,
    customTags: [{ tag: '!secret', resolve: (name: string) => name }],
  });
  const [document, second] = composer.compose(tokens);
  const problems = [...(document?.errors ?? []), ...(document?.warnings ?? [])]
    .slice(0, maxSyntaxProblems)
    .map(({ message, pos: [offset] }) => syntaxProblem(lines, offset, message));
  if (second) problems.push(syntaxProblem(lines, second.range[0], 'a second document'));
  if (problems.length > 0) throw invalidConfig(problems, file);
  return { document, lines };
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readSmallFile(file, maxFileBytes));
  } catch (error) {
    const received = error instanceof TypeError ? 'bytes that are no UTF-8' : whyUnreadable(error);
    throw invalidConfig([{ path: '', expected: 'a readable YAML file', received }], file);
  }
}

function isDeeper(token: CST.Token | null | undefined, levels: number): boolean {
  if (!token) return false;
  if (token.type === 'document') return isDeeper(token.value, levels);
  if (!('items' in token)) return false;
  return (
    levels === 0 ||
    token.items.some(({ key, value }) => isDeeper(key, levels - 1) || isDeeper(value, levels - 1))
  );
}

function syntaxProblem(lines: LineCounter, offset: number, message: string): Problem {
  const { line, col } = lines.linePos(offset);
  // What stands in quotes after a colon is a piece of the file, which may be a secret.
  const received = message.replace(/: ".*$/s, '');
  return { path: '', expected: 'valid YAML', received, line, column: col };
}
