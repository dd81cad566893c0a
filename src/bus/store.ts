import { mkdir } from 'node:fs/promises';
import levelPersistence from 'aedes-persistence-level';
import { ClassicLevel } from 'classic-level';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** Retained messages, sessions and queues of the embedded broker on disk. */
export interface Store {
  readonly persistence: object;
  close(): Promise<void>;
}

/**
 * Opens the store, and mends it if a power cut has damaged it. What was written survives the end of the
 * process at any moment; it is not synced at each message, so a power cut may take the last moments.
 * @throws STATE_UNWRITABLE
 */
export async function openStore(folder: string, log: Logger): Promise<Store> {
  try {
    await mkdir(folder, { recursive: true });
    const db = await open(folder, log);
    return { persistence: levelPersistence(db), close: () => db.close() };
  } catch (cause) {
    const locked = codeOf(cause) === 'LEVEL_LOCKED';
    const received = locked ? 'one that another process holds' : `an error (${textOf(cause)})`;
    throw new GatewayError(
      'STATE_UNWRITABLE',
      `Expected a folder of our own for the broker's store at ${folder} but received ${received}`,
      { cause },
    );
  }
}

async function open(folder: string, log: Logger): Promise<ClassicLevel> {
  const db = new ClassicLevel(folder);
  try {
    await db.open();
    return db;
  } catch (err) {
    if (codeOf(err) !== 'LEVEL_CORRUPTION') throw err;
    log.warn({ err, folder }, 'broker store is damaged, repairing it');
    await ClassicLevel.repair(folder);
    await db.open();
    return db;
  }
}

/** The code of LevelDB is that of the cause of the error that `open` rejects with. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return (
    (error.cause instanceof Error && 'code' in error.cause && error.cause.code) ||
    ('code' in error && error.code)
  );
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
