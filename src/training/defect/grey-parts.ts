/** One part `[256, 256]` in grey, and what tells its exposure. */
export interface GreyPart {
  readonly pixels: Uint8Array;
  readonly mean: number;
  /** Standard deviation, at least 1. */
  readonly deviation: number;
}

/** A bad part and where it is bad. */
export interface SpoiltGreyPart extends GreyPart {
  /** 1 where it is bad, else 0. */
  readonly mask: Uint8Array;
  /** The pixels that are bad, row by row. */
  readonly places: Uint32Array;
}

/** The weights of red, green and blue in grey (ITU-R BT.601). */
export const greyWeights = [0.299, 0.587, 0.114] as const;

/** @param rgb `[256, 256, 3]` */
export function greyPart(rgb: Uint8Array): GreyPart {
  const [red, green, blue] = greyWeights;
  const pixels = new Uint8Array(rgb.length / 3);
  let [sum, squares] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    const grey = Math.round(
      red * (rgb[3 * i] ?? 0) + green * (rgb[3 * i + 1] ?? 0) + blue * (rgb[3 * i + 2] ?? 0),
    );
    pixels[i] = grey;
    sum += grey;
    squares += grey * grey;
  }
  const mean = sum / pixels.length;
  return { pixels, mean, deviation: Math.sqrt(Math.max(1, squares / pixels.length - mean * mean)) };
}

/** @param drawn the mask, `[256, 256]` in [0, 1]; a part without one shows nothing to learn from. */
export function spoiltPart(
  rgb: Uint8Array,
  drawn: Float32Array = new Float32Array(rgb.length / 3),
): SpoiltGreyPart {
  const mask = Uint8Array.from(drawn, (value) => (value > 0.4 ? 1 : 0));
  return {
    ...greyPart(rgb),
    mask,
    places: Uint32Array.from(mask.keys()).filter((place) => mask[place] === 1),
  };
}
