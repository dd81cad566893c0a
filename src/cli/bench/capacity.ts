/** What one number of cameras came to. */
export interface Step {
  readonly cameras: number;
  readonly sent: number;
  readonly verdicts: number;
  /** Frames and verdicts a second. */
  readonly sentPerSecond: number;
  readonly verdictsPerSecond: number;
  /** From the arrival of a frame to its verdict, of those that have one. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Frames were sent when they were due, and nearly all of them have a verdict. */
  readonly held: boolean;
}

/** Steps between the most that were held and the fewest that were not, at most. */
const refinements = 4;
/** A difference that is not worth another step. */
const precision = 0.05;

/**
 * Doubles the cameras until they are too many, then halves the gap: the most that were held, 0 for none.
 * @param max no more are tried.
 */
export async function findCapacity(run: (cameras: number) => Promise<Step>, max: number): Promise<number> {
  let held = 0;
  let tooMany = Number.POSITIVE_INFINITY;
  for (let cameras = 1; held < max && tooMany === Number.POSITIVE_INFINITY; ) {
    if ((await run(cameras)).held) held = cameras;
    else tooMany = cameras;
    cameras = Math.min(2 * cameras, max);
  }
  if (tooMany === Number.POSITIVE_INFINITY) return held;
  for (let i = 0; i < refinements && tooMany - held > Math.max(1, precision * held); i++) {
    const cameras = Math.floor((held + tooMany) / 2);
    if ((await run(cameras)).held) held = cameras;
    else tooMany = cameras;
  }
  return held;
}
