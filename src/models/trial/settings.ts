/** When a version that runs beside the one in charge, on live frames, is good enough. */
export interface ShadowSettings {
  /** Frames that both judge; 0: no shadow run. */
  readonly frames: number;
  /** How long these frames may take to come, s. */
  readonly timeoutS: number;
  /** Share of one core that the candidate may take meanwhile. */
  readonly cpu: number;
  /** Least share of frames on which both agree. */
  readonly minAgreement: number;
  /** Greatest mean difference of their scores. */
  readonly maxDrift: number;
  /** How many times the time of the version in charge it may take. */
  readonly maxSlowdown: number;
}

/** When a version that was swapped in is sent back. */
export interface ProbationSettings {
  readonly seconds: number;
  /** Observations before a rate is judged. */
  readonly minFrames: number;
  /** Crashes and timeouts that are forgiven. */
  readonly maxCrashes: number;
  /** By how much the share of inputs that it fails on may be above that of the version before. */
  readonly maxErrorRise: number;
  /** How many times the time of the version before an input may take. */
  readonly maxSlowdown: number;
  /** By how much the share of alarms may differ from that of the version before. */
  readonly maxAlarmShift: number;
}
