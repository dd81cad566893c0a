import { GatewayError } from '../../errors.ts';
import { Image, sniffFormat } from '../../image.ts';
import type { Bundle } from '../bundle.ts';
import type { GoldenSample, TensorInput } from '../manifest.ts';
import type { Tensor, Tensors } from '../model.ts';
import { packInputs, type WireInputs } from '../protocol.ts';
import type { Rows } from './outputs.ts';

/**
 * Send every sample through the whole path of a frame: the first alone, then all of them in the largest
 * batches. That warms up the net and shows that no answer depends on what else is in the batch.
 * @throws MODEL_GOLDEN_MISMATCH with the worst difference in `details`.
 */
export async function proveGolden(
  bundle: Bundle,
  maxBatch: number,
  run: (inputs: WireInputs) => Promise<Readonly<Record<string, Rows>>>,
): Promise<void> {
  const { samples } = bundle.manifest.golden;
  const batches = [samples.slice(0, 1)];
  for (let at = 0; at < samples.length; at += maxBatch) batches.push(samples.slice(at, at + maxBatch));
  if (samples.length === 1 && maxBatch > 1) batches.push([...samples, ...samples]);
  for (const batch of batches) {
    const outputs = await run(packInputs(batch.map((sample) => goldenInput(bundle, sample))));
    for (const [row, sample] of batch.entries()) compare(samples.indexOf(sample), sample, row, outputs);
  }
}

/** The input of a sample, in the form in which a frame would come. */
function goldenInput({ manifest, file }: Bundle, sample: GoldenSample): Image | Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const [name, path] of Object.entries(sample.inputs)) {
    const data = file(path);
    const input = manifest.inputs[name];
    if (input?.kind === 'picture') return goldenImage(path, data);
    if (input) tensors[name] = goldenTensor(input, data);
  }
  return tensors;
}

function goldenImage(path: string, data: Uint8Array): Image {
  const format = sniffFormat(data);
  if (format) return new Image({ data, format });
  throw new GatewayError(
    'BUNDLE_INVALID',
    `Expected a PNG, WebP or JPEG for ${path} but received bytes of no known picture`,
  );
}

/** Read one by one: numbers in an archive may start at any byte, and are little-endian. */
function goldenTensor({ type, shape }: TensorInput, data: Uint8Array): Tensor {
  if (type === 'uint8') return { data, shape };
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    data: Float32Array.from({ length: data.length / 4 }, (_, i) => view.getFloat32(i * 4, true)),
    shape,
  };
}

function compare(
  index: number,
  { outputs: expectations, every = {}, tolerance }: GoldenSample,
  row: number,
  outputs: Readonly<Record<string, Rows>>,
): void {
  for (const [output, expected] of Object.entries(expectations)) {
    const rows = outputs[output];
    const whole = rows?.data.subarray(row * rows.length, (row + 1) * rows.length) ?? new Float32Array();
    const step = every[output] ?? 1;
    const received = step === 1 ? whole : whole.filter((_, i) => i % step === 0);
    const worst = worstDifference(expected, received);
    // Written so that NaN is refused as well.
    if (received.length === expected.length && worst.difference <= tolerance) continue;
    throw mismatch(index, output, expected, received, worst, tolerance);
  }
}

interface Difference {
  readonly index: number;
  readonly difference: number;
}

function worstDifference(expected: readonly number[], received: Float32Array): Difference {
  let worst: Difference = { index: 0, difference: 0 };
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs(value - (received[index] ?? Number.NaN));
    if (!(difference <= worst.difference)) worst = { index, difference };
    if (Number.isNaN(difference)) break;
  }
  return worst;
}

function mismatch(
  sample: number,
  output: string,
  expected: readonly number[],
  received: Float32Array,
  { index, difference }: Difference,
  tolerance: number,
): GatewayError {
  const details = {
    sample,
    output,
    index,
    expected: expected[index] ?? null,
    received: received[index] ?? null,
    difference,
    tolerance,
    expectedLength: expected.length,
    receivedLength: received.length,
  };
  return new GatewayError(
    'MODEL_GOLDEN_MISMATCH',
    `Expected ${details.expected} within ${tolerance} for ${output}[${index}] of golden sample ${sample} but received ${details.received}`,
    { details },
  );
}
