import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built `edgeward` with these arguments; killed when the test is over. */
export function startProgram(args: readonly string[], { input = '' as string | Buffer, env = {} } = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  // A program that ends early does not read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = [text(child.stdout), text(child.stderr)] as const;
  const ended = async (): Promise<Ended> => {
    const [code, stdout, stderr] = await Promise.all([exit, ...output]);
    return { code, stdout, stderr };
  };
  return { child, ended };
}

export function runProgram(
  args: readonly string[],
  options?: Parameters<typeof startProgram>[1],
): Promise<Ended> {
  return startProgram(args, options).ended();
}
