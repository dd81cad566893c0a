import { AssertionError } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { parseOptions } from '../config/convict.ts';
import { invalidConfig } from '../config/problem.ts';
import { type Entity, entityFaults } from '../entity.ts';
import { createLog } from '../log.ts';
import type { Model } from '../models/model.ts';
import type { PipelineDefinition } from '../pipelines/contract.ts';
import { culprit } from '../pipelines/culprit.ts';
import { checkDefinition } from '../pipelines/load.ts';
import { roleProblems } from '../pipelines/roles.ts';
import { decisionFaults } from './contract-faults.ts';
import { FaultyModels } from './faulty-models.ts';
import { startModels, type TestModel } from './test-models.ts';
import { type Answer, type TestFrame, Trial, type TrialOptions } from './trial.ts';

export interface TestOptions {
  /** What the pipeline is to be tried on, in this order; at least one. */
  readonly frames: readonly (Uint8Array | TestFrame)[];
  /** By role. */
  readonly models?: Readonly<Record<string, TestModel>>;
  /** As under `options` of the configuration; what is missing has its default. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The deadline of a frame, ms. Default 1000. Each role costs the test one of it: the model that hangs. */
  readonly timeoutMs?: number;
}

export interface TestReport {
  /** One a frame, in the order in which they left. */
  readonly answers: readonly Answer[];
  readonly entities: readonly Entity[];
}

/**
 * Runs a pipeline as the gateway would: first on the frames, all at once; then on one of them while each model in
 * turn fails and hangs, on a message that is no frame of its kind, and on a good frame again.
 * Resolves with the answers to the frames, for the test to look at.
 * @throws AssertionError with everything that breaks the contract: what is no JSON, events and entities that
 * nobody can read, promises that fail behind its back, frames that are not judged any more after a failure,
 * a `close` that throws or does not end. CONFIG_INVALID for wrong options and roles. PIPELINE_LOAD_FAILED.
 */
export async function testPipeline<Options>(
  plugIn: PipelineDefinition<Options>,
  { frames, models = {}, options = {}, timeoutMs = 1_000 }: TestOptions,
): Promise<TestReport> {
  const definition = checkDefinition(plugIn, 'the test');
  const problems = roleProblems(definition, models, definition.name);
  if (problems.length > 0) throw invalidConfig(problems, 'the test');
  const parsed = parseOptions(definition.options ?? {}, options, 'options');
  const log = await createLog({ level: 'silent', format: 'json' });
  const stateDir = await mkdtemp(join(tmpdir(), 'edgeward-plug-in-'));
  const started = await startModels(models, log);
  const endWatch = watchLeaks();
  try {
    const messages = frames.map((frame) => (frame instanceof Uint8Array ? { payload: frame } : frame));
    const trial = { definition, options: parsed, timeoutMs, stateDir, log };
    const { report, faults } = await judgeFrames({ ...trial, models: started.models }, messages);
    const drilled = await drill(trial, started.models, messages[0], report.answers[0]);
    const all = [...new Set([...faults, ...drilled])];
    if (all.length > 0) throw new AssertionError({ message: [definition.name, ...all].join('\n  ') });
    return report;
  } finally {
    endWatch();
    await started.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function judgeFrames(
  options: TrialOptions,
  messages: readonly TestFrame[],
): Promise<{ report: TestReport; faults: string[] }> {
  const trial = new Trial(options);
  await trial.start();
  const answers = await trial.send(messages);
  const entities = trial.entities;
  const faults = answers.flatMap((answer) =>
    answer.error ? [] : decisionFaults(answer, entities).map((fault) => `frame ${answer.frame.id}: ${fault}`),
  );
  const ended = await end(trial, options.timeoutMs);
  const shown = entities.flatMap((entity, i) => entityFaults(entity, entities.slice(0, i)));
  return { report: { answers, entities }, faults: [...faults, ...shown, ...ended] };
}

/** What goes wrong around a pipeline must not become its own: it answers, and judges the next good frame. */
async function drill(
  options: Omit<TrialOptions, 'models'>,
  models: Readonly<Record<string, Model>>,
  good: TestFrame | undefined,
  expected: Answer | undefined,
): Promise<string[]> {
  if (!good) return ['Expected at least one frame to try the pipeline on'];
  const faulty = new FaultyModels(models);
  const trial = new Trial({ ...options, models: faulty.models });
  await trial.start();
  for (const role of Object.keys(models)) {
    for (const kind of ['throws', 'hangs'] as const) {
      faulty.fault = { role, kind };
      await trial.send([good]);
    }
  }
  faulty.fault = undefined;
  const { source } = good;
  await trial.send([{ payload: 'no frame', contentType: 'text/plain', ...(source && { source }) }]);
  const [again] = await trial.send([good]);
  const lost = !expected?.error && again?.error;
  const faults = lost
    ? [`Expected a result after models failed but received ${lost.code}: ${lost.message}`]
    : [];
  return [...faults, ...(await end(trial, options.timeoutMs))];
}

/** Ends a trial, and tells what it left behind. */
async function end(trial: Trial, timeoutMs: number): Promise<string[]> {
  // What failed just now is told in the next turn of the event loop.
  await turn();
  const late = new AbortController();
  const patience = delay(timeoutMs, `Expected close to end within ${timeoutMs} ms`, {
    signal: late.signal,
  }).catch(() => undefined);
  const closed = trial.stop().then(
    () => undefined,
    (error) => `Expected close to end but it threw: ${error instanceof Error ? error.message : error}`,
  );
  const fault = await Promise.race([closed, patience]);
  late.abort();
  const leaks = trial.errors.filter(({ code }) => code === 'PIPELINE_LEAKED');
  return [...(fault ? [fault] : []), ...leaks.map(({ code, message }) => `${code}: ${message}`)];
}

/** Promises that fail behind a pipeline's back are told as its own while this lasts. Returns how to end it. */
function watchLeaks(): () => void {
  const tell = (reason: unknown) => culprit()?.(reason);
  process.on('unhandledRejection', tell);
  return () => process.off('unhandledRejection', tell);
}
