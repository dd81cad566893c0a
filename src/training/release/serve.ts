import { access, type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { whyUnreadable } from '../../config/files.ts';
import { GatewayError } from '../../errors.ts';

export interface StaticServer {
  /** The URL that gateways take. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly folder: string;
  readonly host?: string;
  /** 0: any free port. */
  readonly port?: number;
  readonly onAnswer?: (request: { readonly path: string; readonly status: number }) => void;
}

/** What gateways ask for first, and every repository has. */
const newest = 'metadata/timestamp.json';
/** What of the folder is for everyone, and in names of what characters. */
const publicPath = /^\/(metadata|targets)(\/[\w+-][\w.+-]*)+$/;

/**
 * A plain server of static files, to try a repository out; any web server or object store does as well.
 * @throws HTTP_LISTEN_FAILED, REPOSITORY_INVALID if there is none in the folder.
 */
export async function serveRepository(options: ServeOptions): Promise<StaticServer> {
  const { folder, host = '127.0.0.1', port = 0, onAnswer = () => {} } = options;
  await access(join(folder, newest)).catch((cause) => {
    const text = `Expected a repository at ${folder} but received ${whyUnreadable(cause)} at ${newest}`;
    throw new GatewayError('REPOSITORY_INVALID', text, { cause });
  });
  const server = createServer((request, response) => {
    const { url: path = '/' } = request;
    response.once('finish', () => onAnswer({ path, status: response.statusCode }));
    answer(folder, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `Expected a free address for the server but received ${cause.message}`;
      reject(new GatewayError('HTTP_LISTEN_FAILED', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return end(response, 405, { allow: 'GET, HEAD' });
  const path = decoded(request.url ?? '/');
  const handle = path === undefined ? undefined : await openFile(join(folder, path));
  if (path === undefined || handle === undefined) return end(response, 404);
  try {
    const { size } = await handle.stat();
    const range = rangeOf(request.headers.range, size);
    if (range === 'unsatisfiable') return end(response, 416, { 'content-range': `bytes */${size}` });
    const { start, end: last } = range ?? { start: 0, end: size - 1 };
    response.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': last - start + 1,
      'content-type': path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      'cache-control': path.endsWith('/timestamp.json') ? 'no-cache' : 'public, max-age=31536000, immutable',
      ...(range ? { 'content-range': `bytes ${start}-${last}/${size}` } : {}),
    });
    if (request.method === 'HEAD' || last < start) response.end();
    else await pipeline(handle.createReadStream({ start, end: last, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

function decoded(url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  try {
    const plain = decodeURIComponent(path);
    return publicPath.test(plain) ? plain : undefined;
  } catch {
    return undefined;
  }
}

async function openFile(file: string): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    if ((await handle.stat()).isFile()) return handle;
  } catch {
    // As good as absent.
  }
  await handle?.close();
  return undefined;
}

/** One range of bytes [RFC 9110, 14.1.2]; undefined for none, or several, which a server may ignore. */
function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size - 1 };
  const start = Number(first);
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}
