import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

const at = (file: string) => new URL(`../../dist/${file}`, import.meta.url).href;

/** A program that would go on for ever, but for an error of its own. */
function programWith(fault: string): Promise<{ code: unknown; output: string }> {
  const script = `
import { createLog } from '${at('log.js')}';
import { watchStrayErrors } from '${at('daemon/stray-errors.js')}';
watchStrayErrors(await createLog({ level: 'info', format: 'json' }));
setInterval(() => {}, 1_000);
${fault}`;
  const args = ['--input-type=module', '--eval', script];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code, output: stdout + stderr }),
    );
  });
}

it.each([
  ['promise that fails', "void Promise.reject(new Error('half done'));"],
  ['exception', "setImmediate(() => { throw new Error('half done'); });"],
])('a %s of our own, which nobody catches, ends the process and is told', async (_what, fault) => {
  const { code, output } = await programWith(fault);
  expect(code).toBe(1);
  expect(output).toContain('half done');
  expect(output).toContain('"level":60');
});
