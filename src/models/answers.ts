import type { Job } from './job-queue.ts';
import type { Manifest } from './manifest.ts';
import type { ClassScore, ModelRef, Outputs, Tensor, Timing } from './model.ts';
import { type BatchResult, fromWire } from './protocol.ts';

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
      job.done(outputsOf(result, row, { ref, labels: manifest.labels, timing }));
      row++;
    }
  }
}

function outputsOf(
  { classes, tensors, pictures }: BatchResult,
  row: number,
  { ref, labels, timing }: { ref: ModelRef; labels: readonly string[] | undefined; timing: Timing },
): Outputs {
  return {
    model: ref,
    ...(classes ? { classes: classesOf(classes, row, labels) } : {}),
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

/** Copies, so that one answer that somebody keeps does not keep the memory of the batch. */
function tensorsOf(tensors: Readonly<Record<string, Tensor>>, row: number): Record<string, Tensor> {
  const rows = Object.entries(tensors).map(
    ([
      name,
      {
        data,
        shape: [, ...shape],
      },
    ]) => {
      const size = shape.reduce((product, side) => product * side, 1);
      return [name, { data: data.slice(row * size, (row + 1) * size), shape }];
    },
  );
  return Object.fromEntries(rows);
}
