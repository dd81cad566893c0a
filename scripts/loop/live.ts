import type { BusClient } from '../../src/bus/external.ts';
import { type Answer, announce } from './announce.ts';
import { group, topics } from './gateway.ts';
import { say } from './program.ts';
import { percent } from './table.ts';
import type { Version } from './versions.ts';

interface Life {
  readonly outcome: Answer;
  /** From the announcement to the last word of the gateway. */
  readonly tookMs: number;
  /** What went otherwise than it had to. */
  readonly surprise?: string;
}

/** Announces a version, and shows what the gateway makes of it. */
export async function live(
  { version, message, ends }: Version,
  { client, signal }: { client: BusClient; signal: AbortSignal },
): Promise<Life> {
  const whole = { model: 'digits', ...message };
  say(`\n> ${topics.fleetRequest(group, 'model/update')} ${JSON.stringify(whole)}`);
  const announcedAt = performance.now();
  const onAnswer = (answer: Answer) => say(`< ${describe(answer)}`);
  const outcome = await announce({ client, topics, group, message: whole, onAnswer, signal });
  const tookMs = performance.now() - announcedAt;
  const isExpected = outcome.data.state === ends.state && outcome.code === ends.code;
  if (isExpected) return { outcome, tookMs };
  const surprise = `Expected ${ends.state} for version ${version} but received ${describe(outcome)}.`;
  return { outcome, tookMs, surprise };
}

interface ModelEvent {
  readonly type: string;
  readonly version: string | null;
  readonly shadow?: Shadow;
  /** Of a shadow run that was against the version. */
  readonly details?: Shadow;
}

interface Shadow {
  readonly frames: number;
  readonly agreement: number;
  readonly drift: number;
  readonly runMs: { readonly active: number; readonly candidate: number };
}

/** Shows what the gateway tells everyone of its model. */
export async function showEvents(client: BusClient): Promise<void> {
  await client.subscribe(topics.modelEvent('digits'), ({ payload }) => {
    const { type, version, shadow, details }: ModelEvent = JSON.parse(payload.toString());
    say(`! ${type} ${version}${inShadow(shadow ?? details)}`);
  });
}

function inShadow(report: Shadow | undefined): string {
  if (!report) return '';
  const { frames, agreement, drift, runMs } = report;
  const times = `${runMs.candidate.toFixed(1)} ms against ${runMs.active.toFixed(1)} ms`;
  return `: in the shadow it agreed on ${percent(agreement)} of ${frames} frames, scores ${drift.toFixed(3)} apart, ${times}`;
}

function describe({ data, code, error }: Answer): string {
  const { state, phase, version, share } = data;
  const part = share === undefined || share === 0 ? '' : ` ${percent(share)}`;
  const what = [phase ?? state, version].filter(Boolean).join(' ') + part;
  return code === undefined ? what : `${what}: ${error} (${code})`;
}
