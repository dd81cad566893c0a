import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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

const limits = {
  connectionTimeout: 10_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 30_000,
  bodyLimit: 1024,
  maxRequestsPerSocket: 1_000,
};
/** Scrapers and health checks are few. */
const maxConnections = 64;
const allowed = ['GET', 'HEAD'];
const noSchema = (): never => {
  throw new Error('Expected a route without a schema');
};

/**
 * `/healthz`, `/readyz` and `/metrics` for those who watch the gateway. Its work does not depend on them: where
 * the port is taken, it goes on without, and says so.
 */
export class HttpServer implements Service {
  readonly #options: HttpServerOptions;
  #app: FastifyInstance | undefined;
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
    const app = await this.#build();
    signal.throwIfAborted();
    this.#app = app;
    const { host, port } = config;
    try {
      this.#address = await app.listen({ host, port, signal });
    } catch (cause) {
      signal.throwIfAborted();
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
    this.#address = undefined;
    await this.#app?.close();
    this.#app = undefined;
  }

  async #build(): Promise<FastifyInstance> {
    const { config, health, metrics, log } = this.#options;
    const knows = (request: FastifyRequest) => bearsToken(request, config.token);
    const { fastify } = await import('fastify');
    const app = fastify({
      ...limits,
      forceCloseConnections: true,
      // Without schemas the compilers for them would be loaded for nothing: 8 MB.
      schemaController: {
        compilersFactory: { buildValidator: () => noSchema, buildSerializer: () => noSchema },
      },
    });
    app.server.maxConnections = maxConnections;

    app.addHook('onRequest', async (request, reply) => {
      if (allowed.includes(request.method)) return;
      const error = `Expected ${allowed.join(' or ')} but received ${request.method}`;
      await reply.code(405).header('allow', allowed.join(', ')).header('connection', 'close').send({ error });
    });
    // Probes of containers have no token: the status is for everybody, the reasons are not.
    app.get('/healthz', async (request, reply) => {
      const now = health();
      return reply.code(now.alive ? 200 : 503).send(knows(request) ? now : { alive: now.alive });
    });
    app.get('/readyz', async (request, reply) => {
      const { ready, reasons } = health();
      return reply.code(ready ? 200 : 503).send(knows(request) ? { ready, reasons } : { ready });
    });
    app.get('/metrics', async (request, reply) => {
      if (!knows(request)) {
        const error =
          'Expected the token of http.token in Authorization: Bearer but received another or none';
        return reply.code(401).header('www-authenticate', 'Bearer').send({ error });
      }
      const { registry } = metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    });
    app.setNotFoundHandler((request, reply) => {
      const error = `Expected /healthz, /readyz or /metrics but received ${request.url.slice(0, 100)}`;
      return reply.code(404).send({ error });
    });
    app.setErrorHandler((err, _request, reply) => {
      log.error({ err }, 'Request failed');
      return reply.code(500).send({ error: 'The request failed; the log says why' });
    });
    return app;
  }
}

/** RFC 6750, 2.1. Digests have one length, whatever is sent: the comparison tells nothing by its time. */
function bearsToken({ headers }: FastifyRequest, token: string | null): boolean {
  if (token === null) return true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}
