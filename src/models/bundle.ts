import { GatewayError } from '../errors.ts';
import { writeWhole } from '../write-whole.ts';
import { type Limits, packArchive, readArchive, readFirst, sha256 } from './bundle-archive.ts';
import type { Manifest } from './manifest.ts';
import { parseManifest } from './manifest-parse.ts';

/** A model as one file: a tar of `bundle.json` and what it lists, all of it read and verified. */
export interface Bundle {
  readonly manifest: Manifest;
  /** `sha256:` and 64 hexadecimal digits, of the whole file. */
  readonly digest: string;
  /** Size of the whole file. */
  readonly bytes: number;
  /**
   * A file of the bundle, as a view into the bytes of all of it.
   * @throws BUNDLE_INVALID if the bundle has no such file.
   */
  file(path: string): Uint8Array;
}

const defaults: Limits = { bytes: 512 * 2 ** 20, files: 1000, manifestBytes: 2 ** 20 };

/**
 * Read and verify a bundle; what is returned is complete and agrees with its own digests.
 * @throws BUNDLE_INVALID if anything in it is not as it should be, BUNDLE_UNSUPPORTED for another format.
 */
export async function readBundle(path: string, limits: Partial<Limits> = {}): Promise<Bundle> {
  const { entries, digest, bytes } = await readArchive(path, { ...defaults, ...limits });
  const manifest = parseManifest(parseJson(entries.get('bundle.json')));
  await verifyFiles(manifest, entries);
  return {
    manifest,
    digest,
    bytes,
    file(name) {
      const data = name === 'bundle.json' ? undefined : entries.get(name);
      if (data === undefined) throw invalid(`a file of bundle ${manifest.name}`, 'its path', name);
      return data;
    },
  };
}

/**
 * What a bundle says of itself, without looking at the rest of it.
 * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED
 */
export async function readManifest(path: string): Promise<Manifest> {
  return parseManifest(parseJson(await readFirst(path, defaults)));
}

/**
 * Write a bundle of these files. The same manifest and files make the same bytes, so that a release can be
 * made again and compared. The file is complete under its name or not there.
 * @throws BUNDLE_INVALID if `readBundle` would refuse it.
 */
export async function writeBundle(
  draft: Omit<Manifest, 'files'>,
  files: Readonly<Record<string, Uint8Array>>,
  path: string,
): Promise<{ digest: string; bytes: number }> {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const listed = await Promise.all(
    sorted.map(async ([name, data]) => [name, { digest: await sha256(data), bytes: data.length }] as const),
  );
  const manifest = parseManifest({ ...draft, files: Object.fromEntries(listed) });
  const archive = await packArchive([['bundle.json', Buffer.from(JSON.stringify(manifest))], ...sorted]);
  await writeWhole(path, archive);
  return { digest: await sha256(archive), bytes: archive.length };
}

/** Nothing unlisted, nothing missing, nothing changed. */
async function verifyFiles(manifest: Manifest, entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const name of entries.keys()) {
    if (name !== 'bundle.json' && !Object.hasOwn(manifest.files, name)) {
      throw invalid('only files that bundle.json lists', 'the archive', name);
    }
  }
  for (const [name, { digest, bytes }] of Object.entries(manifest.files)) {
    const data = entries.get(name);
    if (data === undefined) throw invalid(`file ${name}`, 'the archive', 'nothing');
    if (data.length !== bytes) throw invalid(`${bytes} bytes`, name, `${data.length} bytes`);
    const actual = await sha256(data);
    if (actual !== digest) throw invalid(digest, name, actual);
  }
}

function parseJson(data: Uint8Array | undefined): unknown {
  if (data === undefined) throw invalid('bundle.json', 'the first file', 'an empty archive');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch (cause) {
    throw new GatewayError(
      'BUNDLE_INVALID',
      'Expected JSON in UTF-8 for bundle.json but received something else',
      {
        cause,
      },
    );
  }
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('BUNDLE_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
