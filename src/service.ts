/**
 * A part with a life. The constructor only assigns; `start` resolves when the part is usable; `stop` is
 * idempotent, safe after a failed start, and resolves when nothing of the part is left running.
 */
export interface Service {
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
