import type { PipelineConfig } from '../config/types.ts';
import type { Entity } from '../entity.ts';
import { asGatewayError, type GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import type { Model, ModelRef } from '../models/model.ts';
import type { Decision, PipelineDefinition } from '../pipelines/contract.ts';
import type { Frame } from '../pipelines/frame.ts';
import { brokenFrame, parseFrame } from '../pipelines/parse-frame.ts';
import { PipelineRunner } from '../pipelines/runner.ts';

/** A message of a source. Bytes alone are one of the source `camera`. */
export interface TestFrame {
  readonly payload: Uint8Array | string;
  readonly source?: string;
  readonly id?: string;
  /** `image/jpeg`, `application/json`, …; where it is not given the bytes show it, as on the bus. */
  readonly contentType?: string;
  /** ms since 1970, or ISO 8601 */
  readonly capturedAt?: number | string;
}

/** What a pipeline answered to one frame: a decision with the models it was made of, or an error. */
export type Answer = {
  readonly frame: { readonly id: string; readonly source: string };
  readonly error?: { readonly code: string; readonly message: string };
  readonly models: readonly ModelRef[];
} & Partial<Decision>;

interface Told {
  readonly frame: { readonly id: string; readonly source: string };
  readonly error?: { readonly code: string; readonly message: string };
  readonly models: readonly ModelRef[];
}

export interface TrialOptions {
  readonly definition: PipelineDefinition;
  readonly options: Readonly<Record<string, unknown>>;
  readonly models: Readonly<Record<string, Model>>;
  readonly timeoutMs: number;
  readonly stateDir: string;
  readonly log: Logger;
}

/** A pipeline in the very runner of the gateway, with an outlet that keeps what it is given. */
export class Trial {
  /** What came to light beside the answers: what a plug-in left behind, a state that cannot be told. */
  readonly errors: GatewayError[] = [];
  readonly #runner: PipelineRunner;
  readonly #told: Told[] = [];
  readonly #decisions = new Map<Frame, Decision>();

  constructor({ definition, options, models, timeoutMs, stateDir, log }: TrialOptions) {
    const config: PipelineConfig = {
      use: './under-test.js',
      sources: ['*'],
      models: {},
      mailbox: 'every',
      maxInFlight: null,
      timeoutMs,
      maxAgeMs: null,
      options,
    };
    this.#runner = new PipelineRunner({
      name: definition.name,
      definition,
      config,
      models,
      maxActive: 64,
      stateDir,
      outlet: {
        result: async (_source, text) => void this.#told.push(JSON.parse(text)),
        state: async (_source, body) => void JSON.stringify(body),
        event: async (_source, body) => void JSON.stringify(body),
        image: async () => {},
        error: (_source, error) => void this.errors.push(error),
      },
      onEntities() {},
      onJudged: ({ frame, decision }) => void this.#decisions.set(frame, decision),
      metrics: createMetrics(),
      log,
    });
  }

  get entities(): readonly Entity[] {
    return this.#runner.entities();
  }

  /** @throws PIPELINE_LOAD_FAILED */
  start(): Promise<void> {
    return this.#runner.start();
  }

  /** @throws what `close` of the pipeline throws */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  /** Sends all of them at once, as fast cameras do, and resolves with the answers in the order in which they came. */
  async send(messages: readonly TestFrame[]): Promise<Answer[]> {
    this.#told.length = 0;
    const arrived = messages.map(arrive);
    await Promise.all(arrived.map(({ frame, error }) => this.#runner.accept(frame, { error, held: true })));
    const waiting = arrived.map(({ frame }) => frame);
    return this.#told.map(({ frame: { id, source }, models, error }) => {
      // The same picture twice has one id, and its answers leave in order.
      const at = waiting.findIndex((frame) => frame.id === id && frame.source === source);
      const [frame] = waiting.splice(at, 1);
      const decision = frame && this.#decisions.get(frame);
      return { frame: { id, source }, models, ...(error ? { error } : decision) };
    });
  }
}

/** As a message becomes a frame in the gateway. */
function arrive({ payload, source = 'camera', id, contentType, capturedAt }: TestFrame): {
  frame: Frame;
  error?: GatewayError;
} {
  const arrival = {
    payload: Buffer.from(payload),
    receivedAt: Date.now(),
    ...(contentType === undefined ? {} : { contentType }),
    userProperties: {
      ...(id === undefined ? {} : { 'frame-id': id }),
      ...(capturedAt === undefined ? {} : { 'captured-at': String(capturedAt) }),
    },
  };
  try {
    return { frame: parseFrame(source, arrival, null) };
  } catch (thrown) {
    return { frame: brokenFrame(source, arrival), error: asGatewayError(thrown, 'FRAME_INVALID') };
  }
}
