import { refusal } from './failure.ts';

/**
 * Entries of one object or list of metadata. The time that tuf-js takes grows with their square, and it parses
 * before it can verify: 1,500 keys in 64 KiB of a forged root take it 18 s, in which no frame is answered.
 */
export const maxEntries = { root: 64, timestamp: 64, snapshot: 256, targets: 256 } as const;

/** @throws UPDATE_TOO_LARGE */
export function expectFewEntries(path: string, data: Buffer, max: number): void {
  const open: unknown[] = [parsed(data)];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const entries: unknown[] = Object.values(value);
    if (entries.length > max) {
      const received = `${entries.length}`;
      throw refusal('UPDATE_TOO_LARGE', {
        expected: `at most ${max} entries in an object`,
        what: path,
        received,
      });
    }
    open.push(...entries);
  }
}

/** What is no JSON is told as such by the one who verifies. */
function parsed(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
}
