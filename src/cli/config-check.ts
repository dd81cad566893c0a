import { resolve } from 'node:path';
import { strayVariables } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import { schema } from '../config/schema.ts';
import type { Config } from '../config/types.ts';
import { planPipelines } from '../daemon/pipeline-plan.ts';
import { GatewayError } from '../errors.ts';

export interface Outcome {
  readonly report: {
    readonly ok: boolean;
    readonly file: string | null;
    readonly problems: readonly Problem[];
    /** What does not keep the gateway from starting, but is hardly meant. */
    readonly notes: readonly string[];
  };
  /** The same for people. */
  readonly text: string;
}

/** What `edgeward run` would say of a configuration, the options of its pipelines included. */
export async function checkConfig(file: string | undefined): Promise<Outcome> {
  const notes = strayVariables(schema, process.env);
  const place = { file: file ?? null };
  try {
    const config = loadConfig({ file, env: process.env });
    const plans = await planPipelines(config, resolve(file ?? 'environment'));
    for (const [name, plan] of plans) {
      if ('error' in plan) notes.push(`pipelines.${name} will not run: ${plan.error.message}`);
    }
    return { report: { ok: true, ...place, problems: [], notes }, text: summary(config, file) };
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'CONFIG_INVALID')) throw error;
    const problems = error.details?.problems as readonly Problem[];
    return { report: { ok: false, ...place, problems, notes }, text: error.message };
  }
}

function summary(config: Config, file = 'The environment'): string {
  const counts = (['models', 'sources', 'pipelines'] as const).map((kind) => {
    const count = Object.keys(config[kind]).length;
    return `${count} ${count === 1 ? kind.slice(0, -1) : kind}`;
  });
  return `${file} is right: ${counts.join(', ')}.`;
}
