import type { SamplesConfig } from '../../config/types.ts';
import { asGatewayError } from '../../errors.ts';
import { Image } from '../../image.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Tensors } from '../../models/model.ts';
import type { Service } from '../../service.ts';
import { type Judged, RecentFrames } from './recent-frames.ts';
import { reasonOf, type SampleWithPayload, sampleId } from './sample.ts';
import { SampleStore } from './sample-store.ts';

export interface SampleKeeperOptions {
  readonly config: SamplesConfig;
  readonly folder: string;
  /** Tells others of a sample that was kept or labelled; absent where nobody is to be told. */
  readonly publish?: ((kept: SampleWithPayload) => Promise<void>) | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Samples that wait for the disk; more are dropped and counted. */
const maxWaiting = 16;
const minuteMs = 60_000;

/**
 * Keeps the frames that are worth learning from. It works after the result of a frame is published, and nothing
 * waits for it: where the disk cannot follow, samples are dropped.
 */
export class SampleKeeper implements Service {
  readonly store: SampleStore;
  readonly recent: RecentFrames;
  readonly #options: SampleKeeperOptions;
  /** Payloads that the versions of a model judge differently, until their result is known. */
  readonly #disputed = new WeakMap<Uint8Array, string>();
  readonly #writing = new Set<Promise<void>>();
  #minuteEndsAt = 0;
  #inMinute = 0;
  #isOpen = false;

  constructor(options: SampleKeeperOptions) {
    const { config, folder, metrics } = options;
    this.#options = options;
    this.recent = new RecentFrames({ maxBytes: config.recentBytes });
    this.store = new SampleStore({
      folder,
      maxBytes: config.maxBytes,
      maxCount: config.maxCount,
      onDropped: (samples) => metrics.samplesDropped.inc({ reason: 'room' }, samples),
    });
  }

  /** @throws STATE_UNWRITABLE */
  async start(): Promise<void> {
    await this.store.open();
    this.#isOpen = true;
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.#writing);
    await this.store.close();
  }

  /** A frame has its result. */
  noteJudged(judged: Judged): void {
    this.recent.add(judged);
    const { frame, models, decision } = judged;
    const disputed = this.#disputed.get(frame.payload);
    const isDisputed = models.some(({ digest }) => digest === disputed);
    const reason = decision.sample ? reasonOf(decision.sample.reason) : isDisputed ? 'shadow' : undefined;
    if (reason !== undefined) this.#offer(judged, reason);
  }

  /**
   * Another version of a model judges this otherwise than the one of `digest`, which is in charge. Tensors are made
   * of readings of many frames: there is no one frame to keep.
   */
  noteDisagreement(input: Image | Tensors, digest: string): void {
    if (!(input instanceof Image)) return;
    const payload = input.data;
    const known = this.recent.filter(
      ({ frame, models }) => frame.payload === payload && models.some((model) => model.digest === digest),
    );
    for (const judged of known) this.#offer(judged, 'shadow');
    if (known.length === 0) this.#disputed.set(payload, digest);
  }

  /**
   * Resolves when the sample is on disk. Rejects with the disk's error.
   * @throws SAMPLE_INVALID if it is larger than all samples together may be.
   */
  async keep(judged: Judged, reason: string): Promise<void> {
    const kept = sampleOf(judged, reason);
    if (!(await this.store.put(kept))) return;
    this.#options.metrics.samplesKept.inc({ pipeline: judged.pipeline });
    this.tell(kept);
  }

  tell(kept: SampleWithPayload): void {
    const { publish, metrics, log } = this.#options;
    publish?.(kept).catch((err) => {
      metrics.samplesDropped.inc({ reason: 'bus' });
      log.warn({ err, sample: kept.sample.id }, 'Sample not published');
    });
  }

  #offer(judged: Judged, reason: string): void {
    const { metrics, log } = this.#options;
    if (!this.#isOpen || this.store.has(idOf(judged))) return;
    const refusal = this.#writing.size >= maxWaiting ? 'queue-full' : this.#isInRate() ? undefined : 'rate';
    if (refusal) {
      metrics.samplesDropped.inc({ reason: refusal });
      return;
    }
    const writing = this.keep(judged, reason)
      .catch((thrown) => {
        const err = asGatewayError(thrown, 'REQUEST_FAILED');
        metrics.samplesDropped.inc({ reason: err.code === 'SAMPLE_INVALID' ? 'too-large' : 'disk' });
        log.warn({ err, pipeline: judged.pipeline, frame: judged.frame.id }, 'Sample not kept');
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** A threshold that is set wrong must not wear out a memory card, nor fill the ring with one moment. */
  #isInRate(): boolean {
    const now = performance.now();
    if (now >= this.#minuteEndsAt) {
      this.#minuteEndsAt = now + minuteMs;
      this.#inMinute = 0;
    }
    return ++this.#inMinute <= this.#options.config.perMinute;
  }
}

export function idOf({ pipeline, frame }: Judged): string {
  return sampleId(pipeline, frame.source, frame.id);
}

function sampleOf(judged: Judged, reason: string): SampleWithPayload {
  const { pipeline, frame, decision, models } = judged;
  const { id, source, receivedAt, capturedAt, contentType, payload } = frame;
  return {
    sample: {
      id: idOf(judged),
      at: new Date().toISOString(),
      pipeline,
      source,
      frame: { id, receivedAt, ...(capturedAt === undefined ? {} : { capturedAt }) },
      reason,
      models,
      result: decision.result,
      contentType,
      bytes: payload.length,
    },
    payload,
  };
}
