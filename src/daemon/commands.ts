import type { Bus, Message } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';

export type Request = Readonly<Record<string, unknown>>;

/** Answers one command; what it returns is the `data` of the response. */
export type CommandHandler = (request: Request) => unknown | Promise<unknown>;

/** Commands that come and go, as those of pipelines do. */
export interface Others {
  names(): readonly string[];
  run(command: string, request: Request): Promise<unknown>;
}

/** Requests at work at once; more are refused, so that a flood of them cannot fill the memory. */
const maxConcurrent = 16;

/**
 * `<base>/<gateway>/request/<command>` -> `…/response/<command>` with `{data, status, error?, transaction?}`.
 * `transaction` is whatever the request says under that name.
 */
export class Commands {
  readonly #bus: Bus;
  readonly #topics: Topics;
  readonly #handlers: Readonly<Record<string, CommandHandler>>;
  readonly #others: Others;
  readonly #log: Logger;
  #unsubscribe: (() => Promise<void>) | undefined;
  #running = 0;

  constructor(options: {
    bus: Bus;
    topics: Topics;
    handlers: Readonly<Record<string, CommandHandler>>;
    others: Others;
    log: Logger;
  }) {
    this.#bus = options.bus;
    this.#topics = options.topics;
    this.#handlers = options.handlers;
    this.#others = options.others;
    this.#log = options.log;
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#bus.subscribe(this.#topics.requests, (message) => this.#answer(message), {
      qos: 1,
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  async #answer(message: Message): Promise<void> {
    const command = this.#topics.commandOf(message.topic);
    // A request that the broker kept is one of the past: nobody waits for its answer any more.
    if (command === undefined || message.retain) return;
    let request: Request = {};
    let body: Record<string, unknown>;
    this.#running++;
    try {
      request = parseRequest(message.payload);
      body = { data: (await this.#run(command, request)) ?? {}, status: 'ok' };
    } catch (thrown) {
      const error = asGatewayError(thrown, 'REQUEST_FAILED');
      this.#log.warn({ command, code: error.code, err: error }, 'Request refused');
      body = { data: {}, status: 'error', error: error.message, code: error.code };
    } finally {
      this.#running--;
    }
    if ('transaction' in request) body.transaction = request.transaction;
    await this.#bus.publish(this.#topics.response(command), JSON.stringify(body), { qos: 1 });
  }

  #run(command: string, request: Request): unknown {
    const others = this.#others.names();
    const handler = Object.hasOwn(this.#handlers, command)
      ? this.#handlers[command]
      : others.includes(command)
        ? (given: Request) => this.#others.run(command, given)
        : undefined;
    if (!handler) {
      const known = [...Object.keys(this.#handlers), ...others].join(', ');
      throw new GatewayError(
        'REQUEST_INVALID',
        `Expected one of ${known} for a command but received ${command}`,
      );
    }
    if (this.#running > maxConcurrent) {
      throw new GatewayError('REQUEST_FAILED', `Expected at most ${maxConcurrent} requests at once`);
    }
    return handler(request);
  }
}

function parseRequest(payload: Buffer): Request {
  if (payload.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new GatewayError('REQUEST_INVALID', 'Expected JSON for a request', { cause: error });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected a JSON object for a request but received ${typeof body}`,
    );
  }
  return body as Request;
}
