import type { Outputs, Tensor } from '../model.ts';
import { compareDetections } from './compare-detections.ts';

/** How two versions differ on one input. */
export interface Difference {
  readonly agree: boolean;
  /** Of their scores or numbers, in [0, 1]. */
  readonly drift: number;
}

/** Tensors that differ by more, in proportion to their size, mean different things. */
const agreeingTensors = 0.1;
/** Embeddings that are further apart are of different faces, to whoever compares them. */
const agreeingCosine = 0.9;

/** What `candidate` says otherwise than `active`, which is in charge. */
export function compareOutputs(active: Outputs, candidate: Outputs): Difference {
  const parts: Difference[] = [];
  if (active.classes) parts.push(compareClasses(active.classes, candidate.classes ?? []));
  if (active.detections) parts.push(compareDetections(active.detections, candidate.detections ?? []));
  if (active.embedding) parts.push(compareEmbeddings(active.embedding, candidate.embedding));
  for (const [name, tensor] of Object.entries(active.tensors ?? {})) {
    parts.push(compareTensors(tensor, candidate.tensors?.[name]));
  }
  return {
    agree: parts.every(({ agree }) => agree),
    drift: parts.reduce((worst, { drift }) => Math.max(worst, drift), 0),
  };
}

type Classes = NonNullable<Outputs['classes']>;

/** By label: another version may have its classes in another order. */
function compareClasses([best]: Classes, others: Classes): Difference {
  if (!best) return { agree: true, drift: 0 };
  const same = others.find(({ label }) => label === best.label);
  return { agree: others[0]?.label === best.label, drift: Math.abs(best.score - (same?.score ?? 0)) };
}

/** Of unit length. Another space, though it may be as good, knows nobody who was enrolled in this one. */
function compareEmbeddings(one: Float32Array, other: Float32Array | undefined): Difference {
  if (!other || other.length !== one.length) return { agree: false, drift: 1 };
  const cosine = one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
  return { agree: cosine >= agreeingCosine, drift: (1 - Math.min(1, cosine)) / 2 };
}

function compareTensors(one: Tensor, other: Tensor | undefined): Difference {
  if (!other || other.data.length !== one.data.length) return { agree: false, drift: 1 };
  let difference = 0;
  let size = 0;
  for (const [i, value] of one.data.entries()) {
    const received = other.data[i] ?? 0;
    difference += Math.abs(value - received);
    size += Math.max(Math.abs(value), Math.abs(received));
  }
  const drift = size === 0 ? 0 : difference / size;
  // Written so that NaN is a disagreement.
  return { agree: drift <= agreeingTensors, drift: drift <= 1 ? drift : 1 };
}
