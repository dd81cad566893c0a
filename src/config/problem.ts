import { distance } from 'fastest-levenshtein';
import { GatewayError } from '../errors.ts';

/** From the root of the configuration: names of mappings and indices of lists. */
export type Path = readonly (string | number)[];

/** A value that is not as it should be. */
export interface Fault {
  readonly path: Path;
  /** What would be right, as it reads after "Expected". */
  readonly expected: string;
  /** What is there, as `describe` says it. */
  readonly received: string;
  readonly hint?: string | undefined;
}

/** A fault with its place in the file, as `details.problems` of CONFIG_INVALID lists it. */
export interface Problem {
  /** `models.digits.maxBatch`, `pipelines.door.sources[0]`; empty for the file as a whole. */
  readonly path: string;
  readonly expected: string;
  readonly received: string;
  readonly hint?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  /** From 1; syntax errors only. */
  readonly column?: number | undefined;
}

/** Every problem of one configuration as one error. */
export function invalidConfig(problems: readonly Problem[], file?: string): GatewayError {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const count = sorted.length === 1 ? '1 error' : `${sorted.length} errors`;
  const where = file === undefined ? '' : ` in ${file}`;
  const lines = sorted.map((problem) => `  ${formatProblem(problem)}`);
  const message = [`Expected a valid configuration but received ${count}${where}:`, ...lines].join('\n');
  return new GatewayError('CONFIG_INVALID', message, {
    details: { ...(file && { file }), problems: sorted },
  });
}

function formatProblem({ path, expected, received, hint, line, column }: Problem): string {
  const place = line === undefined ? '' : `line ${line}${column === undefined ? '' : `:${column}`}: `;
  const subject = path === '' ? '' : ` for ${path}`;
  const advice = hint === undefined ? '' : ` (${hint})`;
  return `${place}Expected ${expected}${subject} but received ${received}${advice}`;
}

export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** `value` in a few words, without what may be a credential in a URL. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const discreet = value.replace(/\/\/[^/]*@/, '//…@');
  return JSON.stringify(discreet.length > 80 ? `${discreet.slice(0, 79)}…` : discreet);
}

/** `did you mean …?` with the candidate that is a slip of the pen away, else the candidates themselves. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const meant = nearest(word, candidates);
  if (meant) return `did you mean ${meant}?`;
  return candidates.length > 0 ? `known here: ${candidates.join(', ')}` : undefined;
}

/** The candidate that is a slip of the pen away from `word`, if there is one. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return candidates
    .map((candidate) => ({ candidate, slips: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate: { length }, slips }) => slips < length && slips <= Math.max(2, length / 3))
    .sort((a, b) => a.slips - b.slips)[0]?.candidate;
}
