import { GatewayError } from '../../errors.ts';
import type { ModelRef } from '../../models/model.ts';
import type { JsonObject } from '../../pipelines/contract.ts';

/** A message of a result topic, as far as it can be reproduced. */
export interface Recorded {
  readonly frame: { readonly id: string; readonly source: string; readonly receivedAt: number };
  readonly pipeline: string;
  readonly models: readonly ModelRef[];
  readonly result: JsonObject;
}

/** @throws REQUEST_INVALID if the text is no result of a gateway, or one without a verdict. */
export function parseRecorded(text: string): Recorded {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('REQUEST_INVALID', 'Expected JSON for the result but received text that is none', {
      cause,
    });
  }
  if (isRecorded(body)) return body;
  throw new GatewayError(
    'REQUEST_INVALID',
    'Expected what stands on a result topic, with frame, pipeline, models and result, but received something else',
  );
}

function isRecorded(body: unknown): body is Recorded {
  if (!isObject(body) || !isObject(body.frame) || !Array.isArray(body.models)) return false;
  const { id, source, receivedAt } = body.frame;
  return (
    typeof id === 'string' &&
    typeof source === 'string' &&
    typeof receivedAt === 'number' &&
    typeof body.pipeline === 'string' &&
    isObject(body.result) &&
    body.models.every(
      (ref) => isObject(ref) && typeof ref.name === 'string' && typeof ref.digest === 'string',
    )
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
