/** What of one person is compared: the embeddings of the pictures that it was enrolled with, of unit length. */
export interface Member {
  readonly name: string;
  readonly embeddings: readonly Float32Array[];
}

export interface Match {
  readonly name: string;
  /** Cosine, from -1 to 1. */
  readonly similarity: number;
  /** By how much it is more like this one than like the next. */
  readonly margin: number;
}

/**
 * The member that a face is most like. The mean of its best two pictures counts: one picture by itself may be
 * like anybody, and all of them would punish whoever was enrolled from several sides.
 */
export function bestMatch(face: Float32Array, members: readonly Member[]): Match | undefined {
  const ranked = members
    .map(({ name, embeddings }) => ({ name, similarity: likeness(face, embeddings) }))
    .sort((a, b) => b.similarity - a.similarity);
  const [first, second] = ranked;
  if (!first || !Number.isFinite(first.similarity)) return undefined;
  return { ...first, margin: first.similarity - (second?.similarity ?? -1) };
}

const bestOf = 2;

function likeness(face: Float32Array, embeddings: readonly Float32Array[]): number {
  const best = embeddings
    .map((each) => cosine(face, each))
    .sort((a, b) => b - a)
    .slice(0, bestOf);
  return best.length === 0 ? Number.NEGATIVE_INFINITY : best.reduce((a, b) => a + b, 0) / best.length;
}

/** Of vectors of unit length. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  return vector.map((value) => value / length);
}
