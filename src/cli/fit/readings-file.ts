import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { GatewayError } from '../../errors.ts';

/** A recording: its channels, and what a source would have sent, message by message. */
export interface Recording {
  /** Top-level keys of each message, under names that a channel can have. */
  readonly channels: Readonly<Record<string, string>>;
  /** Its own header says where values stand. */
  readonly isTable: boolean;
  /** Key of the time, ms since 1970; absent where messages have none. */
  readonly time?: string;
  readonly messages: Iterable<string>;
}

/** Samples without a time travel in lists, as sensors that are fast send them. */
const samplesPerMessage = 1000;
const isTime = /^(time|timestamp|date|datetime|ts|t)$/i;

/**
 * Reads `.csv` with a header (a column of times, every other a channel), or a message a line (`.jsonl`,
 * `.ndjson`, `.json`, `.txt`).
 * @param rateHz samples a second, for rows without a time.
 * @throws DATASET_INVALID
 */
export async function readRecording(path: string, rateHz: number): Promise<Recording> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('DATASET_INVALID', `Expected a file of readings but received ${path}`, { cause });
  });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length < 2) throw invalid('readings', path, `${lines.length} lines`);
  return extname(path).toLowerCase() === '.csv' ? csv(lines, path, rateHz) : messageLines(lines, path);
}

function csv([header = '', ...rows]: readonly string[], path: string, rateHz: number): Recording {
  const separator = [';', '\t'].find((each) => header.includes(each)) ?? ',';
  const names = header.split(separator).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  const timeColumn = names.findIndex((name) => isTime.test(name));
  const columns = [...names.entries()].filter(([i]) => i !== timeColumn);
  const channels = Object.fromEntries(columns.map(([, name]) => [channelName(name), name]));
  if (columns.length === 0) throw invalid('a column of readings', path, 'none');
  const cells = (line: string) => line.split(separator);
  const value = (cell: string | undefined) => (cell === undefined || cell.trim() === '' ? null : cell.trim());
  return {
    channels,
    isTable: true,
    time: ' time',
    messages: { [Symbol.iterator]: timeColumn < 0 ? lists : singles },
  };

  function* singles() {
    for (const [i, row] of rows.entries()) {
      const parts = cells(row);
      const at = timeOf(parts[timeColumn]?.trim() ?? '');
      if (Number.isNaN(at)) throw invalid('a time', `line ${i + 2} of ${path}`, parts[timeColumn] ?? '');
      yield JSON.stringify({
        ' time': at,
        ...Object.fromEntries(columns.map(([c, name]) => [name, value(parts[c])])),
      });
    }
  }

  function* lists() {
    for (let start = 0; start < rows.length; start += samplesPerMessage) {
      const parts = rows.slice(start, start + samplesPerMessage).map(cells);
      const samples = columns.map(([c, name]) => [name, parts.map((part) => value(part[c]))]);
      yield JSON.stringify({ ' time': (start * 1000) / rateHz, ...Object.fromEntries(samples) });
    }
  }
}

function messageLines(lines: readonly string[], path: string): Recording {
  let first: unknown;
  try {
    first = JSON.parse(lines[0] ?? '');
  } catch (cause) {
    throw new GatewayError(
      'DATASET_INVALID',
      `Expected a JSON message a line in ${path} but received others`,
      {
        cause,
      },
    );
  }
  const keys = typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first) : [];
  const time = keys.find((key) => isTime.test(key));
  const channels = keys.filter((key) => key !== time).map((key) => [channelName(key), key]);
  return {
    channels: Object.fromEntries(channels),
    isTable: false,
    ...(time === undefined ? {} : { time }),
    messages: lines,
  };
}

/** Without a zone it is UTC: of local time an hour is missing once a year. */
function timeOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) {
    // Seconds since 1970 have ten digits for as long as anyone will care.
    return Number(text) * (Number(text) < 1e11 ? 1000 : 1);
  }
  const plain = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(:\d\d(\.\d+)?)?)$/.exec(text);
  return Date.parse(plain ? `${plain[1]}T${plain[2]}Z` : text);
}

/** The name as the pipeline takes it. */
function channelName(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  return `${/^[a-z]/.test(plain) ? '' : 'c'}${plain}`.slice(0, 32);
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('DATASET_INVALID', `Expected ${expected} in ${what} but received ${received}`);
}
