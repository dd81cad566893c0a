import { expectFewEntries, maxEntries } from './entries.ts';
import { refusal } from './failure.ts';
import { metadataPath, timestampPath } from './layout.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { Pace } from './pace.ts';
import { readFileOf, type Transport } from './transport.ts';
import { type Metadata, passes, type TrustedSet, trustRoot, verify, verifyNewer } from './trusted-set.ts';

/**
 * Bytes of metadata that is read at most. Of root and timestamp neither size nor digest is signed elsewhere, and
 * they are parsed before their signatures can be checked: small.
 */
const maxBytes = { root: 64 * 1024, timestamp: 16 * 1024, snapshot: 2 ** 20, targets: 2 ** 20 } as const;

type Kind = keyof typeof maxBytes;

/** Roots that are followed in one refresh. */
const maxRotations = 256;

export interface Source {
  readonly transport: Transport;
  readonly cache: MetadataCache;
  readonly pace: Pace;
}

/**
 * The client workflow of TUF (The Update Framework, 1.0.33, section 5.3 to 5.6.3): root, timestamp, snapshot,
 * targets, each from disk where that is still what it should be, else fetched, verified and kept.
 */
export async function refreshTrust(
  root: Uint8Array,
  source: Source,
  signal: AbortSignal,
): Promise<TrustedSet> {
  const trusted = trustRoot(root);
  await followRoots(trusted, source, signal);
  await loadTimestamp(trusted, source, signal);
  await loadSnapshot(trusted, source, signal);
  await loadTargets(trusted, source, { role: 'targets', parent: 'root', signal });
  return trusted;
}

/** From the root of birth, every root signs the next [5.3]. */
async function followRoots(trusted: TrustedSet, source: Source, signal: AbortSignal): Promise<void> {
  for (let rotation = 0; rotation < maxRotations; rotation++) {
    const version = trusted.root.signed.version + 1;
    const name = `${version}.root.json`;
    const kept = await source.cache.read(name);
    if (kept !== undefined && passes(() => trusted.updateRoot(kept))) continue;
    const path = metadataPath('root', version);
    const data = await fetched(source, path, 'root', signal);
    if (data === undefined) return;
    verify(path, () => trusted.updateRoot(data));
    await source.cache.write(name, data);
  }
}

/**
 * The one file that changes under its name [5.4]. The one on disk counts even when it has expired: it says what
 * the new one must not fall behind. If its key has been replaced it does not count, which is how a gateway
 * recovers from versions that a thief of keys has run far ahead.
 */
async function loadTimestamp(trusted: TrustedSet, source: Source, signal: AbortSignal): Promise<void> {
  const kept = await source.cache.read('timestamp.json');
  if (kept !== undefined) passes(() => trusted.updateTimestamp(kept));
  const data = await needed(source, timestampPath, 'timestamp', signal);
  if (verifyNewer(timestampPath, () => trusted.updateTimestamp(data))) {
    await source.cache.write('timestamp.json', data);
  }
}

/** The versions of all other metadata, so that none can be held back or mixed with another time [5.5]. */
async function loadSnapshot(trusted: TrustedSet, source: Source, signal: AbortSignal): Promise<void> {
  const meta = trusted.timestamp?.signed.snapshotMeta;
  if (meta === undefined) throw new TypeError('No timestamp has been loaded');
  const kept = await source.cache.read('snapshot.json');
  if (kept !== undefined && passes(() => trusted.updateSnapshot(kept, true))) return;
  const path = metadataPath('snapshot', meta.version);
  const data = await needed(source, path, 'snapshot', signal);
  verifyMeta(path, meta, data);
  verify(path, () => trusted.updateSnapshot(data));
  await source.cache.write('snapshot.json', data);
}

/** The role `targets`, or one that it delegates to [5.6]. */
export async function loadTargets(
  trusted: TrustedSet,
  source: Source,
  { role, parent, signal }: { readonly role: string; readonly parent: string; readonly signal: AbortSignal },
): Promise<Metadata> {
  const update = (data: Buffer): Metadata => {
    trusted.updateDelegatedTargets(data, role, parent);
    const loaded = trusted.getRole(role);
    if (loaded === undefined) throw new TypeError(`Role ${role} has not been loaded`);
    return loaded;
  };
  const loaded = trusted.getRole(role);
  if (loaded !== undefined) return loaded;
  const kept = await source.cache.read(`${role}.json`);
  if (kept !== undefined && passes(() => update(kept))) return update(kept);
  const name = `${role}.json`;
  const meta = trusted.snapshot?.signed.meta[name];
  if (meta === undefined) {
    throw refusal('UPDATE_INCONSISTENT', {
      expected: `${name} in the snapshot`,
      what: role,
      received: 'none',
    });
  }
  const path = metadataPath(role, meta.version);
  const data = await needed(source, path, 'targets', signal);
  verifyMeta(path, meta, data);
  const verified = verify(path, () => update(data));
  await source.cache.write(name, data);
  return verified;
}

/** What is signed elsewhere with another digest is of another time, or has been tampered with. */
function verifyMeta(path: string, meta: { verify(data: Buffer): void }, data: Buffer): void {
  if (passes(() => meta.verify(data))) return;
  const expected = 'the length and digest that were signed';
  throw refusal('UPDATE_INCONSISTENT', { expected, what: path, received: 'others' });
}

async function fetched(
  { transport, pace }: Source,
  path: string,
  kind: Kind,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const data = await readFileOf(transport, path, { maxBytes: maxBytes[kind], pace, signal });
  if (data !== undefined) expectFewEntries(path, data, maxEntries[kind]);
  return data;
}

async function needed(source: Source, path: string, kind: Kind, signal: AbortSignal): Promise<Buffer> {
  const data = await fetched(source, path, kind, signal);
  if (data !== undefined) return data;
  throw refusal('UPDATE_FETCH_FAILED', {
    expected: 'the file',
    what: path,
    received: 'nothing by that name',
  });
}
