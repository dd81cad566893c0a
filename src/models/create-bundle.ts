import { openSession } from '../compiler/runtime.ts';
import { GatewayError } from '../errors.ts';
import { Image, sniffFormat } from '../image.ts';
import { writeBundle } from './bundle.ts';
import { filler } from './child/fill.ts';
import { rowsOf } from './child/outputs.ts';
import { checkSignature } from './child/signature.ts';
import type { GoldenSample, Manifest } from './manifest.ts';
import { packInputs } from './protocol.ts';

export interface BundleParts {
  /** ONNX. */
  readonly graph: Uint8Array;
  /** All but what is made here. */
  readonly manifest: Omit<Manifest, 'files' | 'graph' | 'golden'>;
  /** Pictures whose answers prove the model, by a plain name with the ending of their format. */
  readonly golden: Readonly<Record<string, Uint8Array>>;
  /** Other files, as the anchors of a detector. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Greatest difference of golden outputs, in parts of the greatest number among them. Default 0.05. */
  readonly tolerance?: number;
}

/** Numbers of one output that a golden sample keeps: a heatmap of a million would say no more. */
const keptNumbers = 1_000;
const maxPixels = 2 ** 26;

/**
 * Writes a bundle of a net that takes pictures; what its golden samples should answer is what it answers here.
 * @throws BUNDLE_INVALID, MODEL_LOAD_FAILED if graph and manifest do not fit.
 */
export async function createBundle(
  { graph, manifest, golden, files = {}, tolerance = 0.05 }: BundleParts,
  path: string,
): Promise<{ digest: string; bytes: number }> {
  const draft = { ...manifest, graph: 'model.onnx', golden: { samples: [] }, files: {} };
  const [input] = Object.keys(manifest.inputs);
  const session = await openSession(graph, { threads: 1 });
  try {
    checkSignature(draft, session);
    const fill = filler(draft, { maxBatch: 1, maxPixels });
    const samples: GoldenSample[] = [];
    for (const [name, data] of Object.entries(golden)) {
      const { feeds, refused } = await fill(packInputs([pictureOf(name, data)]));
      if (refused[0]) throw new GatewayError('BUNDLE_INVALID', `${name}: ${refused[0][1].message}`);
      const outputs = Object.entries(await session.run(feeds));
      samples.push({ inputs: { [input ?? '']: `golden/${name}` }, ...expected(outputs, tolerance) });
    }
    const all = { ...files, 'model.onnx': graph };
    const pictures = Object.entries(golden).map(([name, data]) => [`golden/${name}`, data] as const);
    return await writeBundle(
      { ...manifest, graph: 'model.onnx', golden: { samples } },
      { ...all, ...Object.fromEntries(pictures) },
      path,
    );
  } finally {
    await session.close();
  }
}

function pictureOf(name: string, data: Uint8Array): Image {
  const format = sniffFormat(data);
  if (format) return new Image({ data, format });
  throw new GatewayError(
    'BUNDLE_INVALID',
    `Expected a PNG, WebP or JPEG for ${name} but received other bytes`,
  );
}

type Outputs = readonly (readonly [string, Parameters<typeof rowsOf>[0]])[];

function expected(outputs: Outputs, tolerance: number): Omit<GoldenSample, 'inputs'> {
  const every: Record<string, number> = {};
  let greatest = 0;
  const rows = outputs.map(([name, tensor]) => {
    const { data } = rowsOf(tensor);
    // Odd, so that it does not see the same columns only.
    const step = Math.floor(data.length / keptNumbers) | 1;
    if (step > 1) every[name] = step;
    const kept = Array.from(
      data.filter((_, i) => i % step === 0),
      (value) => Number(value.toPrecision(6)),
    );
    for (const value of kept) greatest = Math.max(greatest, Math.abs(value));
    return [name, kept] as const;
  });
  return {
    outputs: Object.fromEntries(rows),
    tolerance: tolerance * greatest,
    ...(Object.keys(every).length > 0 ? { every } : {}),
  };
}
