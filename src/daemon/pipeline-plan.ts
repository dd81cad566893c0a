import { parseOptions } from '../config/convict.ts';
import { invalidConfig, type Problem, suggest } from '../config/problem.ts';
import type { Config, PipelineConfig } from '../config/types.ts';
import { asGatewayError, type GatewayError } from '../errors.ts';
import type { PipelineDefinition } from '../pipelines/contract.ts';
import { loadPipeline } from '../pipelines/load.ts';

/** A pipeline of the configuration with its code, or why there is none. */
export type PipelinePlan =
  | { readonly config: PipelineConfig; readonly definition: PipelineDefinition }
  | { readonly config: PipelineConfig; readonly error: GatewayError };

/**
 * Loads the code of every pipeline and checks the configuration against what that code asks for. Code that
 * cannot be loaded costs its own pipeline alone.
 * @param from the configuration file: where packages of plug-ins are looked for.
 * @throws CONFIG_INVALID with every problem of options and roles.
 */
export async function planPipelines(config: Config, from: string): Promise<Map<string, PipelinePlan>> {
  const problems: Problem[] = [];
  const plans = new Map<string, PipelinePlan>();
  for (const [name, pipeline] of Object.entries(config.pipelines)) {
    plans.set(name, await plan(name, pipeline, from, problems));
  }
  if (problems.length > 0) throw invalidConfig(problems, from);
  return plans;
}

async function plan(
  name: string,
  config: PipelineConfig,
  from: string,
  problems: Problem[],
): Promise<PipelinePlan> {
  let definition: PipelineDefinition;
  try {
    definition = await loadPipeline(config.use, from);
  } catch (error) {
    return { config, error: asGatewayError(error, 'PIPELINE_LOAD_FAILED') };
  }
  const path = `pipelines.${name}`;
  problems.push(...roleProblems(definition, config, path));
  try {
    const options = parseOptions(definition.options ?? {}, config.options, `${path}.options`);
    return { config: { ...config, options }, definition };
  } catch (thrown) {
    const error = asGatewayError(thrown, 'PIPELINE_LOAD_FAILED');
    if (error.code === 'CONFIG_INVALID') problems.push(...((error.details?.problems as Problem[]) ?? []));
    return { config, error };
  }
}

function roleProblems(definition: PipelineDefinition, config: PipelineConfig, path: string): Problem[] {
  const roles = definition.models.map((role) => role.replace(/\?$/, ''));
  const required = definition.models.filter((role) => !role.endsWith('?'));
  const missing = required.filter((role) => config.models[role] === undefined);
  const unknown = Object.keys(config.models).filter((role) => !roles.includes(role));
  return [
    ...missing.map((role) => ({
      path: `${path}.models.${role}`,
      expected: 'the name of a model',
      received: 'nothing',
    })),
    ...unknown.map((role) => ({
      path: `${path}.models.${role}`,
      expected: `a role of ${definition.name}`,
      received: JSON.stringify(role),
      hint: suggest(role, roles),
    })),
  ];
}
