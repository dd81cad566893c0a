import type { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import type { KeyStore } from '../../training/release/key-store.ts';
import type { Repository } from '../../training/release/repository.ts';
import { within } from '../numbers.ts';

/** The options of every command that signs. */
export interface SigningOptions {
  readonly keys: readonly [string, ...string[]];
  readonly passphraseFile?: string;
  readonly days: number;
}

/** Up to a hundred years. */
const days = within(1, 36_500);
/** How many keys a role has, and how many of them must sign. */
export const keyCount = within(1, 100);

const passphraseVariable = 'EDGEWARD_KEYS_PASSPHRASE';

export function addSigningOptions(command: Command): Command {
  return command
    .option(
      '-k, --keys <folder...>',
      'folders of the keys, the first with root.json; a stick each, for example',
      ['keys'],
    )
    .option(
      '--passphrase-file <file>',
      `file with the passphrase of the keys; else $${passphraseVariable}, else you are asked`,
    )
    .option('--days <number>', 'days until the repository expires unless it is refreshed', days, 7);
}

export function keysOf({ keys, passphraseFile }: SigningOptions): Promise<KeyStore> {
  return import('../../training/release/key-store.ts').then(({ keyStore }) =>
    keyStore({ folders: keys, passphrase: (file, isNew) => passphraseOf(passphraseFile, file, isNew) }),
  );
}

export async function repositoryOf(folder: string, options: SigningOptions): Promise<Repository> {
  const { readAnchor } = await import('../../training/release/repository.ts');
  const [keys, anchor] = await Promise.all([keysOf(options), readAnchor(options.keys[0])]);
  return { folder, keys, anchor, onlineDays: options.days };
}

async function passphraseOf(
  passphraseFile: string | undefined,
  key: string,
  isNew: boolean,
): Promise<string> {
  const given = process.env[passphraseVariable];
  if (passphraseFile !== undefined) {
    const { readSecretFile } = await import('../../config/secrets.ts');
    const reading = readSecretFile(passphraseFile);
    if (reading.ok) return reading.secret;
    throw unavailable('a passphrase', '--passphrase-file', reading.received);
  }
  if (given) return given;
  if (process.stdin.isTTY) {
    const { readPassword } = await import('../password-prompt.ts');
    return readPassword(process.stdin, process.stderr, { question: `Passphrase of ${key}`, isNew });
  }
  throw unavailable(
    `--passphrase-file, or $${passphraseVariable},`,
    key,
    'neither, and no terminal to ask on',
  );
}

function unavailable(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('KEY_UNAVAILABLE', `Expected ${expected} for ${what} but received ${received}`);
}
