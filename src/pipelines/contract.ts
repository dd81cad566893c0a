import type { Schema } from '../config/convict-schema.ts';
import type { Entity } from '../entity.ts';
import type { Logger } from '../log.ts';
import type { Mark, Model } from '../models/model.ts';
import type { Frame } from './frame.ts';

/** The version of this contract that a pipeline was written for. */
export const pipelineApi = 1;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What a pipeline decided about one frame. */
export interface Decision {
  /** Published once, never retained, with the frame's id and times and the models that answered. */
  readonly result: JsonObject;
  /** What is true of the source now; retained, with `since` (last change) and `updated`. */
  readonly state?: JsonObject;
  /** What just happened; never retained. */
  readonly events?: readonly ({ readonly type: string } & JsonObject)[];
  /** Ask for this frame as an annotated picture. */
  readonly picture?: {
    readonly marks: readonly Mark[];
    /** `change`: only when `state` changed in anything but a number. */
    readonly when: 'change' | 'always';
  };
  /**
   * A hard case, worth learning from: the gateway keeps the frame, where `samples` are enabled. `reason` is a word
   * such as `near-threshold`.
   */
  readonly sample?: { readonly reason: string };
}

/** What a call of `process` works with. */
export interface Scope {
  /** By role, as `definePipeline` names them. Which versions answered is recorded for the result. */
  readonly models: Readonly<Record<string, Model>>;
  /** Aborts when the frame's time is over or the pipeline stops. Every `infer` heeds it by itself. */
  readonly signal: AbortSignal;
}

/** Answers a request to the gateway: what it returns is the `data` of the response. */
export type Command = (request: JsonObject, scope: Scope) => JsonObject | Promise<JsonObject>;

export interface PipelineInstance {
  /** Decide about one frame. Calls overlap, over sources and, unless `stateful`, within one source. */
  process(frame: Frame, scope: Scope): Promise<Decision>;
  /** What Home Assistant shows of every source of this pipeline. */
  entities?(): readonly Entity[];
  /** Whether its decisions may ask for pictures: Home Assistant has a place for them. Default true. */
  readonly pictures?: boolean;
  /**
   * Requests that this pipeline answers, by the name that follows `…/request/`: `person/enroll`. Where several
   * pipelines answer the same, the request says which with `pipeline`, or the first of the configuration does.
   */
  readonly commands?: Readonly<Record<string, Command>>;
  close?(): void | Promise<void>;
}

export interface PipelineContext<Options> {
  readonly options: Options;
  readonly log: Logger;
  /** A folder of the gateway that survives restarts, for what a pipeline has to remember. It may not exist yet. */
  readonly stateDir: string;
  /** Call it when `entities` would now give others than before. */
  readonly announce: () => void;
}

export interface PipelineDefinition<Options = Readonly<Record<string, unknown>>> {
  readonly name: string;
  readonly api: typeof pipelineApi;
  /** A convict schema of the `options` of the configuration. */
  readonly options?: Schema;
  /** Roles; a trailing `?` marks one that the configuration may leave out. */
  readonly models: readonly string[];
  /** One frame a source at a time, for pipelines that remember. */
  readonly stateful?: boolean;
  /** The mailbox where the configuration names none: where every frame is owed a verdict, `every`. Default `latest`. */
  readonly mailbox?: 'latest' | 'every';
  create(context: PipelineContext<Options>): PipelineInstance | Promise<PipelineInstance>;
}

/** The identity, for its types: what a plug-in's module exports by default. */
export function definePipeline<Options>(
  definition: PipelineDefinition<Options>,
): PipelineDefinition<Options> {
  return definition;
}
