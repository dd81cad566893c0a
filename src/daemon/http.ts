import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Config } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Service } from '../service.ts';
import type { Health } from './health.ts';

export interface HttpServerOptions {
  readonly config: Config['http'];
  readonly metrics: Metrics;
  readonly health: () => Health;
  readonly log: Logger;
}

/** Scrapers and health checks are few, and send next to nothing. */
const limits = {
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 30_000,
};
const idleTimeoutMs = 10_000;
const maxConnections = 64;
const maxRequestsPerSocket = 1_000;
const allowed = ['GET', 'HEAD'];

interface Reply {
  readonly status: number;
  /** A text goes out as it is, anything else as JSON. */
  readonly body: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * `/healthz`, `/readyz` and `/metrics` for those who watch the gateway. Its work does not depend on them: where
 * the port is taken, it goes on without, and says so.
 */
export class HttpServer implements Service {
  readonly #options: HttpServerOptions;
  #server: Server | undefined;
  #address: string | undefined;
  #error: GatewayError | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  /** `http://127.0.0.1:9464`, while it listens. */
  get address(): string | undefined {
    return this.#address;
  }

  /** Why it does not listen though it should: HTTP_LISTEN_FAILED. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#options;
    if (!config.enabled) return;
    signal.throwIfAborted();
    const server = createServer(limits, (request, response) => void this.#serve(request, response));
    Object.assign(server, { maxConnections, maxRequestsPerSocket, timeout: idleTimeoutMs });
    const { host, port } = config;
    try {
      server.listen(port, host);
      await once(server, 'listening');
      server.on('error', (err) => log.warn({ err }, 'A connection for health or metrics failed'));
      this.#server = server;
      this.#address = addressOf(server);
    } catch (cause) {
      const received = cause instanceof Error ? cause.message : String(cause);
      this.#error = new GatewayError(
        'HTTP_LISTEN_FAILED',
        `Expected a free port for http on ${host} but received ${received}`,
        { cause },
      );
      log.error({ err: this.#error, code: this.#error.code }, 'Health and metrics are not served');
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#address = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body, headers } = await this.#answer(request).catch((err: unknown): Reply => {
      this.#options.log.error({ err }, 'Request failed');
      return { status: 500, body: { error: 'The request failed; the log says why' } };
    });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      // What a request carries is not read: the connection cannot go on behind it.
      ...(hasBody(request) ? { connection: 'close' } : {}),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { config, health, metrics } = this.#options;
    const { method = '', url = '' } = request;
    if (!allowed.includes(method)) {
      const error = `Expected ${allowed.join(' or ')} but received ${method}`;
      return { status: 405, body: { error }, headers: { allow: allowed.join(', '), connection: 'close' } };
    }
    const known = bearsToken(request, config.token);
    // Probes of containers have no token: the status is for everybody, the reasons are not.
    switch (url.split('?', 1)[0]) {
      case '/healthz': {
        const now = health();
        return { status: now.alive ? 200 : 503, body: known ? now : { alive: now.alive } };
      }
      case '/readyz': {
        const { ready, reasons } = health();
        return { status: ready ? 200 : 503, body: known ? { ready, reasons } : { ready } };
      }
      case '/metrics': {
        if (!known) return { ...unknown, headers: { 'www-authenticate': 'Bearer' } };
        const { registry } = metrics;
        const headers = { 'content-type': registry.contentType };
        return { status: 200, body: await registry.metrics(), headers };
      }
      default: {
        const error = `Expected /healthz, /readyz or /metrics but received ${url.slice(0, 100)}`;
        return { status: 404, body: { error } };
      }
    }
  }
}

const unknown = {
  status: 401,
  body: { error: 'Expected the token of http.token in Authorization: Bearer but received another or none' },
} as const;

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

/** RFC 6750, 2.1. Digests have one length, whatever is sent: the comparison tells nothing by its time. */
function bearsToken({ headers }: IncomingMessage, token: string | null): boolean {
  if (token === null) return true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}
