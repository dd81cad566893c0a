import { styleText } from 'node:util';

type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

interface Cell {
  readonly text: string;
  readonly right?: boolean;
  readonly colour?: Colour;
}

/** What is read of a result; anyone may publish there, so that none of it is certain. */
interface Result {
  readonly frame?: { readonly id?: unknown; readonly source?: unknown; readonly receivedAt?: unknown };
  readonly pipeline?: unknown;
  readonly models?: readonly ({ readonly name?: unknown; readonly version?: unknown } | null)[];
  readonly latencyMs?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

const titles: readonly Cell[] = [
  { text: 'TIME' },
  { text: 'SOURCE' },
  { text: 'PIPELINE' },
  { text: 'VERDICT' },
  { text: 'SCORE', right: true },
  { text: 'LATENCY', right: true },
  { text: 'MODEL' },
  { text: 'FRAME' },
];
/** Columns grow with what is in them, up to this, so that they need not be known beforehand. */
const maxWidth = 24;
/** Verdicts whose latency the summary is of. */
const maxRecent = 1_000;

/** Turns messages into lines of aligned columns. */
export class WatchView {
  readonly #colour: boolean;
  readonly #columns: () => number | undefined;
  readonly #widths: number[] = titles.map(({ text }) => text.length);
  readonly #recent: number[] = [];
  readonly #startedAt = performance.now();
  #verdicts = 0;
  #errors = 0;

  constructor(options: {
    colour: boolean;
    /** Width of the terminal; lines are cut there. */
    columns: () => number | undefined;
  }) {
    this.#colour = options.colour;
    this.#columns = options.columns;
  }

  /** The lines for a result: the titles before the first. */
  result(payload: Buffer): string[] {
    const message = parse(payload) as Result | undefined;
    if (!message) return [];
    const line = this.#line(cellsOf(message));
    const first = this.#verdicts++ === 0;
    if (message.error) this.#errors++;
    if (typeof message.latencyMs === 'number') this.#recent.push(message.latencyMs);
    if (this.#recent.length > maxRecent) this.#recent.shift();
    // After the line, because its cells have set the widths.
    return first ? [this.#line(titles.map((cell) => ({ ...cell, colour: 'dim' }))), line] : [line];
  }

  /** The line for a message of a source's error topic. */
  error(topic: string, payload: Buffer): string[] {
    const { code, message, at } = (parse(payload) ?? {}) as Record<string, unknown>;
    this.#errors++;
    const source = topic.split('/').at(-2) ?? '';
    const cells: Cell[] = [
      { text: timeOf(typeof at === 'string' ? Date.parse(at) : undefined) },
      { text: source },
      { text: '' },
      { text: `${text(code)}: ${text(message)}`, colour: 'red' },
    ];
    return [this.#line(cells)];
  }

  /** `120 verdicts, 1 error, 24.0/s, median 3 ms` */
  summary(): string {
    const rate = this.#verdicts / ((performance.now() - this.#startedAt) / 1000);
    const sorted = [...this.#recent].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    return [
      `${this.#verdicts} ${this.#verdicts === 1 ? 'verdict' : 'verdicts'}`,
      ...(this.#errors > 0 ? [`${this.#errors} ${this.#errors === 1 ? 'error' : 'errors'}`] : []),
      `${rate.toFixed(1)}/s`,
      ...(median === undefined ? [] : [`median ${median} ms`]),
    ].join(', ');
  }

  #line(cells: readonly Cell[]): string {
    let room = this.#columns() ?? Number.POSITIVE_INFINITY;
    const painted = cells.map(({ text, right = false, colour }, column) => {
      const last = column === cells.length - 1;
      const width = last ? 0 : this.#widthOf(column, text);
      const padded = right ? text.padStart(width) : text.padEnd(width);
      const cut = padded.slice(0, Math.max(0, room));
      room -= padded.length + 2;
      return this.#colour && colour ? styleText(colour, cut, { validateStream: false }) : cut;
    });
    return painted.join('  ').trimEnd();
  }

  #widthOf(column: number, text: string): number {
    const width = Math.min(maxWidth, Math.max(this.#widths[column] ?? 0, text.length));
    this.#widths[column] = width;
    return width;
  }
}

function cellsOf({ frame, pipeline, models, latencyMs, result, error }: Result): Cell[] {
  const received = frame?.receivedAt;
  const verdict = error ? `${text(error.code)}: ${text(error.message)}` : verdictOf(result);
  const score = result?.score;
  const used = (Array.isArray(models) ? models : []).map(
    (model) => `${text(model?.name)} ${text(model?.version)}`,
  );
  return [
    { text: timeOf(typeof received === 'number' ? received : undefined) },
    { text: text(frame?.source) },
    { text: text(pipeline) },
    { text: verdict, colour: error ? 'red' : verdict === 'unsure' ? 'yellow' : 'green' },
    { text: typeof score === 'number' ? `${(score * 100).toFixed(1)} %` : '', right: true },
    { text: typeof latencyMs === 'number' ? `${latencyMs} ms` : '', right: true },
    { text: used.join(', ') },
    { text: text(frame?.id), colour: 'dim' },
  ];
}

/** The class, or what else the pipeline says. */
function verdictOf(result: Result['result']): string {
  return text(typeof result?.class === 'string' ? result.class : JSON.stringify(result ?? null));
}

function timeOf(ms: number | undefined): string {
  const date = new Date(ms ?? Date.now());
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
}

/** A value without the control characters that would drive the terminal. */
function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value).replace(/\p{Cc}/gu, '?');
}

function parse(payload: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // Not ours: anyone may publish there.
  }
}
