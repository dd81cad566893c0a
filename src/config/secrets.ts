import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSmallFile, whyUnreadable } from './files.ts';

const maxSecretBytes = 64 * 1024;

export type Env = Readonly<Record<string, string | undefined>>;

export type SecretReading =
  | { readonly ok: true; readonly secret: string }
  | { readonly ok: false; readonly received: string; readonly hint?: string };

/**
 * What `!secret NAME` stands for: the file of that name among the credentials that systemd passed on, else
 * in `secrets` beside the configuration file. An absolute path is taken as it is.
 */
export function readSecret(name: string, folder: string, env: Env): SecretReading {
  const beside = resolve(folder, 'secrets', name);
  const credentials = env.CREDENTIALS_DIRECTORY;
  const passed = credentials === undefined ? undefined : resolve(credentials, name);
  const file = passed !== undefined && existsSync(passed) ? passed : beside;
  const reading = readSecretFile(file);
  if (reading.ok || file === resolve('/', name)) return reading;
  const also = passed === undefined ? '' : `, or pass it on with LoadCredential=${name}:FILE`;
  return { ...reading, hint: `write it to ${join(folder, 'secrets', name)}${also}` };
}

/** The content of a file without the newline that editors leave at its end. */
export function readSecretFile(file: string): SecretReading {
  try {
    const secret = readSmallFile(file, maxSecretBytes)
      .toString('utf8')
      .replace(/\r?\n$/, '');
    return secret === '' ? { ok: false, received: `an empty file at ${file}` } : { ok: true, secret };
  } catch (error) {
    return { ok: false, received: `${whyUnreadable(error)} at ${file}` };
  }
}
