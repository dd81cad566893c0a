import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const original = { open: fs.open, mkdir: fs.mkdir, rename: fs.rename };
const writes = ['writeFile', 'appendFile', 'write', 'truncate', 'sync', 'datasync'] as const;

/** Names of passing files are made by chance. */
function kindOf(operation: string, path: unknown): string {
  return `${operation} ${String(path).replace(/\.[0-9a-f]{8}\.part$/, '.part')}`;
}

/**
 * A disk under `folder` on which each write fails once with ENOSPC: after every `failNext` the first one that has
 * not failed yet, and every one after it, as on a disk that stays full.
 */
export function fillDisk(folder: string) {
  const failed: string[] = [];
  let isArmed = false;
  let isFull = false;
  const check = (operation: string, path: unknown) => {
    if (!String(path).startsWith(folder)) return;
    const kind = kindOf(operation, path);
    if (isArmed && !failed.includes(kind)) {
      failed.push(kind);
      isArmed = false;
      isFull = true;
    }
    if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };

  fs.open = async (path, flags, mode) => {
    if (flags !== undefined && flags !== 'r') check('open', path);
    const handle = await original.open(path, flags, mode);
    for (const name of writes) {
      const write = handle[name].bind(handle) as (...args: unknown[]) => Promise<unknown>;
      const guarded = async (...args: unknown[]) => {
        check(name, path);
        return write(...args);
      };
      (handle as unknown as Record<string, unknown>)[name] = guarded;
    }
    return handle as FileHandle;
  };
  fs.mkdir = (async (...args: Parameters<typeof original.mkdir>) => {
    check('mkdir', args[0]);
    return original.mkdir(...args);
  }) as typeof fs.mkdir;
  fs.rename = async (from, to) => {
    check('rename', to);
    return original.rename(from, to);
  };
  syncBuiltinESMExports();

  return {
    failed,
    failNext() {
      isFull = false;
      isArmed = true;
    },
    restore() {
      Object.assign(fs, original);
      syncBuiltinESMExports();
    },
  };
}
