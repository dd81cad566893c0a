import { type Code, GatewayError } from '../../errors.ts';

export interface Refusal {
  readonly expected: string;
  readonly what: string;
  readonly received: string;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** "Expected … for … but received …", under one of the codes of updates. */
export function refusal(
  code: Extract<Code, `UPDATE_${string}`>,
  { expected, what, received, ...options }: Refusal,
): GatewayError {
  return new GatewayError(code, `Expected ${expected} for ${what} but received ${received}`, options);
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says "fetch failed" and keeps what failed in the cause.
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
