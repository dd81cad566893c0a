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

function describe({ data, code, error }: Answer): string {
  const { state, phase, version, share } = data;
  const part = share === undefined || share === 0 ? '' : ` ${percent(share)}`;
  const what = [phase ?? state, version].filter(Boolean).join(' ') + part;
  return code === undefined ? what : `${what}: ${error} (${code})`;
}
