import { linear } from './calibration.ts';

/** What is said of a part that none has learned from. */
export interface Seen {
  /** Of the nets, `[3]`: see `addMaskNets`. */
  readonly evidence: Float32Array;
  /** Of the part model, 0 at its threshold. */
  readonly part: number;
}

/** How all is joined: 0 is the threshold of everything. */
export interface MaskCalibration {
  /** Of a picture: of the evidence, then of the part model. */
  readonly picture: ReturnType<typeof linear>;
  /** Of the logit of every cell, by itself. */
  readonly spot: CellCalibration;
  readonly field: CellCalibration;
}

interface CellCalibration {
  readonly weight: number;
  readonly bias: number;
}

/** Weighs what they say by what tells the bad parts from the good ones, and lays the thresholds. */
export function calibrateMasks(good: readonly Seen[], bad: readonly Seen[]): MaskCalibration {
  const of = (kinds: (seen: Seen) => Float32Array) => linear({ good: good.map(kinds), bad: bad.map(kinds) });
  const alone = (kind: number): CellCalibration => {
    const { weights, bias } = of(({ evidence }) => evidence.subarray(kind, kind + 1));
    return { weight: weights[0] ?? 0, bias };
  };
  return { picture: of(kindsOf), spot: alone(0), field: alone(1) };
}

export function joined(seen: Seen, { picture }: MaskCalibration): number {
  return kindsOf(seen).reduce((sum, value, kind) => sum + value * (picture.weights[kind] ?? 0), picture.bias);
}

function kindsOf({ evidence, part }: Seen): Float32Array {
  return Float32Array.of(...evidence, part);
}
