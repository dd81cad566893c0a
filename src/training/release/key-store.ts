import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../durable.ts';
import { GatewayError } from '../../errors.ts';
import {
  decodePrivateKey,
  encodePrivateKey,
  generateKey,
  isEncrypted,
  type PublicKey,
  publicKey,
  type SigningKey,
} from './key.ts';

/** Private keys in files `<role>-<first 8 digits of the id>.pem`, in one folder or several (a stick each). */
export interface KeyStore {
  /** Makes a key in the first folder. Keys of online roles are not encrypted: they sign unattended. */
  generate(role: string): Promise<PublicKey>;
  /**
   * Those of the keys with these ids that are at hand.
   * @throws KEY_UNAVAILABLE if one cannot be opened.
   */
  load(ids: readonly string[]): Promise<readonly SigningKey[]>;
}

export interface KeyStoreOptions {
  readonly folders: readonly [string, ...string[]];
  /** Asked once, when an encrypted key is first needed. */
  readonly passphrase: () => Promise<string>;
}

const onlineRoles: readonly string[] = ['snapshot', 'timestamp'];

export function keyStore({ folders, passphrase }: KeyStoreOptions): KeyStore {
  let asked: Promise<string> | undefined;
  const ask = () => (asked ??= passphrase());

  return {
    async generate(role) {
      const key = generateKey();
      const { id, body } = publicKey(key);
      const pem = encodePrivateKey(key, onlineRoles.includes(role) ? undefined : await ask());
      await mkdir(folders[0], { recursive: true, mode: 0o700 });
      await replaceFile(join(folders[0], `${role}-${id.slice(0, 8)}.pem`), pem, { mode: 0o600 });
      return { id, body };
    },

    async load(ids) {
      const files = (await Promise.all(folders.map(pemFiles))).flat();
      const loaded = ids.map(async (id) => {
        const file = files.find((each) => each.endsWith(`-${id.slice(0, 8)}.pem`));
        if (file === undefined) return [];
        const pem = await readFile(file, 'utf8');
        const key = decodePrivateKey(pem, file, isEncrypted(pem) ? await ask() : undefined);
        return key.id === id ? [key] : [];
      });
      return (await Promise.all(loaded)).flat();
    },
  };
}

async function pemFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.pem')).map((name) => join(folder, name));
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(
      'KEY_UNAVAILABLE',
      `Expected a folder of keys for ${folder} but received ${received}`,
      { cause },
    );
  }
}
