import { rm, statfs, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClassicLevel } from 'classic-level';

/** Opening anew writes what LevelDB has in memory, 4 MB at most, to a table. */
const roomToOpen = 8 * 1024 * 1024;
const retryMs = 200;

type Write = (...args: never[]) => Promise<unknown>;

/**
 * Makes a database keep what it has said to have written. LevelDB goes on behind a record that it could only write
 * in part (a full disk), and gives up what follows such a record when it is opened the next time. So once a write has
 * failed, all of them do, until the database has been opened anew, which happens as soon as there is room. Reads go on
 * but for that moment.
 * @param folder where the database lies
 * @returns what closes the database
 */
export function safeWrites<V>(db: ClassicLevel<string, V>, folder: string): () => Promise<void> {
  const closing = new AbortController();
  let failure: unknown;
  let mended: Promise<void> = Promise.resolve();

  const mend = async () => {
    const { signal } = closing;
    while (!signal.aborted) {
      await delay(retryMs, undefined, { signal, ref: false }).catch(() => {});
      try {
        if (!(await isWritable(folder)) || signal.aborted) continue;
        await db.close();
        await db.open();
        failure = undefined;
        return;
      } catch {
        // Not yet. Who writes meanwhile is told what failed first.
      }
    }
  };
  const guarded = async (write: () => Promise<unknown>) => {
    if (failure) throw failure;
    try {
      await write();
    } catch (error) {
      if (!failure && isOfDisk(error)) {
        failure = error;
        mended = mend();
      }
      throw error;
    }
    // It may lie behind one that has failed meanwhile.
    if (failure) throw failure;
  };
  const guard =
    (write: Write): Write =>
    (...args) =>
      guarded(() => write(...args));

  const start = db.batch.bind(db) as () => ReturnType<typeof db.batch>;
  const chained = () => {
    const chain = start();
    return Object.assign(chain, { write: guard(chain.write.bind(chain)) });
  };
  const batch = guard(db.batch.bind(db) as Write);
  Object.assign(db, {
    put: guard(db.put.bind(db)),
    del: guard(db.del.bind(db)),
    batch: (...args: never[]) => (args.length > 0 ? batch(...args) : chained()),
  });
  return async () => {
    closing.abort();
    await mended;
    await db.close();
  };
}

/** Whether there is room, and writing is allowed. @throws the error of the disk */
async function isWritable(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < roomToOpen) return false;
  const probe = `${folder}.probe`;
  await writeFile(probe, 'x');
  await rm(probe);
  return true;
}

function isOfDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LEVEL_IO_ERROR';
}
