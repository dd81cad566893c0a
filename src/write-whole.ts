import { rename, rm, writeFile } from 'node:fs/promises';

/** Write a file that is whole under its name, or not there. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const part = `${path}.part`;
  try {
    await writeFile(part, data);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
