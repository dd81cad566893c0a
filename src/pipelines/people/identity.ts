import { bestMatch, type Match, type Member, unit } from './match.ts';

/** `unsure`: faces were seen, but not yet enough. `no face`: somebody is there who does not show one. */
export type Who =
  | ({ readonly is: 'member' } & Match)
  | { readonly is: 'unknown' | 'unsure' | 'no face'; readonly similarity?: number };

export interface IdentityOptions {
  readonly match: number;
  readonly margin: number;
  /** Pictures with a face that have to agree. */
  readonly minFaces: number;
}

/** Only so many of the latest faces count: people turn, light changes. */
const rememberedFaces = 8;

/** Who a track is, by all of its faces at once: what one picture blurs the others show. */
export class Identity {
  readonly #faces: { readonly embedding: Float32Array; readonly weight: number }[] = [];

  get faces(): number {
    return this.#faces.length;
  }

  /** `weight`: how good the face is to see. */
  add(embedding: Float32Array, weight: number): void {
    this.#faces.push({ embedding, weight });
    if (this.#faces.length > rememberedFaces) this.#faces.shift();
  }

  judge(members: readonly Member[], { match, margin, minFaces }: IdentityOptions): Who {
    const fused = this.#fused();
    if (!fused) return { is: 'no face' };
    const best = bestMatch(fused, members);
    const similarity = best ? { similarity: best.similarity } : {};
    if (this.#faces.length < minFaces) return { is: 'unsure', ...similarity };
    if (best && best.similarity >= match && best.margin >= margin) return { is: 'member', ...best };
    return { is: 'unknown', ...similarity };
  }

  #fused(): Float32Array | undefined {
    const [first] = this.#faces;
    if (!first) return undefined;
    const sum = new Float32Array(first.embedding.length);
    for (const { embedding, weight } of this.#faces) {
      for (const [i, value] of embedding.entries()) sum[i] = (sum[i] ?? 0) + value * weight;
    }
    return unit(sum);
  }
}
