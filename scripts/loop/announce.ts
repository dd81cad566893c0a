import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { BusClient } from '../../src/bus/external.ts';
import type { Topics } from '../../src/bus/topics.ts';

/** What a gateway answers to an update message. */
export interface Answer {
  readonly status: 'ok' | 'error';
  readonly code?: string;
  readonly error?: string;
  readonly data: {
    readonly state: string;
    readonly phase?: string;
    readonly version?: string;
    readonly share?: number;
  };
}

export interface AnnounceOptions {
  readonly client: BusClient;
  readonly topics: Topics;
  readonly group: string;
  readonly message: Readonly<Record<string, unknown>>;
  readonly onAnswer: (answer: Answer) => void;
  readonly signal: AbortSignal;
}

const patienceMs = 120_000;

/**
 * Tells every gateway of a group that there is a new version, and follows the one that is here. Resolves with its
 * last answer.
 */
export async function announce(options: AnnounceOptions): Promise<Answer> {
  const { client, topics, group, message, onAnswer, signal } = options;
  const transaction = randomUUID();
  const done = new AbortController();
  const ended = AbortSignal.any([signal, done.signal, AbortSignal.timeout(patienceMs)]);
  let last: Answer | undefined;
  await client.subscribe(
    topics.response('model/update'),
    ({ payload }) => {
      const answer: Answer & { transaction?: unknown } = JSON.parse(payload.toString());
      if (answer.transaction !== transaction) return;
      onAnswer(answer);
      if (answer.status === 'ok' && answer.data.state !== 'done') return;
      last = answer;
      done.abort();
    },
    1,
  );
  const topic = topics.fleetRequest(group, 'model/update');
  await client.publish(topic, JSON.stringify({ ...message, transaction }), { qos: 1 });
  if (!ended.aborted) await once(ended, 'abort');
  if (!last) throw new Error('Expected the end of an update but received none', { cause: ended.reason });
  return last;
}
