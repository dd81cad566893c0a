import type { Job } from './job-queue.ts';
import type { Manifest } from './manifest.ts';
import type { ClassScore, Detection, ModelRef, Outputs, Tensor, Thumbnail, Timing } from './model.ts';
import { type BatchResult, fromWire, type WireDetections, type WireError } from './protocol.ts';

/** Give each caller of a batch the row that is its own, or the reason why it has none. */
export function settleBatch(
  jobs: readonly Job[],
  result: BatchResult,
  { ref, manifest, startedAt }: { ref: ModelRef; manifest: Manifest; startedAt: number },
): void {
  const refused = new Map(result.refused);
  const shared = { decodeMs: result.decodeMs, inferMs: result.inferMs, batchSize: result.size };
  let row = 0;
  for (const [i, job] of jobs.entries()) {
    const error = refused.get(i);
    if (error) {
      job.fail(fromWire(error));
    } else if (job.kind === 'infer') {
      const timing = { queueMs: Math.max(0, startedAt - job.arrivedAt), ...shared };
      job.done(outputsOf(result, row, { ref, manifest, timing }));
      row++;
    }
  }
}

export function settleThumbnails(jobs: readonly Job[], thumbnails: readonly (Thumbnail | WireError)[]): void {
  for (const [i, job] of jobs.entries()) {
    const answer = thumbnails[i];
    if (job.kind !== 'thumbnail' || !answer) throw new RangeError(`No thumbnail ${i} in the answer`);
    if ('code' in answer) job.fail(fromWire(answer));
    else job.done(answer);
  }
}

function outputsOf(
  { classes, detections, embedding, tensors, pictures }: BatchResult,
  row: number,
  { ref, manifest, timing }: { ref: ModelRef; manifest: Manifest; timing: Timing },
): Outputs {
  return {
    model: ref,
    ...(classes ? { classes: classesOf(classes, row, manifest.labels) } : {}),
    ...(detections ? { detections: detectionsOf(detections, row, manifest) } : {}),
    ...(embedding ? { embedding: rowOf(embedding, row).data as Float32Array } : {}),
    ...(tensors ? { tensors: tensorsOf(tensors, row) } : {}),
    ...(pictures ? { picture: { width: pictures[row * 2] ?? 0, height: pictures[row * 2 + 1] ?? 0 } } : {}),
    timing,
  };
}

function classesOf(
  { top, index, score }: NonNullable<BatchResult['classes']>,
  row: number,
  labels: readonly string[] | undefined,
): ClassScore[] {
  return Array.from({ length: top }, (_, rank) => {
    const at = row * top + rank;
    const label = index[at] ?? 0;
    return { label: labels?.[label] ?? `${label}`, index: label, score: score[at] ?? 0 };
  });
}

function detectionsOf(
  { counts, boxes, scores, index, points }: WireDetections,
  row: number,
  { labels, detector }: Manifest,
): Detection[] {
  const first = counts.subarray(0, row).reduce((sum, count) => sum + count, 0);
  const names = detector?.points ?? [];
  return Array.from({ length: counts[row] ?? 0 }, (_, i) => {
    const at = first + i;
    const which = index[at] ?? 0;
    const [x = 0, y = 0, width = 0, height = 0] = boxes.subarray(at * 4, at * 4 + 4);
    const landmarks = names.map((name, k) => {
      const [px = 0, py = 0] = points?.subarray((at * names.length + k) * 2) ?? [];
      return [name, { x: px, y: py }] as const;
    });
    return {
      label: labels?.[which] ?? `${which}`,
      index: which,
      score: scores[at] ?? 0,
      box: { x, y, width, height },
      ...(points ? { landmarks: Object.fromEntries(landmarks) } : {}),
    };
  });
}

function tensorsOf(tensors: Readonly<Record<string, Tensor>>, row: number): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rowOf(tensor, row)]));
}

/** A copy, so that one answer that somebody keeps does not keep the memory of the batch. */
function rowOf({ data, shape: [, ...shape] }: Tensor, row: number): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return { data: data.slice(row * size, (row + 1) * size), shape };
}
