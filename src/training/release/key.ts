import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { KeyBody } from './metadata.ts';

/** The public half of a key, as metadata names it. */
export interface PublicKey {
  /** 64 hexadecimal digits: the digest of `body`. */
  readonly id: string;
  readonly body: KeyBody;
}

export interface SigningKey extends PublicKey {
  /** The signature of `data` in hexadecimal. */
  readonly sign: (data: Uint8Array) => string;
}

export function generateKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** PKCS #8 in PEM; without a passphrase it is not encrypted. */
export function encodePrivateKey(key: KeyObject, passphrase: string | undefined): string {
  const protection = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ type: 'pkcs8', format: 'pem', ...protection }).toString();
}

/** @throws KEY_UNAVAILABLE if it is no such key, or the passphrase is another. */
export function decodePrivateKey(pem: string, file: string, passphrase: string | undefined): SigningKey {
  try {
    return signingKey(createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) }));
  } catch (cause) {
    throw new GatewayError(
      'KEY_UNAVAILABLE',
      `Expected an Ed25519 key in PKCS #8 and its passphrase for ${file} but received something else`,
      { cause },
    );
  }
}

export function isEncrypted(pem: string): boolean {
  return pem.includes('BEGIN ENCRYPTED PRIVATE KEY');
}

/**
 * A public key in PEM, for someone who keeps the private one to himself.
 * @throws REQUEST_INVALID
 */
export function decodePublicKey(pem: string, file: string): PublicKey {
  try {
    return publicKey(createPublicKey(pem));
  } catch (cause) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected a public Ed25519 key in PEM for ${file} but received something else`,
      { cause },
    );
  }
}

function publicKey(key: KeyObject): PublicKey {
  const { crv, x } = key.export({ format: 'jwk' });
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('Not an Ed25519 key');
  const body: KeyBody = {
    keytype: 'ed25519',
    keyval: { public: Buffer.from(x, 'base64url').toString('hex') },
    scheme: 'ed25519',
  };
  // The keys of `body` are in the order of canonical JSON, of which the id is the digest.
  return { id: createHash('sha256').update(JSON.stringify(body)).digest('hex'), body };
}

export function signingKey(key: KeyObject): SigningKey {
  return { ...publicKey(key), sign: (data) => sign(null, data, key).toString('hex') };
}
