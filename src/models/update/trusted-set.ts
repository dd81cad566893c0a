import {
  BadVersionError,
  EqualVersionError,
  ExpiredMetadataError,
  RepositoryError,
} from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { GatewayError } from '../../errors.ts';
import { reasonOf, refusal } from './failure.ts';

/**
 * What has been verified so far. tuf-js checks signatures, thresholds, versions, expiry and digests in the
 * order of the specification; its `Updater` is not used because it tells a caller only by text which attack
 * it saw, writes files that a crash can tear, and knows no bounds of rate.
 */
export type TrustedSet = TrustedMetadataStore;

export type Metadata = NonNullable<ReturnType<TrustedSet['getRole']>>;

/** @throws UPDATE_SIGNATURE_INVALID if it is no root metadata that signs itself. */
export function trustRoot(root: Uint8Array): TrustedSet {
  return verify('the root.json of this gateway', () => new TrustedMetadataStore(Buffer.from(root)));
}

/**
 * Runs a check of metadata that arrived, and names what it found.
 * @throws UPDATE_SIGNATURE_INVALID, UPDATE_EXPIRED, UPDATE_ROLLBACK, UPDATE_INCONSISTENT
 */
export function verify<T>(what: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    const because = { what, received: reasonOf(cause), cause };
    if (cause instanceof GatewayError) throw cause;
    if (cause instanceof ExpiredMetadataError) {
      throw refusal('UPDATE_EXPIRED', { expected: 'signatures that have not expired', ...because });
    }
    if (cause instanceof BadVersionError) {
      throw refusal('UPDATE_ROLLBACK', { expected: 'nothing older than what was seen', ...because });
    }
    if (cause instanceof RepositoryError) {
      throw refusal('UPDATE_INCONSISTENT', { expected: 'metadata that belongs together', ...because });
    }
    // Too few signatures, of the wrong keys, or no TUF metadata at all.
    throw refusal('UPDATE_SIGNATURE_INVALID', { expected: 'metadata signed by trusted keys', ...because });
  }
}

/** As `verify`, for metadata that may be what is known already: then nothing happens, and this is false. */
export function verifyNewer(what: string, check: () => unknown): boolean {
  try {
    verify(what, check);
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.cause instanceof EqualVersionError) return false;
    throw error;
  }
}

/**
 * Tries metadata that was kept on disk. It is worth as much as if it had just arrived: what does not pass
 * is as good as absent.
 */
export function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
