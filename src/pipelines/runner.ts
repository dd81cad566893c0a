import { setTimeout as delay } from 'node:timers/promises';
import type { PipelineConfig } from '../config/types.ts';
import type { Entity } from '../entity.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Model, ModelRef } from '../models/model.ts';
import type { Service } from '../service.ts';
import type { Decision, JsonObject, PipelineDefinition } from './contract.ts';
import type { Frame } from './frame.ts';
import { type JudgeOptions, judge } from './judge.ts';
import { isBuiltin } from './load.ts';
import { type Job, Mailbox } from './mailbox.ts';
import { type Outlet, Publisher } from './publisher.ts';
import { TimedPipeline } from './timed-pipeline.ts';
import { Turns } from './turns.ts';

export interface RunnerOptions {
  readonly name: string;
  readonly definition: PipelineDefinition;
  readonly config: PipelineConfig;
  /** By role. */
  readonly models: Readonly<Record<string, Model>>;
  /** Frames in work at once over all sources: no more than the queues of its models take. */
  readonly maxActive: number;
  readonly outlet: Outlet;
  /** Told of every verdict, with the versions that it was made of. */
  readonly onVerdict?: JudgeOptions['onVerdict'];
  /** Told of every frame whose result the broker has accepted. */
  readonly onJudged?: (judged: JudgedFrame) => void;
  /** For what the pipeline has to remember. */
  readonly stateDir: string;
  /** Its entities have changed. */
  readonly onEntities: () => void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface JudgedFrame {
  readonly frame: Frame;
  readonly decision: Decision;
  /** The versions that it was made of. */
  readonly models: readonly ModelRef[];
}

export interface AcceptOptions {
  /** Why the message is no frame. It is answered in its turn like any other. */
  readonly error?: GatewayError | undefined;
  /** The sender is acknowledged only after the answer (QoS 1 or 2). */
  readonly held?: boolean;
}

const publishRetryMs = 500;
/** Frames of one source in work at once, where the configuration does not say. */
const inFlight = { latest: 2, every: 64 } as const;
/** Frames of a source that wait in a mailbox `every`: a bound for senders at QoS 0, whom nothing holds back. */
const everyWaiting = 1_000;

/** Takes frames for one pipeline: who is next, in which order their results leave, who is acknowledged when. */
export class PipelineRunner implements Service {
  readonly name: string;
  readonly mailbox: 'latest' | 'every';
  readonly #options: RunnerOptions;
  readonly #mailbox: Mailbox;
  readonly #pipeline: TimedPipeline;
  readonly #publisher: Publisher;
  readonly #judging: JudgeOptions;
  readonly #turns = new Turns();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: RunnerOptions) {
    const { config, definition, models, log, stateDir, onEntities } = options;
    this.#options = options;
    this.name = options.name;
    this.mailbox = config.mailbox ?? definition.mailbox ?? 'latest';
    this.#pipeline = new TimedPipeline({
      definition,
      context: { options: config.options, log, stateDir, announce: onEntities },
      models,
      timeoutMs: config.timeoutMs,
      onLeak: isBuiltin(config.use) ? undefined : (...leak) => this.#noteLeak(...leak),
    });
    this.#publisher = new Publisher({ pipeline: options.name, outlet: options.outlet });
    const every = this.mailbox === 'every';
    this.#judging = {
      pipeline: this.#pipeline,
      publisher: this.#publisher,
      outlet: options.outlet,
      maxAgeMs: config.maxAgeMs,
      owed: every,
      onVerdict: options.onVerdict,
    };
    this.#mailbox = new Mailbox({
      maxActive: options.maxActive,
      maxActivePerSource: definition.stateful ? 1 : (config.maxInFlight ?? inFlight[this.mailbox]),
      maxWaiting: every ? everyWaiting : 1,
      overflow: every ? 'newest' : 'oldest',
    });
  }

  /** @throws PIPELINE_LOAD_FAILED if the pipeline cannot be made. */
  start(): Promise<void> {
    return this.#pipeline.start();
  }

  /** Waits for the frames in work, at most the pipeline's own deadline. Frames that wait stay unanswered. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new GatewayError('STOPPED'));
    const deadline = new AbortController();
    const patience = delay(this.#options.config.timeoutMs, undefined, {
      ref: false,
      signal: deadline.signal,
    });
    await Promise.race([Promise.allSettled(this.#running), patience]);
    deadline.abort();
    patience.catch(() => {});
    this.#publisher.close();
    await this.#pipeline.close();
  }

  /** Names of the requests that the pipeline answers. */
  get commands(): readonly string[] {
    return this.#pipeline.commands;
  }

  /**
   * Answers one of them within the time of a frame.
   * @throws what the pipeline throws, PIPELINE_TIMEOUT
   */
  command(name: string, request: JsonObject): Promise<JsonObject> {
    return this.#pipeline.command(name, request);
  }

  entities(): readonly Entity[] {
    return this.#pipeline.entities;
  }

  /** Whether it may publish annotated pictures. */
  get pictures(): boolean {
    return this.#pipeline.pictures;
  }

  /**
   * Takes a frame. With `every` the promise resolves when the broker has accepted the frame's answer, and
   * never if the pipeline stops first: the sender then sends the frame again. With `latest` it resolves at once.
   */
  accept(frame: Frame, { error, held = false }: AcceptOptions = {}): Promise<void> {
    const answered = new Promise<void>((settle) => {
      const dropped = this.#mailbox.offer({ frame, held, settle, ...(error ? { error } : {}) });
      if (dropped) {
        this.#count(dropped.frame.source, 'dropped');
        dropped.settle();
      }
      this.#pump();
    });
    return this.mailbox === 'every' ? answered : Promise.resolve();
  }

  #pump(): void {
    while (!this.#stopping.signal.aborted) {
      const job = this.#mailbox.take();
      if (!job) break;
      const running = this.#run(job).finally(() => {
        this.#running.delete(running);
        this.#mailbox.done(job);
        this.#pump();
      });
      this.#running.add(running);
    }
    this.#options.metrics.waiting.set({ pipeline: this.name }, this.#mailbox.waiting);
  }

  async #run(job: Job): Promise<void> {
    const { frame, settle } = job;
    const turn = this.#turns.take(frame.source);
    const scope = this.#pipeline.scope();
    try {
      const { answer, decision, outcome } = await judge(job, scope, this.#judging);
      await turn.mine;
      const accepted = answer === undefined ? undefined : this.#answer(frame.source, answer);
      const told = decision && this.#publisher.tell(frame, scope, decision);
      turn.pass();
      await accepted;
      await told;
      settle();
      this.#options.metrics.latency.observe({ pipeline: this.name }, Date.now() - frame.receivedAt);
      this.#count(frame.source, outcome);
      if (decision) this.#options.onJudged?.({ frame, decision, models: scope.answered });
    } catch (error) {
      // Only what came between a verdict and the broker: the frame stays unanswered, its sender sends it again.
      this.#count(frame.source, asGatewayError(error, 'BUS_UNAVAILABLE').code);
    } finally {
      turn.pass();
    }
  }

  /** Publishes the answer, again and again while the broker is away: a frame of `every` is owed one. */
  async #answer(source: string, text: string): Promise<void> {
    for (;;) {
      try {
        return await this.#options.outlet.result(source, text);
      } catch (error) {
        if (this.mailbox === 'latest' || this.#stopping.signal.aborted) throw error;
        await delay(publishRetryMs, undefined, { ref: false });
      }
    }
  }

  #noteLeak(thrown: unknown, source: string, frame: string): void {
    this.#options.metrics.leaks.inc({ pipeline: this.name });
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new GatewayError('PIPELINE_LEAKED', message, { cause: thrown });
    this.#options.outlet.error(source, error, frame);
  }

  #count(source: string, outcome: string): void {
    this.#options.metrics.frames.inc({ source, pipeline: this.name, outcome });
  }
}
