import sharp from 'sharp';

/** JPEG of 640 × 480 such as a camera sends: edges, gradients, a little noise. Each differs from the others. */
export function cameraPictures(count: number): Promise<Buffer[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => cameraPicture(i + 1)));
}

const [width, height] = [640, 480];

async function cameraPicture(seed: number): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  let state = seed;
  for (let at = 0; at < pixels.length; at += 3) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const [x, y] = [(at / 3) % width, Math.floor(at / 3 / width)];
    const noise = (state >>> 28) - 8;
    const tile = ((x + seed * 13) >> 5) ^ ((y + seed * 7) >> 5);
    pixels[at] = clamp((x * 255) / width + noise);
    pixels[at + 1] = clamp(((tile * 37) & 255) + noise);
    pixels[at + 2] = clamp((y * 255) / height + noise);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, value));
}
