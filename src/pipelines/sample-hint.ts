import type { Decision } from './contract.ts';

/**
 * Asks for a frame to be kept whose score is so near to what decides that the net may well be wrong about it.
 * @param within how near; 0 asks for none.
 */
export function nearThreshold(score: number, threshold: number, within: number): Pick<Decision, 'sample'> {
  return Math.abs(score - threshold) < within ? { sample: { reason: 'near-threshold' } } : {};
}
