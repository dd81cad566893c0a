import { linear } from './calibration.ts';

/** What is said of a part that neither has learned from. */
export interface Seen {
  /** Logit of the worst spot. */
  readonly spot: number;
  /** Of the part model, 0 at its threshold. */
  readonly part: number;
}

/** How both are joined: 0 is the threshold of everything. */
export interface SpotCalibration {
  /** Of a picture. */
  readonly picture: { readonly spot: number; readonly part: number; readonly bias: number };
  /** Of the logit of every cell. */
  readonly cell: { readonly weight: number; readonly bias: number };
}

/** Weighs what the two say by what tells the bad parts from the good ones, and lays the thresholds. */
export function calibrateSpots(good: readonly Seen[], bad: readonly Seen[]): SpotCalibration {
  const both = ({ spot, part }: Seen) => Float32Array.of(spot, part);
  const alone = ({ spot }: Seen) => Float32Array.of(spot);
  const picture = linear({ good: good.map(both), bad: bad.map(both) });
  const cell = linear({ good: good.map(alone), bad: bad.map(alone) });
  const [spot = 0, part = 0] = picture.weights;
  return {
    picture: { spot, part, bias: picture.bias },
    cell: { weight: cell.weights[0] ?? 0, bias: cell.bias },
  };
}

export function joined({ spot, part }: Seen, { picture }: SpotCalibration): number {
  return picture.spot * spot + picture.part * part + picture.bias;
}
