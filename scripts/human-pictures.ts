import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { Sample } from '../src/compiler/calibrate.ts';
import type { HumanModel } from './human-manifests.ts';

/** The photographs inside the package: a face, and a woman whole. */
export interface HumanPictures {
  readonly face: Buffer;
  readonly body: Buffer;
  /** Small ones of both. */
  readonly golden: Readonly<Record<string, Uint8Array>>;
}

const bundled = new URL('../node_modules/@vladmandic/human/dist/human.node.js', import.meta.url);

export async function humanPictures(): Promise<HumanPictures> {
  const text = readFileSync(bundled, 'utf8');
  const found = [...text.matchAll(/\/9j\/[A-Za-z0-9+/=\s]{1000,}/g)].map(([code]) =>
    Buffer.from(code, 'base64'),
  );
  const [face, body] = found;
  if (!face || !body) throw new TypeError('Expected two photographs in the package but received fewer');
  const small = (data: Buffer) => sharp(data).resize(192).jpeg({ quality: 90 }).toBuffer();
  return { face, body, golden: { 'face.jpg': await small(face), 'body.jpg': await small(body) } };
}

/**
 * Other views of the photographs: parts, mirrored, darker and brighter, in grey, beside bars. Ranges of
 * activations are about contrasts and textures, of which two photographs have many.
 */
export async function* calibrationSamples(
  { face, body }: HumanPictures,
  { size, samples, sees, manifest }: HumanModel,
): AsyncGenerator<Sample> {
  const [name = ''] = Object.keys(manifest.inputs);
  for (let i = 0; i < samples; i++) {
    const original = sees === 'faces' ? (i % 3 === 2 ? body : face) : i % 4 === 3 ? face : body;
    const { width = 0, height = 0 } = await sharp(original).metadata();
    const zoom = sees === 'faces' && original === face ? 0.7 + 0.3 * share(i, 3) : 0.35 + 0.65 * share(i, 3);
    const [w, h] = [Math.round(width * zoom), Math.round(height * zoom)];
    const left = Math.round((width - w) * share(i, 5));
    const top = Math.round((height - h) * share(i, 7) * (original === body ? 0.6 : 1));
    let view = sharp(original).extract({ left, top, width: w, height: h });
    if (i % 2) view = view.flop();
    if (i % 6 === 4) view = view.modulate({ saturation: 0 });
    if (i % 4) view = view.linear(0.5 + share(i, 11), 40 * share(i, 13) - 20);
    const fit = i % 5 === 0 ? ('contain' as const) : ('fill' as const);
    const data = await view
      .resize({ width: size, height: size, fit, background: { r: 114, g: 114, b: 114 } })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer();
    yield { [name]: { type: 'uint8', dims: [1, size, size, 3], data: new Uint8Array(data) } };
  }
}

/** A number in [0, 1) for each sample and purpose, the same each time and evenly spread. */
function share(i: number, prime: number): number {
  return (i * 0.618034 * prime) % 1;
}
