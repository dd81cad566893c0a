import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';

/**
 * Runs `work` while nobody else on this machine changes the repository: two that read the same state would
 * publish one version twice, and one of them would be lost.
 * @throws REPOSITORY_INVALID if another process is at it.
 */
export async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const file = join(folder, '.lock');
  await take(file);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<void> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') {
      const owner = await readFile(file, 'utf8').catch(() => '');
      if (owner !== '' && !isAlive(Number(owner))) {
        // Left by a process that was killed.
        await rm(file, { force: true });
        return take(file);
      }
      throw failed(file, `one that process ${owner || 'of unknown number'} holds`, cause);
    }
    throw failed(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function failed(file: string, received: string, cause: unknown): GatewayError {
  const message = `Expected to take the lock for ${file} but received ${received}`;
  return new GatewayError('REPOSITORY_INVALID', message, { cause });
}
