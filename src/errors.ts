/**
 * What the program does about an error of a code:
 * - `fatal`: the process ends (exit 78 for a bad configuration, so that systemd does not start it again);
 * - `degrade`: the part named stops, everything else goes on;
 * - `reject`: the one who asked gets an answer that says why;
 * - `drop`: counted, and the program goes on.
 */
export type Disposition = 'fatal' | 'degrade' | 'reject' | 'drop';

/** Every error that edgeward names, in one table. Codes are stable: programs may compare them. */
export const errors = {
  CONFIG_INVALID: { disposition: 'fatal', summary: 'The configuration has errors' },
  BUS_LISTEN_FAILED: { disposition: 'fatal', summary: 'The embedded broker cannot listen' },
  BUS_UNAVAILABLE: { disposition: 'degrade', summary: 'The broker cannot be reached' },
  BUS_PACKET_TOO_LARGE: { disposition: 'drop', summary: 'An MQTT packet is larger than the limit' },
  HTTP_LISTEN_FAILED: { disposition: 'degrade', summary: 'Health and metrics cannot be served' },
  STATE_UNWRITABLE: { disposition: 'fatal', summary: 'The state directory cannot be written' },
  BUNDLE_INVALID: { disposition: 'degrade', summary: 'The model bundle is damaged or not a bundle' },
  BUNDLE_UNSUPPORTED: { disposition: 'degrade', summary: 'The model bundle needs a newer edgeward' },
  BUNDLE_GONE: { disposition: 'reject', summary: 'No bundle of this digest is here any more' },
  COMPILE_FAILED: { disposition: 'reject', summary: 'The model cannot be compiled' },
  TRAINING_UNAVAILABLE: { disposition: 'reject', summary: 'TensorFlow.js is not installed' },
  DATASET_INVALID: { disposition: 'reject', summary: 'The dataset is damaged or missing' },
  MODEL_LOAD_FAILED: { disposition: 'degrade', summary: 'The model cannot be loaded' },
  MODEL_GOLDEN_MISMATCH: {
    disposition: 'degrade',
    summary: 'The model answers its golden samples otherwise',
  },
  MODEL_INCOMPATIBLE: {
    disposition: 'reject',
    summary: 'The model takes or gives something else than the version before',
  },
  MODEL_CRASHED: { disposition: 'reject', summary: 'The model process ended while it worked on a frame' },
  MODEL_RUN_FAILED: { disposition: 'reject', summary: 'The net failed on this input' },
  MODEL_TIMEOUT: { disposition: 'reject', summary: 'The model did not answer in time' },
  MODEL_QUEUE_FULL: { disposition: 'reject', summary: 'The queue of the model is full' },
  MODEL_UNAVAILABLE: { disposition: 'reject', summary: 'The model is not loaded' },
  UPDATE_FETCH_FAILED: { disposition: 'reject', summary: 'The repository of models cannot be read' },
  UPDATE_NOT_FOUND: { disposition: 'reject', summary: 'The repository has no such model or version' },
  UPDATE_SIGNATURE_INVALID: {
    disposition: 'reject',
    summary: 'Not signed by enough of the keys that this gateway trusts',
  },
  UPDATE_EXPIRED: {
    disposition: 'reject',
    summary: 'The signatures have expired: the repository is neglected, or newer ones are held back',
  },
  UPDATE_ROLLBACK: {
    disposition: 'reject',
    summary: 'The repository shows an older state than this gateway has seen',
  },
  UPDATE_INCONSISTENT: {
    disposition: 'reject',
    summary: 'The repository shows files of different times as if they belonged together',
  },
  UPDATE_DIGEST_MISMATCH: { disposition: 'reject', summary: 'The bundle is not the one that was signed' },
  UPDATE_WRONG_MODEL: {
    disposition: 'reject',
    summary: 'The bundle is of another model or version than its release',
  },
  UPDATE_TOO_LARGE: {
    disposition: 'reject',
    summary: 'The repository sends more than was signed or is allowed',
  },
  UPDATE_TOO_SLOW: { disposition: 'reject', summary: 'The repository sends too slowly' },
  UPDATE_UNWRITABLE: { disposition: 'reject', summary: 'The update cannot be written to the disk' },
  REPOSITORY_INVALID: {
    disposition: 'reject',
    summary: 'The repository to release into is damaged or not ours',
  },
  KEY_UNAVAILABLE: { disposition: 'reject', summary: 'A key that must sign is not at hand' },
  UPDATE_UNAVAILABLE: { disposition: 'reject', summary: 'The gateway knows no repository of models' },
  UPDATE_BUSY: { disposition: 'reject', summary: 'Another update of this model is at work' },
  UPDATE_PINNED: { disposition: 'reject', summary: 'The version of this model is pinned' },
  UPDATE_OLDER: { disposition: 'reject', summary: 'The version is not newer than the one that runs' },
  UPDATE_REFUSED: { disposition: 'reject', summary: 'The version has disappointed here before' },
  UPDATE_NOT_SELECTED: { disposition: 'reject', summary: 'The rollout does not include this gateway yet' },
  UPDATE_NO_MEMORY: { disposition: 'reject', summary: 'There is too little free memory for the update' },
  UPDATE_INCONCLUSIVE: { disposition: 'reject', summary: 'Too few frames came to judge the version by' },
  MODEL_SHADOW_MISMATCH: {
    disposition: 'reject',
    summary: 'The version judges live frames otherwise than the one in charge',
  },
  MODEL_PROBATION_FAILED: {
    disposition: 'reject',
    summary: 'The version disappointed after it was swapped in',
  },
  SAMPLE_INVALID: { disposition: 'drop', summary: 'The kept sample is damaged or too large' },
  FRAME_INVALID: { disposition: 'drop', summary: 'The frame cannot be decoded' },
  FRAME_STALE: { disposition: 'drop', summary: 'The frame is older than its pipeline takes' },
  SOURCE_INVALID: { disposition: 'drop', summary: 'The topic names no valid source' },
  PIPELINE_LOAD_FAILED: { disposition: 'degrade', summary: 'The pipeline cannot be loaded' },
  PIPELINE_API_MISMATCH: { disposition: 'degrade', summary: 'The pipeline was written for another edgeward' },
  PIPELINE_FAILED: { disposition: 'drop', summary: 'The pipeline threw while it worked on a frame' },
  PIPELINE_TIMEOUT: { disposition: 'drop', summary: 'The pipeline did not decide in time' },
  PIPELINE_LEAKED: {
    disposition: 'drop',
    summary: 'A promise or timer of the pipeline failed where nobody caught it',
  },
  REQUEST_INVALID: { disposition: 'reject', summary: 'The request cannot be understood' },
  REQUEST_FAILED: { disposition: 'reject', summary: 'The request could not be carried out' },
  STOPPED: { disposition: 'reject', summary: 'The part was stopped before it could answer' },
} as const satisfies Record<string, { disposition: Disposition; summary: string }>;

export type Code = keyof typeof errors;

export interface GatewayErrorOptions {
  /** What made this happen. */
  cause?: unknown;
  /** Numbers and names a program may read, safe to publish. */
  details?: Readonly<Record<string, unknown>>;
}

/** An error with a stable code. The caller decides by `code`, never by the text. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: Code, message: string = errors[code].summary, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  get disposition(): Disposition {
    return errors[this.code].disposition;
  }
}

/** `error` as a `GatewayError`: itself if it is one, else wrapped under `code`. */
export function asGatewayError(error: unknown, code: Code): GatewayError {
  if (error instanceof GatewayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GatewayError(code, message, { cause: error });
}
