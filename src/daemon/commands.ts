import type { Bus, Message } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';

export type Request = Readonly<Record<string, unknown>>;

export interface CommandContext {
  /** Where the request came by. */
  readonly topic: string;
  /** Publishes a further response: how a request goes on that takes its time. */
  readonly respond: (data: object, error?: GatewayError) => void;
}

/** Answers one command; what it returns is the `data` of the first response. */
export type CommandHandler = (request: Request, context: CommandContext) => unknown | Promise<unknown>;

/** Commands that may be meant for many gateways at once. */
export interface FleetOptions {
  readonly groups: readonly string[];
  readonly commands: readonly string[];
}

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
  readonly #fleet: FleetOptions;
  readonly #others: Others;
  readonly #log: Logger;
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(options: {
    bus: Bus;
    topics: Topics;
    handlers: Readonly<Record<string, CommandHandler>>;
    fleet?: FleetOptions;
    others: Others;
    log: Logger;
  }) {
    this.#bus = options.bus;
    this.#topics = options.topics;
    this.#handlers = options.handlers;
    this.#fleet = options.fleet ?? { groups: [], commands: [] };
    this.#others = options.others;
    this.#log = options.log;
  }

  async start(): Promise<void> {
    await this.#subscribe(this.#topics.requests, (topic) => this.#topics.commandOf(topic));
    for (const group of this.#fleet.groups) {
      for (const command of this.#fleet.commands) {
        await this.#subscribe(this.#topics.fleetRequest(group, command), () => command);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
  }

  async #subscribe(filter: string, commandOf: (topic: string) => string | undefined): Promise<void> {
    const handle = (message: Message) => this.#answer(commandOf(message.topic), message);
    this.#unsubscribe.push(await this.#bus.subscribe(filter, handle, { qos: 1 }));
  }

  async #answer(command: string | undefined, message: Message): Promise<void> {
    // A request that the broker kept is one of the past: nobody waits for its answer any more.
    if (command === undefined || message.retain) return;
    let request: Request = {};
    const respond = (data: unknown, error?: GatewayError) => this.#respond(command, request, data, error);
    let data: unknown;
    let error: GatewayError | undefined;
    this.#running++;
    try {
      request = parseRequest(message.payload);
      const context: CommandContext = {
        topic: message.topic,
        respond: (data, error) => {
          respond(data, error).catch((err) => this.#log.warn({ err, command }, 'Response not published'));
        },
      };
      data = await this.#run(command, request, context);
    } catch (thrown) {
      error = asGatewayError(thrown, 'REQUEST_FAILED');
      data = 'model' in request ? { model: request.model } : {};
      this.#log.warn({ command, code: error.code, err: error }, 'Request refused');
    } finally {
      this.#running--;
    }
    await respond(data ?? {}, error);
  }

  #respond(command: string, request: Request, data: unknown, error?: GatewayError): Promise<void> {
    const outcome = error ? { status: 'error', error: error.message, code: error.code } : { status: 'ok' };
    const transaction = 'transaction' in request ? { transaction: request.transaction } : {};
    const body = JSON.stringify({ data, ...outcome, ...transaction });
    return this.#bus.publish(this.#topics.response(command), body, { qos: 1 });
  }

  #run(command: string, request: Request, context: CommandContext): unknown {
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
    return handler(request, context);
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
