import { scryptSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from '../../src/config/password.ts';

/** A hash with a cost that tests can afford, made by node:crypto alone. */
function cheapHash(password: string, { N = 16, r = 1, p = 1 } = {}): string {
  const salt = Buffer.from('0123456789abcdef');
  const hash = scryptSync(password, salt, 32, { N, r, p });
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

describe('password hashes', () => {
  it('accepts the password that was hashed and no other', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^scrypt\$32768\$8\$1\$[^$]+\$[^$]+$/);
    expect(isPasswordHash(hash)).toBe(true);
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    expect(await verifyPassword(Buffer.from('correct horse'), hash)).toBe(true);
    expect(await verifyPassword('correct horse ', hash)).toBe(false);
  });

  it('salts: the same password gives another hash', async () => {
    expect(await hashPassword('a')).not.toBe(await hashPassword('a'));
  });

  it('verifies hashes of other costs and any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (password, other) => {
        const hash = cheapHash(password, { N: 32, r: 2, p: 2 });
        expect(await verifyPassword(password, hash)).toBe(true);
        expect(await verifyPassword(other, hash)).toBe(other === password);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['empty', ''],
    ['a password in the clear', 'hunter2'],
    ['another scheme', cheapHash('a').replace('scrypt', 'bcrypt')],
    ['a cost that is no power of two', cheapHash('a').replace('$16$', '$17$')],
    ['a cost of more memory than is allowed', cheapHash('a').replace('$16$1$', '$1048576$32$')],
    ['a hash cut short', cheapHash('a').slice(0, -30)],
    ['a trailing newline', `${cheapHash('a')}\n`],
  ])('refuses %s', async (_, hash) => {
    expect(isPasswordHash(hash)).toBe(false);
    expect(await verifyPassword('a', hash)).toBe(false);
  });
});
