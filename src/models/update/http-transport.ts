import { version } from '../../version.ts';
import { reasonOf, refusal } from './failure.ts';
import type { Transport } from './transport.ts';

/** What web servers and object stores answer for a file that is not there. */
const absent: readonly number[] = [403, 404, 410];

export function httpTransport(base: URL): Transport {
  const folder = new URL(base);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  const headers: Record<string, string> = {
    'user-agent': `edgeward/${version}`,
    // Lengths and ranges are those of the file.
    'accept-encoding': 'identity',
  };
  if (folder.username !== '') headers.authorization = basic(folder);
  folder.username = folder.password = folder.search = folder.hash = '';

  return {
    async open(path, { offset, signal }) {
      const url = new URL(path.split('/').map(encodeURIComponent).join('/'), folder);
      const range = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await send(url, { ...headers, ...range }, signal);
      if (absent.includes(response.status)) {
        await response.body?.cancel();
        return undefined;
      }
      return { offset: startOf(response, url, offset), chunks: chunksOf(response, url, signal) };
    },
  };
}

async function send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    // A redirect would let whoever answers for the repository send requests into the gateway's own network.
    return await fetch(url, { headers, signal, redirect: 'manual' });
  } catch (cause) {
    signal.throwIfAborted();
    throw failed(url, reasonOf(cause), cause);
  }
}

/** The position in the file of the first byte of the answer [RFC 9110, 14.4 and 15.3.7]. */
function startOf(response: Response, url: URL, offset: number): number {
  if (response.status === 200) return 0;
  const range = response.headers.get('content-range') ?? 'no range';
  const start = /^bytes (\d+)-/.exec(range)?.[1];
  if (response.status === 206 && Number(start) === offset) return offset;
  void response.body?.cancel();
  const to = response.headers.get('location');
  throw failed(
    url,
    response.status === 206 ? range : `status ${response.status}${to === null ? '' : ` to ${to}`}`,
  );
}

async function* chunksOf(response: Response, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    yield* response.body;
  } catch (cause) {
    signal.throwIfAborted();
    throw failed(url, reasonOf(cause), cause);
  }
}

function basic({ username, password }: URL): string {
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}

function failed(url: URL, received: string, cause?: unknown): Error {
  return refusal('UPDATE_FETCH_FAILED', { expected: 'the file', what: url.href, received, cause });
}
