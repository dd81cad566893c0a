import { GatewayError } from '../errors.ts';

/** A BUS_UNAVAILABLE that reads "expected … but received …". */
export function unavailable(expected: string, cause: unknown): GatewayError {
  // The error of a host with several addresses has a code but no message.
  const received = cause instanceof Error ? cause.message || ('code' in cause && cause.code) : cause;
  return new GatewayError('BUS_UNAVAILABLE', `${expected} but received ${received}`, { cause });
}

export function stopped(): GatewayError {
  return new GatewayError('BUS_UNAVAILABLE', 'Expected a started bus but received a stopped one');
}
