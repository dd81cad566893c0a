import type { Session } from '../../compiler/runtime.ts';
import { asGatewayError, GatewayError } from '../../errors.ts';
import { type Bundle, readBundle } from '../bundle.ts';
import type { Manifest } from '../manifest.ts';
import type { Mark, Thumbnail } from '../model.ts';
import {
  type BatchResult,
  type LoadOptions,
  unpackImage,
  type WireError,
  type WireImages,
  type WireInputs,
} from '../protocol.ts';
import { annotate } from './annotate.ts';
import { decode } from './decode.ts';
import { boxDecoder } from './detect/detect.ts';
import { openEngine } from './engine.ts';
import { type Filled, filler } from './fill.ts';
import { proveGolden } from './golden.ts';
import { decodeOutputs, type Rows, rowsOf } from './outputs.ts';
import { checkSignature } from './signature.ts';
import { thumbnails } from './thumbnail.ts';

/** One version of one model, proved by its golden samples. Its calls must not overlap. */
export interface LoadedModel {
  readonly manifest: Manifest;
  readonly digest: string;
  /**
   * The answers for a batch. An input that cannot be judged is refused by itself.
   * @throws MODEL_RUN_FAILED if the net refuses the batch as a whole.
   */
  run(inputs: WireInputs): Promise<BatchResult>;
  /** A thumbnail of each picture, or why there is none. */
  thumbnails(images: WireImages): Promise<(Thumbnail | WireError)[]>;
  /** @throws FRAME_INVALID */
  annotate(images: WireImages, marks: readonly Mark[]): Promise<Uint8Array>;
}

/**
 * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED, MODEL_LOAD_FAILED, or MODEL_GOLDEN_MISMATCH if this machine
 * computes other numbers than the one where the bundle was made.
 */
export async function loadModel(options: LoadOptions): Promise<LoadedModel> {
  const bundle = await readBundle(options.bundle);
  const { manifest, digest } = bundle;
  const session = await openEngine(bundle, options.threads);
  checkSignature(manifest, session);
  const fill = filler(manifest, options);
  const boxes = boxDecoderOf(bundle);
  await proveGolden(bundle, options.maxBatch, async (inputs) => {
    const filled = await fill(inputs);
    const [refused] = filled.refused;
    if (refused)
      throw new GatewayError('BUNDLE_INVALID', `A golden sample is refused: ${refused[1].message}`);
    return runNet(session, filled);
  });
  return {
    manifest,
    digest,
    async run(inputs) {
      const started = performance.now();
      const filled = await fill(inputs);
      const decoded = performance.now();
      const rows = await runNet(session, filled);
      const inferMs = performance.now() - decoded;
      return {
        size: filled.size,
        refused: filled.refused,
        ...(filled.size > 0 ? decodeOutputs(rows, manifest.outputs, filled.size) : {}),
        ...(boxes && filled.views ? { detections: boxes(rows, filled.views) } : {}),
        ...(filled.pictures ? { pictures: filled.pictures } : {}),
        decodeMs: decoded - started,
        inferMs,
      };
    },
    thumbnails: (images) => thumbnails(images, options.maxPixels),
    async annotate(images, marks) {
      const image = unpackImage(images, 0);
      return annotate(await decode(image, 'rgb', options.maxPixels), image.region, marks);
    },
  };
}

function boxDecoderOf(bundle: Bundle): ReturnType<typeof boxDecoder> | undefined {
  const { detector, inputs } = bundle.manifest;
  const [input] = Object.values(inputs);
  if (!detector) return undefined;
  if (input?.kind === 'picture') return boxDecoder(detector, input, bundle);
  throw new GatewayError(
    'BUNDLE_INVALID',
    'Expected a picture for the input of a detector but received numbers',
  );
}

async function runNet(session: Session, { feeds, size }: Filled): Promise<Record<string, Rows>> {
  if (size === 0) return {};
  try {
    const outputs = await session.run(feeds);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, rowsOf(tensor)]));
  } catch (error) {
    throw asGatewayError(error, 'MODEL_RUN_FAILED');
  }
}
