import { setTimeout as delay } from 'node:timers/promises';
import type { BusClient } from '../../src/bus/external.ts';
import { type Pictures, pictureAt } from '../../src/training/pictures.ts';
import { encodePng } from '../../src/training/png.ts';
import { type Balance, Ledger } from './ledger.ts';

export interface Camera {
  /** As fast as the gateway answers, or a few digits a second. */
  hurry(isHurried: boolean): void;
  /** Sends no more; resolves when every frame has its answer, or none comes any more. */
  stop(): Promise<Balance>;
}

export interface CameraOptions {
  readonly client: BusClient;
  readonly digits: Pictures;
  readonly topic: string;
  /** Topic of the verdicts. */
  readonly results: string;
}

/** Frames without an acknowledgement at once. */
const window = 32;
const calmMs = 100;
const patienceMs = 10_000;

/** Shows digits to the gateway at QoS 1, without end, and keeps the ledger of its answers. */
export async function startCamera({ client, digits, topic, results }: CameraOptions): Promise<Camera> {
  const ledger = new Ledger();
  const pictures = await Promise.all(
    Array.from({ length: digits.count }, async (_, i) =>
      (await encodePng(pictureAt(digits, i), digits)).toString('base64'),
    ),
  );
  await client.subscribe(results, ({ payload }) => ledger.answered(JSON.parse(payload.toString())), 1);

  const stopping = new AbortController();
  let hurried = false;
  let failure: unknown;
  const onTheWay = new Set<Promise<void>>();
  const send = async (n: number) => {
    const id = `frame-${n}`;
    ledger.sending(id, String(digits.labels[n % digits.count]));
    const envelope = { id, contentType: 'image/png', data: pictures[n % digits.count] };
    await client.publish(topic, JSON.stringify(envelope), { qos: 1 });
    ledger.acknowledged(id);
  };
  const sending = (async () => {
    for (let n = 0; !stopping.signal.aborted && failure === undefined; n++) {
      const frame: Promise<void> = send(n)
        .catch((error) => {
          failure = error;
        })
        .finally(() => onTheWay.delete(frame));
      onTheWay.add(frame);
      if (!hurried) await delay(calmMs, undefined, { signal: stopping.signal }).catch(() => {});
      while (onTheWay.size >= window) await Promise.race(onTheWay);
    }
    await Promise.all(onTheWay);
  })();

  return {
    hurry(isHurried) {
      hurried = isHurried;
    },
    async stop() {
      stopping.abort();
      await sending;
      if (failure !== undefined) throw failure;
      // An answer goes to the broker before the acknowledgement of its frame, and to us at its own pace.
      for (const end = performance.now() + patienceMs; performance.now() < end; await delay(20)) {
        if (ledger.balance().lost === 0) break;
      }
      return ledger.balance();
    },
  };
}
