import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { ModelRepository, type ModelRepositoryOptions } from '../../../src/models/update/index.ts';
import { temporaryFolder } from '../bundle-fixtures.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A mirror of a folder that does with some files what it likes. */
export interface Mirror {
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[];
  /** What happens instead, by a path or the end of one. */
  readonly instead: Map<string, Buffer | number | Handler>;
}

export async function mirrorOf(folder: string): Promise<Mirror> {
  const requests: string[] = [];
  const instead: Mirror['instead'] = new Map();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1));
    requests.push(path);
    const deed = [...instead].find(([end]) => path.endsWith(end))?.[1];
    if (typeof deed === 'function') return deed(request, response);
    if (typeof deed === 'number') return response.writeHead(deed).end();
    const whole = deed === undefined ? readFile(join(folder, path)) : Promise.resolve(deed);
    whole.then(
      (data) => {
        const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const range = { 'content-range': `bytes ${from}-${data.length - 1}/${data.length}` };
        response.writeHead(from > 0 ? 206 : 200, from > 0 ? range : {}).end(data.subarray(from));
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, requests, instead };
}

/** A gateway that was born with `root`, and its disk. */
export interface Gateway {
  readonly disk: string;
  at(url: string, options?: Partial<ModelRepositoryOptions>): ModelRepository;
  /** The version that it takes from there, with the bundle that came; it throws what was refused. */
  update(
    url: string,
    options?: UpdateOptions,
  ): Promise<{ readonly version: string; readonly bundle: Buffer }>;
  /** Files of its disk by name. */
  contents(): Promise<Readonly<Record<string, string>>>;
}

interface UpdateOptions extends Partial<ModelRepositoryOptions> {
  readonly model?: string;
  readonly version?: string;
}

// The time of a test is the bound: one of the module would go on running while others have their turn.
const { signal } = new AbortController();

export async function bornWith(root: Uint8Array): Promise<Gateway> {
  const disk = await temporaryFolder();
  const at: Gateway['at'] = (url, options) =>
    new ModelRepository({ root, url, folder: join(disk, 'metadata'), ...options });
  return {
    disk,
    at,
    async update(url, { model = 'digits', version, ...options } = {}) {
      const repository = at(url, options);
      const catalogue = await repository.refresh(signal);
      const release = await catalogue.find({ model, ...(version === undefined ? {} : { version }) }, signal);
      const file = join(disk, `${model}.bundle`);
      await repository.download(release, file, { signal });
      return { version: release.version, bundle: await readFile(file) };
    },
    async contents() {
      const names = (await readdir(disk, { recursive: true, withFileTypes: true })).filter((each) =>
        each.isFile(),
      );
      const read = names.map(async ({ parentPath, name }) => [
        name,
        await readFile(join(parentPath, name), 'utf8'),
      ]);
      return Object.fromEntries(await Promise.all(read));
    },
  };
}

/** Expects that `attack` is refused under `code`, and that nothing of it is left on the gateway's disk. */
export async function expectRefused(
  gateway: Gateway,
  attack: () => Promise<unknown>,
  code: string,
): Promise<void> {
  const before = await gateway.contents();
  await expect(attack()).rejects.toMatchObject({ name: 'GatewayError', code });
  expect(await gateway.contents()).toEqual(before);
}
