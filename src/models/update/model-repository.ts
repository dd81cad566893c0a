import { readManifest } from '../bundle.ts';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { download } from './download.ts';
import { refusal } from './failure.ts';
import { targetFilePath, targetPathOf } from './layout.ts';
import { metadataCache } from './metadata-cache.ts';
import type { Pace } from './pace.ts';
import { refreshTrust, type Source } from './refresh.ts';
import type { Release } from './release.ts';
import { tooLarge, transportTo } from './transport.ts';

export interface ModelRepositoryOptions {
  /** Content of the `root.json` that the gateway was born with: all that it trusts follows from it. */
  readonly root: Uint8Array;
  /** `http:` or `https:`, or `file:` for a folder of the same layout. */
  readonly url: string;
  /**
   * Where verified metadata is kept; made if it is not there. Repositories of the same root share one, so that a
   * stick cannot bring what the server has replaced long ago.
   */
  readonly folder: string;
  /** Size of the largest bundle. Default 512 MiB, as for reading one. */
  readonly maxBytes?: number;
  /** Default: 1 KiB/s over 30 s at least, no ceiling. */
  readonly pace?: Partial<Pace>;
}

const defaultPace: Pace = { maxBytesPerSecond: Infinity, minBytesPerSecond: 1024, windowMs: 30_000 };

/** By folder: one that began earlier must not write older metadata over that of a later one. */
const lastRefresh = new Map<string, Promise<void>>();

/** Releases of models that were signed for this gateway, wherever they lie and whoever hands them out. */
export class ModelRepository {
  readonly #root: Uint8Array;
  readonly #source: Source;
  readonly #maxBytes: number;
  readonly #folder: string;

  /** @throws UPDATE_FETCH_FAILED for a URL of another kind. */
  constructor({ root, url, folder, maxBytes = 512 * 2 ** 20, pace }: ModelRepositoryOptions) {
    this.#root = root;
    this.#folder = folder;
    this.#source = {
      transport: transportTo(url),
      cache: metadataCache(folder),
      pace: { ...defaultPace, ...pace },
    };
    this.#maxBytes = maxBytes;
  }

  /**
   * What the repository offers now. Those that share a folder run one after the other.
   * @throws UPDATE_FETCH_FAILED, UPDATE_TOO_SLOW, UPDATE_TOO_LARGE, UPDATE_SIGNATURE_INVALID, UPDATE_EXPIRED,
   *   UPDATE_ROLLBACK, UPDATE_INCONSISTENT, UPDATE_UNWRITABLE
   */
  refresh(signal: AbortSignal): Promise<Catalogue> {
    const refresh = async () =>
      catalogueOf(await refreshTrust(this.#root, this.#source, signal), this.#source);
    const refreshed = (lastRefresh.get(this.#folder) ?? Promise.resolve()).then(refresh);
    const ended = refreshed.then(
      () => {},
      () => {},
    );
    lastRefresh.set(this.#folder, ended);
    return refreshed;
  }

  /**
   * Brings the bundle of a release to `file`, where it is whole and verified, or is not. An earlier try that was
   * cut off, at `<file>.part`, is continued.
   * @throws UPDATE_FETCH_FAILED, UPDATE_TOO_SLOW, UPDATE_TOO_LARGE, UPDATE_DIGEST_MISMATCH, UPDATE_WRONG_MODEL,
   *   UPDATE_UNWRITABLE, BUNDLE_INVALID and BUNDLE_UNSUPPORTED for what was signed but cannot be read
   */
  async download(
    { model, version, digest, bytes }: Release,
    file: string,
    { signal, onProgress = () => {} }: DownloadOptions,
  ): Promise<void> {
    const path = targetFilePath(targetPathOf(model, version), digest);
    if (bytes > this.#maxBytes) throw tooLarge(path, this.#maxBytes);
    const { transport, pace } = this.#source;
    const inspect = (part: string) => expectRelease(part, { model, version });
    await download({ transport, path, digest, bytes, file, pace, signal, onProgress, inspect });
  }
}

interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes that have arrived, of `release.bytes`, at every chunk. */
  readonly onProgress?: (receivedBytes: number) => void;
}

/** Whoever may sign for one model must not bring another in its place, or another version than was asked for. */
async function expectRelease(
  file: string,
  { model, version }: Pick<Release, 'model' | 'version'>,
): Promise<void> {
  const manifest = await readManifest(file);
  if (manifest.name === model && manifest.version === version) return;
  throw refusal('UPDATE_WRONG_MODEL', {
    expected: `${model} ${version}`,
    what: 'the bundle of that release',
    received: `${manifest.name} ${manifest.version}`,
  });
}
