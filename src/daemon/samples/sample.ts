import { createHash } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { ModelRef } from '../../models/model.ts';
import type { JsonObject } from '../../pipelines/contract.ts';
import { unlabelledFolder } from '../../sample-export.ts';

/** What is kept of a frame beside its payload. */
export interface Sample {
  /** Of this frame at this pipeline: a frame that is sent again is the same sample. */
  readonly id: string;
  /** When it was kept, ISO 8601. */
  readonly at: string;
  readonly pipeline: string;
  readonly source: string;
  readonly frame: { readonly id: string; readonly receivedAt: number; readonly capturedAt?: number };
  /** Why it was kept: the word of its pipeline, `shadow` or `correction`. */
  readonly reason: string;
  /** What it shows, as a person said. */
  readonly label?: string;
  /** The versions that the result was made of. */
  readonly models: readonly ModelRef[];
  readonly result: JsonObject;
  readonly contentType: string;
  /** Size of the payload. */
  readonly bytes: number;
}

export interface SampleWithPayload {
  readonly sample: Sample;
  /** The picture or reading as it came. */
  readonly payload: Buffer;
}

const labels = /^[^\p{C}/\\:*?"<>|]{1,64}$/u;
const reasons = /^[a-z0-9][a-z0-9-]{0,39}$/;

export function sampleId(pipeline: string, source: string, frame: string): string {
  return `${frameKey(frame)}-${digest(`${source}/${pipeline}`, 8)}`;
}

/** What the ids of all samples of a frame begin with, whatever its source and pipeline. */
export function frameKey(frame: string): string {
  return digest(frame, 12);
}

/** Whether it may name a class: on export it becomes the name of a folder. */
export function isLabel(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    labels.test(value) &&
    value.trim() === value &&
    !value.startsWith('.') &&
    !value.endsWith('.') &&
    value !== unlabelledFolder
  );
}

/** The pipeline's word for why, where it is one. */
export function reasonOf(value: unknown): string {
  return typeof value === 'string' && reasons.test(value) ? value : 'other';
}

/** A line of JSON, then the payload as it is. */
export function encodeSample({ sample, payload }: SampleWithPayload): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(sample)}\n`), payload]);
}

/** @throws SAMPLE_INVALID */
export function decodeSample(bytes: Buffer, name: string): SampleWithPayload {
  const end = bytes.indexOf('\n');
  const payload = bytes.subarray(end + 1);
  const sample = end < 0 ? undefined : parseJson(bytes.toString('utf8', 0, end));
  if (!isSample(sample)) throw invalid('a description of a sample', name, 'something else');
  if (sample.bytes !== payload.length) throw invalid(`${sample.bytes} bytes`, name, `${payload.length}`);
  return { sample, payload };
}

function isSample(value: unknown): value is Sample {
  if (typeof value !== 'object' || value === null) return false;
  const { id, at, pipeline, source, frame, reason, label, models, result, contentType, bytes } =
    value as Partial<Record<keyof Sample, unknown>>;
  return (
    [id, at, pipeline, source, reason, contentType].every((each) => typeof each === 'string') &&
    (label === undefined || isLabel(label)) &&
    typeof frame === 'object' &&
    frame !== null &&
    'id' in frame &&
    typeof frame.id === 'string' &&
    Array.isArray(models) &&
    typeof result === 'object' &&
    typeof bytes === 'number'
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digest(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

function invalid(expected: string, name: string, received: string): GatewayError {
  return new GatewayError('SAMPLE_INVALID', `Expected ${expected} for ${name} but received ${received}`);
}
