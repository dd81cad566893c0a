import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { resolveBundle } from '../../src/models/builtin.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What the built program prints, and how it ends. */
async function edgeward(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [main, ...args])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('edgeward bundle inspect', () => {
  it('shows people what is in a bundle', async () => {
    const { code, stdout } = await edgeward('bundle', 'inspect', 'builtin:digits');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name +digits \d/m);
    expect(stdout).toMatch(/^input +image: picture of 28 × 28, grey, uint8 nhwc/m);
    expect(stdout).toMatch(/^quantized +int8-qdq; weights int8/m);
    expect(stdout).toMatch(
      /^accuracy +top-1 on MNIST test \(10000 samples\): float 0\.98\d+, quantized 0\.98\d+$/m,
    );
    expect(stdout).toMatch(/^golden +20 samples/m);
    expect(stdout).toMatch(/^digest +sha256:[0-9a-f]{64}$/m);
  });

  it('tells programs the same on one line', async () => {
    const { stdout } = await edgeward('bundle', 'inspect', resolveBundle('builtin:digits'), '--json');
    expect(stdout.trimEnd()).not.toContain('\n');
    const { bytes, manifest } = JSON.parse(stdout);
    expect(bytes).toBe((await readFile(resolveBundle('builtin:digits'))).length);
    expect(manifest).toMatchObject({ format: 1, name: 'digits' });
  });

  it('ends with a code and one clear line for what is no bundle', async () => {
    const { code, stdout, stderr } = await edgeward('bundle', 'inspect', main);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^edgeward: Expected a whole tar archive for .* \(BUNDLE_INVALID\)\n$/);
  });
});
