import { join } from 'node:path';
import type { Message } from '../../bus/bus.ts';
import { decodeSample, sampleId } from '../../daemon/samples/sample.ts';
import { samplesFolder } from '../../daemon/samples/sample-files.ts';
import { SampleStore } from '../../daemon/samples/sample-store.ts';
import { GatewayError } from '../../errors.ts';

const gatewayName = /^[A-Za-z0-9_-]{1,64}$/;

/** Keeps what gateways send up: a folder a gateway, each as a gateway's own state directory. */
export class SampleReceiver {
  readonly #out: string;
  readonly #bounds: { readonly maxBytes: number; readonly maxCount: number };
  readonly #stores = new Map<string, Promise<SampleStore>>();

  constructor({ out, ...bounds }: { out: string; maxBytes: number; maxCount: number }) {
    this.#out = out;
    this.#bounds = bounds;
  }

  /**
   * Resolves with one line for people when it is on disk. Rejects with the disk's error.
   * @throws SAMPLE_INVALID if the message is no sample
   */
  async take({ topic, payload }: Pick<Message, 'topic' | 'payload'>): Promise<string> {
    const gateway = topic.split('/').at(-3) ?? '';
    const received = sampleIn(topic, payload);
    const { sample } = received;
    // It names files: what a stranger says that it is does not count.
    const isOwn = sample.id === sampleId(sample.pipeline, sample.source, sample.frame.id);
    if (!gatewayName.test(gateway) || !isOwn) throw invalid('a sample of a gateway', topic, 'another id');
    const store = await this.#storeOf(gateway);
    await store.put(received);
    if (sample.label !== undefined) await store.label(sample.id, sample.label);
    return [gateway, sample.id, sample.reason, sample.label ?? '-'].join('  ');
  }

  async close(): Promise<void> {
    for (const store of this.#stores.values()) await (await store).close();
  }

  #storeOf(gateway: string): Promise<SampleStore> {
    const known = this.#stores.get(gateway);
    if (known) return known;
    const folder = samplesFolder({ stateDir: join(this.#out, gateway) });
    const store = new SampleStore({ ...this.#bounds, folder, onDropped() {} });
    const opened = store.open().then(() => store);
    this.#stores.set(gateway, opened);
    return opened;
  }
}

function sampleIn(topic: string, message: Buffer) {
  let body: unknown;
  try {
    body = JSON.parse(message.toString('utf8'));
  } catch {
    throw invalid('JSON', topic, 'text that is none');
  }
  if (typeof body !== 'object' || body === null || !('data' in body) || typeof body.data !== 'string') {
    throw invalid('a sample with its data', topic, 'another message');
  }
  const { data, ...sample } = body;
  const line = Buffer.from(`${JSON.stringify(sample)}\n`);
  return decodeSample(Buffer.concat([line, Buffer.from(data, 'base64')]), topic);
}

function invalid(expected: string, topic: string, received: string): GatewayError {
  return new GatewayError('SAMPLE_INVALID', `Expected ${expected} on ${topic} but received ${received}`);
}
