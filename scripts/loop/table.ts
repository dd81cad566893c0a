import type { Answer } from './announce.ts';
import type { Balance } from './ledger.ts';

/** What became of a version. */
export interface Row {
  readonly version: string;
  readonly learnedFrom: string;
  readonly trainedMs: number;
  /** By its own report, in [0, 1]. */
  readonly accuracy: number;
  /** The last word of the gateway. */
  readonly outcome: Answer;
  /** From the announcement to that word. */
  readonly tookMs: number;
}

const columns = [
  ['version', 'left'],
  ['learned from', 'left'],
  ['trained in', 'right'],
  ['report', 'right'],
  ['live', 'right'],
  ['frames', 'right'],
  ['update took', 'right'],
  ['ended', 'left'],
] as const;

/** A line a version, why the bad ones are bad, and what became of the frames. */
export function tableOf(rows: readonly Row[], balance: Balance): string[] {
  const cells = rows.map(({ version, learnedFrom, trainedMs, accuracy, tookMs, outcome }) => {
    const { frames, right } = balance.versions.get(version) ?? { frames: 0, right: 0 };
    const live = frames === 0 ? '-' : percent(right / frames);
    const took = [seconds(trainedMs), percent(accuracy), live, number(frames), seconds(tookMs)];
    return [version, learnedFrom, ...took, endOf(outcome)];
  });
  const reasons = rows.flatMap(({ version, outcome: { error } }) => (error ? [`${version}: ${error}.`] : []));
  return [...aligned([columns.map(([head]) => head), ...cells]), '', ...reasons, frameSentence(balance)];
}

function endOf({ data: { state, version }, code }: Answer): string {
  if (code === undefined) return 'in charge, passed its probation';
  return `${state === 'rolled_back' ? `rolled back to ${version}` : state}, ${code}`;
}

function frameSentence({ sent, answered, lost, repeated, errors }: Balance): string {
  const codes = Object.entries(errors).map(([code, count]) => ` (${number(count)} with ${code})`);
  return `${number(sent)} frames sent, ${number(answered)} answered${codes.join('')}, ${lost} lost, ${repeated} answered twice.`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const cell = (text: string, i: number) =>
    columns[i]?.[1] === 'right' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}

function number(value: number): string {
  return value.toLocaleString('en');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
