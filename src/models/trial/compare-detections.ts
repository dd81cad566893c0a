import { overlap } from '../../image.ts';
import type { Detection } from '../model.ts';

/** A detection below this score is a guess, on which versions may differ. */
const sureScore = 0.5;
/** Boxes that overlap by this share of what they cover together are of one thing. */
const sameOverlap = 0.5;

/** Whether both see the same things, and how far their scores for them are apart on average. */
export function compareDetections(
  active: readonly Detection[],
  candidate: readonly Detection[],
): { agree: boolean; drift: number } {
  const free = [...candidate];
  const drifts: number[] = [];
  let agree = true;
  for (const one of active) {
    const at = free.findIndex(
      ({ label, box }) => label === one.label && overlap(box, one.box) >= sameOverlap,
    );
    const [other] = at < 0 ? [] : free.splice(at, 1);
    if (one.score < sureScore && (other?.score ?? 0) < sureScore) continue;
    if (!other) agree = false;
    drifts.push(Math.abs(one.score - (other?.score ?? 0)));
  }
  for (const { score } of free.filter(({ score }) => score >= sureScore)) {
    agree = false;
    drifts.push(score);
  }
  return { agree, drift: drifts.length === 0 ? 0 : drifts.reduce((a, b) => a + b) / drifts.length };
}
