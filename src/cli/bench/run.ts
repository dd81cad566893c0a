import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../demo/gateway-process.ts';
import { findCapacity, type Step } from './capacity.ts';
import type { CameraPictures } from './pictures.ts';
import { openCameras } from './step.ts';
import type { Subject } from './subject.ts';

export interface BenchOptions {
  readonly subject: Subject;
  readonly pictures: CameraPictures;
  readonly framesPerSecond: number;
  /** Of one number of cameras. */
  readonly seconds: number;
  readonly maxCameras: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: Step) => void;
}

export interface BenchReport {
  /** Name and version of the model, or the pipeline and its configuration. */
  readonly model: string;
  /** The most that were held; 0: not even one. */
  readonly cameras: number;
  /** No more were tried. */
  readonly atLeast: boolean;
  readonly framesPerSecond: number;
  /** What the cameras sent. */
  readonly pictures: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly steps: readonly Step[];
}

/**
 * Adds cameras to a gateway with its own broker until the verdicts fall behind.
 * @throws REQUEST_FAILED if there is no verdict at all.
 */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { subject, pictures, framesPerSecond, maxCameras, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  try {
    const config = join(folder, 'bench.yaml');
    // JSON is YAML.
    await writeFile(config, JSON.stringify(subject.config));
    const gateway = await startGateway({ stateDir: join(folder, 'state'), config, logLevel: 'error' });
    try {
      const cameras = await openCameras(gateway.client, { ...options, pictures: pictures.all });
      // The first frames meet a gateway that has just started.
      await cameras.run(1);
      const steps: Step[] = [];
      const held = await findCapacity(async (count) => {
        signal.throwIfAborted();
        const step = await cameras.run(count);
        steps.push(step);
        options.onStep(step);
        return step;
      }, maxCameras);
      return {
        model: subject.name,
        cameras: held,
        atLeast: held >= maxCameras,
        framesPerSecond,
        pictures: pictures.name,
        machine: {
          cpu: cpus()[0]?.model ?? process.arch,
          cores: availableParallelism(),
          node: process.version,
        },
        steps,
      };
    } finally {
      await gateway.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
