import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { UpdatesConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { ModelRepository } from '../../models/update/index.ts';

/** The repositories of signed models that this gateway may read, all of one root of trust. */
export class Repositories {
  readonly #config: UpdatesConfig;
  readonly #folder: string;
  #root: Buffer | undefined;
  #network: ModelRepository | undefined;

  /** @param options.folder where verified metadata is kept. */
  constructor({ config, folder }: { config: UpdatesConfig; folder: string }) {
    this.#config = config;
    this.#folder = folder;
  }

  /** There is one that can be asked without being told where. */
  get hasNetwork(): boolean {
    return this.#config.url !== null && this.#config.root !== null;
  }

  /**
   * The one of the configuration, or the one that `from` names: its folder, or a file in it.
   * @throws UPDATE_UNAVAILABLE
   */
  async find(from?: string): Promise<ModelRepository> {
    if (from !== undefined) return this.#make(pathToFileURL(await this.#folderOf(from)).href);
    const { url } = this.#config;
    if (url === null) throw unavailable('updates.url', 'the repository', 'null');
    this.#network ??= await this.#make(url);
    return this.#network;
  }

  async #make(url: string): Promise<ModelRepository> {
    const { maxBytes, bytesPerSecond } = this.#config;
    const { ModelRepository } = await import('../../models/update/index.ts');
    return new ModelRepository({
      root: await this.#readRoot(),
      url,
      folder: this.#folder,
      maxBytes,
      ...(bytesPerSecond === null ? {} : { pace: { maxBytesPerSecond: bytesPerSecond } }),
    });
  }

  async #readRoot(): Promise<Buffer> {
    const { root } = this.#config;
    if (root === null) throw unavailable('updates.root', 'the root of trust', 'null');
    try {
      this.#root ??= await readFile(root);
      return this.#root;
    } catch (cause) {
      throw unavailable('a readable file', root, cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** Only where sticks are: whoever is on the bus must not make the gateway read just anything. */
  async #folderOf(from: string): Promise<string> {
    let real: string;
    try {
      real = await realpath(from);
    } catch {
      throw unavailable('a folder with a repository', 'from', from);
    }
    const allowed = await Promise.all(
      this.#config.folders.map((folder) => realpath(folder).catch(() => undefined)),
    );
    if (!allowed.some((folder) => folder !== undefined && isInside(real, folder))) {
      throw unavailable(`something in ${this.#config.folders.join(', ')}`, 'from', from);
    }
    for (let folder = real; allowed.some((top) => top !== undefined && isInside(folder, top)); ) {
      if (await isFile(join(folder, 'metadata', 'timestamp.json'))) return folder;
      folder = dirname(folder);
    }
    throw unavailable('a folder with a repository', 'from', from);
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function unavailable(expected: string, what: string, received: string): GatewayError {
  return new GatewayError(
    'UPDATE_UNAVAILABLE',
    `Expected ${expected} for ${what} but received ${received.slice(0, 300)}`,
  );
}
