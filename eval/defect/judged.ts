import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../src/image.ts';
import { loadModel } from '../../src/models/child/loaded-model.ts';
import { packInputs } from '../../src/models/protocol.ts';
import type { FittedParts } from '../../src/training/defect/fit.ts';
import { writePartBundle } from '../../src/training/defect/part-bundle.ts';

export interface Judged {
  readonly scores: number[];
  /** Cells of all heatmaps, picture by picture. */
  readonly heat: number[];
  /** Of each picture from the bytes of its file to its score, decoding among it. */
  readonly ms: number[];
  /** The same in time of the processor: what else the machine does changes it less. */
  readonly cpuMs: number[];
}

/** Judges files by a bundle, with the code of a model process, one part after the other as a line sends them. */
export async function judged(fitted: FittedParts, files: readonly string[]): Promise<Judged> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-eval-'));
  const result: Judged = { scores: [], heat: [], ms: [], cpuMs: [] };
  try {
    const bundle = join(folder, 'parts.bundle');
    const about = {
      name: 'parts',
      version: '1.0.0',
      description: 'Of eval defect.',
      golden: files.slice(0, 1),
    };
    await writePartBundle({ fitted, ...about }, bundle);
    const model = await loadModel({ bundle, threads: 1, maxBatch: 1, maxPixels: 2 ** 24 });
    for (const file of files) {
      const image = new Image({ data: await readFile(file), format: 'jpeg' });
      const [started, cpu] = [performance.now(), process.cpuUsage()];
      const { tensors } = await model.run(packInputs([image]));
      const { user, system } = process.cpuUsage(cpu);
      result.ms.push(performance.now() - started);
      result.cpuMs.push((user + system) / 1000);
      result.scores.push(tensors?.score?.data[0] ?? Number.NaN);
      for (const value of tensors?.heatmap?.data ?? []) result.heat.push(value);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return result;
}
