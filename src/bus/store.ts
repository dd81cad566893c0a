import { mkdir } from 'node:fs/promises';
import levelPersistence, { type LevelPersistence } from 'aedes-persistence-level';
import { ClassicLevel } from 'classic-level';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { safeWrites } from './safe-writes.ts';

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
    const close = safeWrites(db, folder);
    const persistence = levelPersistence(db);
    skipIdleReads(persistence);
    forgiveWills(persistence, log);
    return { persistence, close };
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

/**
 * Nothing is stored of what is on its way to a client whose session ends with its connection, yet aedes looks for it
 * on disk at each acknowledgement of such a client: that was more than half of the broker's time at QoS 1.
 */
function skipIdleReads(persistence: LevelPersistence): void {
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingClearMessageId = async (client, packet) => {
    // The queue of a former session, which a clean connection empties, comes with other packets.
    const acknowledges = packet.cmd === 'puback' || packet.cmd === 'pubcomp';
    return client.clean && acknowledges ? undefined : clear(client, packet);
  };
}

/**
 * A client that connects leaves no will of a former connection behind. aedes 1.2 goes on where that cannot be deleted,
 * but lets the rejection go unhandled, which ends the process: a full disk is no reason for that.
 */
function forgiveWills(persistence: LevelPersistence, log: Logger): void {
  const forget = persistence.delWill.bind(persistence);
  persistence.delWill = (client) =>
    forget(client).catch((err: unknown) => {
      log.warn({ err, client: client.id }, 'former will of a client not deleted');
      return undefined;
    });
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
