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
  type SigningKey,
  signingKey,
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
  /** Asked for the passphrase of a file when it is written (`isNew`) or needed. */
  readonly passphrase: (file: string, isNew: boolean) => Promise<string>;
}

const onlineRoles: readonly string[] = ['snapshot', 'timestamp'];

export function keyStore({ folders, passphrase }: KeyStoreOptions): KeyStore {
  const cached = new Map<string, SigningKey>();
  const open = async (file: string): Promise<SigningKey> => {
    const pem = await readFile(file, 'utf8');
    return decodePrivateKey(pem, file, isEncrypted(pem) ? await passphrase(file, false) : undefined);
  };

  return {
    async generate(role) {
      const key = generateKey();
      const signing = signingKey(key);
      const { id, body } = signing;
      const file = join(folders[0], `${role}-${id.slice(0, 8)}.pem`);
      const pem = encodePrivateKey(
        key,
        onlineRoles.includes(role) ? undefined : await passphrase(file, true),
      );
      await mkdir(folders[0], { recursive: true, mode: 0o700 });
      await replaceFile(file, pem, { mode: 0o600 });
      cached.set(id, signing);
      return { id, body };
    },

    async load(ids) {
      const files = (await Promise.all(folders.map(pemFiles))).flat();
      const loaded: SigningKey[] = [];
      // One after the other: a person may be asked for the passphrase of each.
      for (const id of ids) {
        const file = files.find((each) => each.endsWith(`-${id.slice(0, 8)}.pem`));
        const key = cached.get(id) ?? (file === undefined ? undefined : await open(file));
        if (key?.id !== id) continue;
        cached.set(id, key);
        loaded.push(key);
      }
      return loaded;
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
