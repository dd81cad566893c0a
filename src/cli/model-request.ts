import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../bus/bus.ts';
import type { BusClient } from '../bus/external.ts';
import { type Code, errors, GatewayError } from '../errors.ts';

/** One of the answers to a request. */
export interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly status: 'ok' | 'error';
  readonly error?: string;
  readonly code?: string;
  readonly transaction?: unknown;
}

export interface RequestOptions {
  readonly client: BusClient;
  readonly base: string;
  readonly gateway: string;
  readonly command: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether nothing comes after this answer. */
  readonly isLast: (answer: Answer) => boolean;
  readonly onAnswer: (answer: Answer) => void;
  /** How long the first answer may take, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Retained messages come at once. */
const lookMs = 500;

/**
 * The one gateway that is online.
 * @throws REQUEST_FAILED if there is none, or more than one.
 */
export async function findGateway(client: BusClient, base: string): Promise<string> {
  const online = new Set<string>();
  await client.subscribe(`${base}/+/status`, ({ topic, payload }: Message) => {
    const id = topic.slice(base.length + 1).split('/')[0];
    if (id !== undefined && payload.toString() === 'online') online.add(id);
  });
  await delay(lookMs);
  const [only, ...others] = online;
  if (only !== undefined && others.length === 0) return only;
  const received = only === undefined ? 'none' : [...online].join(', ');
  throw new GatewayError(
    'REQUEST_FAILED',
    `Expected one gateway that is online, or --gateway, but received ${received}`,
  );
}

/**
 * Sends a request and hands on its answers until the last. Resolves with that one.
 * @throws the error that the gateway answers, REQUEST_FAILED if it answers nothing, BUS_UNAVAILABLE
 */
export async function request(options: RequestOptions): Promise<Answer> {
  const { client, base, gateway, command, body, isLast, onAnswer, timeoutMs, signal } = options;
  signal.throwIfAborted();
  const transaction = randomUUID();
  const topic = `${base}/${gateway}/response/${command}`;
  let finish = (_answer: Answer) => {};
  let fail = (_error: unknown) => {};
  const last = new Promise<Answer>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  // It is awaited only after the request is sent.
  last.catch(() => {});
  const silent = setTimeout(() => {
    const message = `Expected an answer of ${gateway} within ${timeoutMs} ms but received none`;
    fail(new GatewayError('REQUEST_FAILED', message));
  }, timeoutMs);
  client.onClose(() => fail(new GatewayError('BUS_UNAVAILABLE', 'The broker has ended the connection')));
  signal.addEventListener('abort', () => fail(signal.reason), { once: true });
  const take = ({ payload }: Message) => {
    const answer = parse(payload);
    if (answer?.transaction !== transaction) return;
    clearTimeout(silent);
    if (answer.status === 'error') return fail(errorOf(answer));
    onAnswer(answer);
    if (isLast(answer)) finish(answer);
  };
  try {
    await client.subscribe(topic, take, 1);
    const text = JSON.stringify({ ...body, transaction });
    await client.publish(`${base}/${gateway}/request/${command}`, text, { qos: 1 });
    return await last;
  } finally {
    clearTimeout(silent);
  }
}

function parse(payload: Buffer): Answer | undefined {
  try {
    return JSON.parse(payload.toString('utf8')) as Answer;
  } catch {
    return undefined; // Not of a gateway: anyone may write there.
  }
}

/** The gateway may be newer than this program, and know codes that it does not. */
function errorOf({ code = '', error = 'The gateway refused', data }: Answer): GatewayError {
  const known = Object.hasOwn(errors, code) ? (code as Code) : 'REQUEST_FAILED';
  const message = known === code || code === '' ? error : `${error} (${code})`;
  const went = data.state === 'rolled_back' ? `Rolled back to ${data.version}: ` : '';
  return new GatewayError(known, `${went}${message}`);
}
