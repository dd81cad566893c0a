import { asGatewayError, type GatewayError } from '../errors.ts';
import type { Mark } from '../models/model.ts';
import type { Decision, JsonObject } from './contract.ts';
import type { Frame } from './frame.ts';
import type { FrameScope } from './scope.ts';
import { StateKeeper } from './state-keeper.ts';

/** Where a pipeline's messages go. Each promise resolves when the broker has accepted the message. */
export interface Outlet {
  /** `text` is JSON. */
  result(source: string, text: string): Promise<void>;
  state(source: string, body: JsonObject): Promise<void>;
  event(source: string, body: JsonObject): Promise<void>;
  image(source: string, jpeg: Uint8Array): Promise<void>;
  /** Counted always, told seldom. */
  error(source: string, error: GatewayError, frameId: string): void;
}

/** An annotated picture costs a model's process more than an inference: at most one a source in this time, ms. */
const imageIntervalMs = 1_000;

/** Turns the decisions of one pipeline into messages. */
export class Publisher {
  readonly #pipeline: string;
  readonly #outlet: Outlet;
  readonly #states = new StateKeeper((source, body) => this.#tellState(source, body));
  /** By source, `performance.now()` of its last picture. */
  readonly #imagesAt = new Map<string, number>();

  constructor(options: { pipeline: string; outlet: Outlet }) {
    this.#pipeline = options.pipeline;
    this.#outlet = options.outlet;
  }

  /** What stands on the result topic. @throws TypeError if the verdict is no JSON. */
  answerText(frame: Frame, scope: FrameScope, verdict: JsonObject): string {
    return JSON.stringify({
      frame: {
        id: frame.id,
        source: frame.source,
        receivedAt: frame.receivedAt,
        ...(frame.capturedAt === undefined ? {} : { capturedAt: frame.capturedAt }),
      },
      pipeline: this.#pipeline,
      models: scope.answered,
      latencyMs: Date.now() - frame.receivedAt,
      ...verdict,
    });
  }

  /** What else a decision says. None of it is owed: a failure is counted and costs the frame nothing. */
  async tell(frame: Frame, scope: FrameScope, decision: Decision): Promise<void> {
    const outlet = this.#outlet;
    const { source } = frame;
    const now = Date.now();
    try {
      const messages: Promise<void>[] = [];
      const changed = decision.state && this.#states.note(source, decision.state);
      for (const event of decision.events ?? []) {
        messages.push(outlet.event(source, { ...event, frame: frame.id, at: new Date(now).toISOString() }));
      }
      const { picture } = decision;
      if (picture && (picture.when === 'always' || changed)) {
        void this.#draw(frame, scope, picture.marks);
      }
      await Promise.all(messages);
    } catch (error) {
      outlet.error(source, asGatewayError(error, 'PIPELINE_FAILED'), frame.id);
    }
  }

  /** Tells the states that wait. */
  close(): void {
    this.#states.close();
  }

  #tellState(source: string, body: JsonObject): void {
    this.#outlet.state(source, body).catch((error) => {
      this.#outlet.error(source, asGatewayError(error, 'BUS_UNAVAILABLE'), '');
    });
  }

  async #draw(frame: Frame, scope: FrameScope, marks: readonly Mark[]): Promise<void> {
    const [model] = Object.values(scope.models);
    const now = performance.now();
    const last = this.#imagesAt.get(frame.source) ?? Number.NEGATIVE_INFINITY;
    if (!frame.image || !model || now - last < imageIntervalMs) return;
    this.#imagesAt.set(frame.source, now);
    try {
      const jpeg = await model.annotate(frame.image, marks);
      await this.#outlet.image(frame.source, jpeg);
    } catch (error) {
      this.#outlet.error(frame.source, asGatewayError(error, 'PIPELINE_FAILED'), frame.id);
    }
  }
}
