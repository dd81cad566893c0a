import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { createBundle } from '../../models/create-bundle.ts';
import type { Manifest } from '../../models/manifest.ts';
import type { FittedParts } from './fit.ts';
import { partInput } from './read-parts.ts';

export interface PartBundleOptions {
  readonly fitted: FittedParts;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Pictures that prove the bundle where it is loaded: as they are on disk. */
  readonly golden: readonly string[];
  readonly accuracy?: Manifest['accuracy'];
  readonly license?: string;
}

/** Writes a fitted part model as a bundle of task `anomaly`. Returns its digest and size. */
export async function writePartBundle(
  options: PartBundleOptions,
  path: string,
): Promise<{ digest: string; bytes: number }> {
  const { fitted, name, version, description, golden, accuracy, license } = options;
  const pictures = await Promise.all(
    golden.map(async (file, i) => [`${i}${extname(file).toLowerCase()}`, await readFile(file)] as const),
  );
  return createBundle(
    {
      graph: fitted.graph,
      manifest: {
        format: 1,
        name,
        version,
        task: 'anomaly',
        description,
        ...(license && { license }),
        inputs: { image: partInput },
        outputs: { score: { kind: 'tensor' }, heatmap: { kind: 'tensor' }, local: { kind: 'tensor' } },
        thresholds: { score: 0.5 },
        ...(accuracy && { accuracy }),
      },
      golden: Object.fromEntries(pictures),
    },
    path,
  );
}
