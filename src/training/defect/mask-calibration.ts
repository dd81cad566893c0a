import { linear, partWeights } from './calibration.ts';
import { type Join, joinOf } from './join.ts';
import type { Scale } from './threshold.ts';

/** What is said of parts that none has learned from, `[7]` each: evidence of the part model, then of `addMaskNets`. */
interface Seen {
  readonly good: readonly Float32Array[];
  readonly bad: readonly Float32Array[];
}

/** How all is joined: 0 is the threshold of everything. */
export interface MaskCalibration {
  readonly picture: Join;
  /** Of the logit of every cell, by itself. */
  readonly spot: CellCalibration;
  readonly field: CellCalibration;
}

interface CellCalibration {
  readonly weight: number;
  readonly bias: number;
}

/** Of the evidence of `addMaskNets`. */
const netWeights = [1, 1, 1];

/** @param scales of the evidence of the part model */
export function calibrateMasks({ good, bad }: Seen, scales: readonly Scale[]): MaskCalibration {
  const alone = (net: number): CellCalibration => {
    const kind = partWeights.length + net;
    const of = (rows: readonly Float32Array[]) => rows.map((row) => row.subarray(kind, kind + 1));
    const { weights, bias } = linear({ good: of(good), bad: of(bad) });
    return { weight: weights[0] ?? 0, bias };
  };
  return {
    picture: joinOf({ good, bad }, [...partWeights, ...netWeights], scales),
    spot: alone(0),
    field: alone(1),
  };
}
