import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * scrypt (RFC 7914) with N = 2^15, r = 8, p = 1: 32 MiB and about a tenth of a second on a small gateway,
 * off the event loop.
 */
const cost = { N: 2 ** 15, r: 8, p: 1 };
const saltBytes = 16;
const hashBytes = 32;

/** A hash may ask for at most this much memory, so that a slip in the configuration cannot eat the machine. */
const maxMemory = 256 * 2 ** 20;

interface PasswordHash {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** `scrypt$N$r$p$salt$hash`; salt and hash are base64. A new salt every time. */
export async function hashPassword(password: string | Uint8Array): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, { ...cost, salt, hash: Buffer.alloc(hashBytes) });
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Whether `password` is the one that was hashed; false for anything that is no hash of ours. */
export async function verifyPassword(password: string | Uint8Array, text: string): Promise<boolean> {
  const expected = parsePasswordHash(text);
  if (!expected) return false;
  return timingSafeEqual(await derive(password, expected), expected.hash);
}

export function isPasswordHash(text: string): boolean {
  return parsePasswordHash(text) !== undefined;
}

function parsePasswordHash(text: string): PasswordHash | undefined {
  const match =
    /^scrypt\$(\d{1,8})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/.exec(text);
  if (!match) return undefined;
  const [N, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  const [salt, hash] = match.slice(4).map((base64) => Buffer.from(base64, 'base64')) as [Buffer, Buffer];
  const powerOfTwo = N > 1 && (N & (N - 1)) === 0;
  if (!powerOfTwo || r < 1 || p < 1 || p > 16 || memory({ N, r, p }) > maxMemory) return undefined;
  if (salt.length < 8 || hash.length < 16 || hash.length > 64) return undefined;
  return { N, r, p, salt, hash };
}

/** What scrypt allocates: `128 * N * r` for its table and `128 * r * p` for its blocks, with some room. */
function memory({ N, r, p }: { N: number; r: number; p: number }): number {
  return 128 * r * (N + p + 2);
}

function derive(password: string | Uint8Array, { N, r, p, salt, hash }: PasswordHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, { N, r, p, maxmem: memory({ N, r, p }) }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
