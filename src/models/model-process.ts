import { type ChildProcess, fork } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Manifest } from './manifest.ts';
import { type Answer, type Command, fromWire, type LoadOptions } from './protocol.ts';

/** Built JavaScript, from `src/` and from `dist/` alike: a model process has no loader for TypeScript. */
const entry = fileURLToPath(new URL('../../dist/models/child/main.js', import.meta.url));

const loadTimeoutMs = 60_000;
const farewellMs = 2_000;
const keptLines = 20;

/**
 * What a job allocates is short-lived, so a small nursery costs no time and saves 20 MB; so do two arenas in
 * place of one for each thread that ever allocated.
 */
const execArgv = ['--max-semi-space-size=2'];
const tuning = { MALLOC_ARENA_MAX: '2' };

/**
 * How much less a net counts than the daemon when cores are scarce, in steps of nice(2): the daemon needs little
 * and at once, the nets take what is left.
 */
const politeness = 5;

/** All that a model process learns of its surroundings: where libraries and temporary files are. */
const inherited = ['LD_LIBRARY_PATH', 'TMPDIR', 'TZ', 'SystemRoot'];

/** One operating system process that holds one version of one model. It lives once: there is no restart. */
export interface ModelProcess {
  readonly pid: number;
  readonly manifest: Manifest;
  readonly digest: string;
  /** Resident bytes, as it last reported. */
  readonly rss: number;
  /** Resolves when it has ended and its last answer has been handed over. Never rejects. */
  readonly exited: Promise<Exit>;
  /** The answer comes by `onAnswer`, or never if the process ends before. */
  post(command: Command): void;
  kill(): void;
  /** Ends the process after what it is doing, within two seconds. */
  stop(): Promise<void>;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines that it wrote. */
  readonly output: string;
}

export type JobAnswer = Extract<Answer, { readonly id: number }>;

export interface ModelProcessOptions {
  readonly load: LoadOptions;
  readonly log: Logger;
  readonly onAnswer: (answer: JobAnswer) => void;
}

function yieldToDaemon(pid: number): void {
  try {
    setPriority(pid, Math.min(19, getPriority() + politeness));
  } catch {
    // It has ended already, which shows elsewhere.
  }
}

/**
 * Start a process, load the model into it and run its golden samples there.
 * @throws what `loadModel` throws in the process, MODEL_LOAD_FAILED if that ends or takes a minute, or the
 * reason of `signal`; the process has ended then.
 */
export async function startModelProcess(
  { load, log, onAnswer }: ModelProcessOptions,
  signal: AbortSignal,
): Promise<ModelProcess> {
  signal.throwIfAborted();
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment(),
    execArgv,
  });
  if (child.pid !== undefined) yieldToDaemon(child.pid);
  const kill = () => child.kill('SIGKILL');
  const exited = exitOf(child, recordOutput(child, log));
  let rss = 0;
  child.on('message', (answer: Answer) => {
    if (answer.kind === 'memory') rss = answer.rss;
    else if ('id' in answer) onAnswer(answer);
  });
  try {
    const { manifest, digest } = await loaded(child, load, exited, signal);
    return {
      pid: child.pid ?? 0,
      manifest,
      digest,
      get rss() {
        return rss;
      },
      exited,
      kill,
      // Whatever goes wrong with a message shows as the end of the process.
      post: (command) => child.send(command, () => {}),
      async stop() {
        child.send({ kind: 'stop' } satisfies Command, () => {});
        const timer = setTimeout(kill, farewellMs);
        await exited;
        clearTimeout(timer);
      },
    };
  } catch (error) {
    kill();
    const { output } = await exited;
    if (!(error instanceof GatewayError) || output === '') throw error;
    throw new GatewayError(error.code, error.message, {
      cause: error,
      details: { ...error.details, output },
    });
  }
}

/** Send `load` and wait for what comes of it. */
function loaded(
  child: ChildProcess,
  load: LoadOptions,
  exited: Promise<Exit>,
  signal: AbortSignal,
): Promise<Extract<Answer, { kind: 'ready' }>> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const finish = (settle: () => void) => {
      over.abort();
      child.off('message', listen);
      settle();
    };
    const fail = (received: string, details: Readonly<Record<string, unknown>> = {}) => {
      const message = `Expected a process that loads ${load.bundle} but received ${received}`;
      finish(() => reject(new GatewayError('MODEL_LOAD_FAILED', message, { details })));
    };
    const listen = (answer: Answer) => {
      if (answer.kind === 'ready') finish(() => resolve(answer));
      if (answer.kind === 'failed') finish(() => reject(fromWire(answer.error)));
    };
    const late = setTimeout(() => fail(`nothing for ${loadTimeoutMs} ms`), loadTimeoutMs);
    over.signal.addEventListener('abort', () => clearTimeout(late));
    signal.addEventListener('abort', () => finish(() => reject(signal.reason)), { signal: over.signal });
    void exited.then(({ code, signal: by }) =>
      fail(`its end by ${by ?? `exit code ${code}`}`, { code, signal: by }),
    );
    child.on('message', listen);
    child.send({ kind: 'load', ...load } satisfies Command, () => {});
  });
}

/** `close` and not `exit`: when the process is gone, answers may still be in the channel. */
function exitOf(child: ChildProcess, output: readonly string[]): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, output: output.join('\n') }));
    // No process came to be, so none will close.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, output: error.message });
    });
  });
}

function recordOutput(child: ChildProcess, log: Logger): readonly string[] {
  const kept: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input }).on('line', (line) => {
      kept.push(line.slice(0, 500));
      if (kept.length > keptLines) kept.shift();
      log.warn({ pid: child.pid, line }, 'Model process wrote');
    });
  }
  return kept;
}

function environment(): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])), ...tuning };
}
