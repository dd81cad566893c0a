export interface FlowJob {
  /** Frames are called `NAME-0`, `NAME-1` and so on; clients after it too. */
  readonly name: string;
  /** Where the camera finds its broker. */
  readonly port: number;
  /** Where the judge does, if elsewhere. */
  readonly judgePort?: number;
  readonly topic: string;
  readonly results: string;
  /** Base64 of the pictures, sent in turn. */
  readonly pictures: readonly string[];
  readonly framesPerSecond: number;
}

export type ToFlow =
  /** `all`: also what was on its way at the blow has to have its result. */
  | { readonly ask: 'mark'; readonly id: number; readonly all: boolean; readonly patienceMs: number }
  | { readonly ask: 'finish' };

export type FromFlow =
  | { readonly tell: 'ready' }
  /** `null`: not within its patience. */
  | { readonly tell: 'recovered'; readonly id: number; readonly ms: number | null }
  | { readonly tell: 'report'; readonly report: FlowReport };

export interface FlowReport {
  readonly sent: number;
  readonly acknowledged: number;
  /** Results, each frame once. */
  readonly results: number;
  /** Frames that were acknowledged and have no result. */
  readonly lost: readonly string[];
  /** Results of frames that had one. */
  readonly duplicated: number;
  /** Results that name no frame that was sent, or another verdict for a frame that had one. */
  readonly unidentifiable: number;
  /** Frames that the camera did not send because too many were on their way. */
  readonly skipped: number;
  /** From sending to the result, ms. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}
