import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Program {
  /** Runs `edgeward` to its end, shows how it was called, and returns what it printed. Its progress is shown. */
  run(...args: readonly string[]): Promise<string>;
  /** Starts one that goes on; resolves with its first line. */
  start(...args: readonly string[]): Promise<{ readonly line: string; stop(): Promise<void> }>;
}

/** The built `edgeward`, as it is typed in the folder `home`. */
export function edgewardIn(home: string, options: { env: NodeJS.ProcessEnv; signal: AbortSignal }): Program {
  const { signal } = options;
  const env = { ...process.env, ...options.env };
  const begin = (args: readonly string[], stderr: 'inherit' | 'ignore') => {
    signal.throwIfAborted();
    say(styleText('bold', `\n$ edgeward ${args.map(quoted).join(' ')}`));
    return spawn(process.execPath, [main, ...args], { cwd: home, env, stdio: ['ignore', 'pipe', stderr] });
  };
  return {
    async run(...args) {
      const child = begin(args, 'inherit');
      const stop = () => child.kill();
      signal.addEventListener('abort', stop, { once: true });
      const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
      signal.removeEventListener('abort', stop);
      signal.throwIfAborted();
      if (code !== 0) throw new Error(`Expected edgeward ${args[0]} to end with 0 but received ${code}`);
      return output;
    },
    async start(...args) {
      const child = begin(args, 'ignore');
      const line = await Promise.race([
        once(child.stdout, 'data').then(([data]) => String(data).trim()),
        once(child, 'exit').then(([code]) => {
          throw new Error(`Expected edgeward ${args[0]} to go on but it ended with ${code}`);
        }),
      ]);
      return { line, stop: () => end(child) };
    },
  };
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function quoted(arg: string): string {
  return /^[\w./:@=-]+$/.test(arg) ? arg : `'${arg}'`;
}
