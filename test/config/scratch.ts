import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Problem } from '../../src/config/problem.ts';
import { GatewayError } from '../../src/errors.ts';

/** A folder that is removed after the tests of the file that asked for it. */
export function scratchFolder(): {
  folder: string;
  write(name: string, content: string | Uint8Array): string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'edgeward-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    write(name, content) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

/** The error that `action` throws; fails if it throws none of ours. */
export function errorOf(action: () => unknown): GatewayError {
  try {
    action();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('Expected a GatewayError but nothing was thrown');
}

export function problemsOf(error: GatewayError): readonly Problem[] {
  return error.details?.problems as readonly Problem[];
}

/** Problems of a configuration file, none if it is right. */
export function problemsIn(file: string, env: Record<string, string> = {}): readonly Problem[] {
  try {
    loadConfig({ file, env });
    return [];
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'CONFIG_INVALID') return problemsOf(error);
    throw error;
  }
}
