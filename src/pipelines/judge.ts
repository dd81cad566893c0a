import type { PipelineConfig } from '../config/types.ts';
import { asGatewayError } from '../errors.ts';
import type { ModelRef } from '../models/model.ts';
import { isAlarm } from './alarm.ts';
import type { Decision } from './contract.ts';
import { checkFresh } from './freshness.ts';
import type { Job } from './mailbox.ts';
import type { Outlet, Publisher } from './publisher.ts';
import type { FrameScope } from './scope.ts';
import type { TimedPipeline } from './timed-pipeline.ts';

export interface Verdict {
  /** The text for the result topic, where one is owed. */
  readonly answer?: string;
  readonly decision?: Decision;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
}

export interface JudgeOptions {
  readonly pipeline: TimedPipeline;
  readonly publisher: Publisher;
  readonly outlet: Pick<Outlet, 'error'>;
  readonly maxAgeMs: PipelineConfig['maxAgeMs'];
  /** A frame that fails is owed an answer too. */
  readonly owed: boolean;
  /** Told of every verdict, with the versions that it was made of. */
  readonly onVerdict?:
    | ((answered: readonly ModelRef[], verdict: { readonly alarm: boolean }) => void)
    | undefined;
}

/**
 * The broad catch of the frame path: whatever a pipeline or a model throws becomes the frame's verdict.
 * @throws STOPPED, which is none.
 */
export async function judge(
  { frame, error: refusal }: Job,
  scope: FrameScope,
  { pipeline, publisher, outlet, maxAgeMs, owed, onVerdict }: JudgeOptions,
): Promise<Verdict> {
  try {
    if (refusal) throw refusal;
    checkFresh(frame, maxAgeMs, Date.now());
    const decision = await pipeline.decide(frame, scope);
    onVerdict?.(scope.answered, { alarm: isAlarm(decision) });
    return {
      answer: publisher.answerText(frame, scope, { result: decision.result }),
      decision,
      outcome: 'ok',
    };
  } catch (thrown) {
    const error = asGatewayError(thrown, 'PIPELINE_FAILED');
    if (error.code === 'STOPPED') throw error;
    outlet.error(frame.source, error, frame.id);
    const told = { error: { code: error.code, message: error.message } };
    return {
      outcome: error.code,
      ...(owed ? { answer: publisher.answerText(frame, scope, told) } : {}),
    };
  }
}
