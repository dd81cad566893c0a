import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { resolveBundle } from '../../models/builtin.ts';
import { readBundle } from '../../models/bundle.ts';
import type { Manifest } from '../../models/manifest.ts';
import { startGateway } from '../demo/gateway-process.ts';
import { findCapacity, type Step } from './capacity.ts';
import { cameraPictures } from './pictures.ts';
import { openCameras } from './step.ts';

export interface BenchOptions {
  /** A path, or builtin:NAME. */
  readonly model: string;
  readonly framesPerSecond: number;
  readonly size: { readonly width: number; readonly height: number };
  /** Of one number of cameras. */
  readonly seconds: number;
  readonly maxCameras: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: Step) => void;
}

export interface BenchReport {
  /** Name and version. */
  readonly model: string;
  /** The most that were held; 0: not even one. */
  readonly cameras: number;
  /** No more were tried. */
  readonly atLeast: boolean;
  readonly framesPerSecond: number;
  readonly width: number;
  readonly height: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly steps: readonly Step[];
}

/**
 * Adds cameras to a gateway with its own broker until the verdicts fall behind.
 * @throws BUNDLE_INVALID, REQUEST_INVALID for a model that does not judge single pictures.
 */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { framesPerSecond, size, maxCameras, signal } = options;
  const bundle = resolve(resolveBundle(options.model));
  const { manifest } = await readBundle(bundle);
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  try {
    const config = join(folder, 'bench.yaml');
    await writeFile(config, configOf(bundle, manifest));
    const pictures = await cameraPictures(size);
    const gateway = await startGateway({ stateDir: join(folder, 'state'), config });
    try {
      const cameras = await openCameras(gateway.client, { ...options, pictures });
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
        model: `${manifest.name} ${manifest.version}`,
        cameras: held,
        atLeast: held >= maxCameras,
        framesPerSecond,
        ...size,
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

/** Cameras drop frames rather than lag (`latest`): what is missing is what was too much. JSON is YAML. */
function configOf(bundle: string, manifest: Manifest): string {
  return JSON.stringify({
    gateway: { id: 'bench' },
    homeAssistant: { enabled: false },
    models: { net: { bundle, maxQueue: 4096 } },
    sources: { cameras: { topic: 'bench/{source}/frame' } },
    pipelines: { bench: { ...pipelineOf(manifest), mailbox: 'latest' } },
  });
}

function pipelineOf({ name, inputs, outputs }: Manifest): object {
  const kinds = Object.values(outputs).map(({ kind }) => kind);
  const takesPictures = Object.values(inputs).every(({ kind }) => kind === 'picture');
  if (takesPictures && kinds.includes('classes')) return { use: 'classify', models: { classifier: 'net' } };
  if (takesPictures && kinds.includes('detector')) return { use: 'detect', models: { detector: 'net' } };
  throw new GatewayError(
    'REQUEST_INVALID',
    `Expected a model that classifies pictures or finds things in them but received ${name}`,
  );
}
