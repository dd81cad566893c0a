import { parseOptions } from '../config/convict.ts';
import { invalidConfig, type Problem } from '../config/problem.ts';
import type { Config, PipelineConfig } from '../config/types.ts';
import { asGatewayError, type GatewayError } from '../errors.ts';
import type { PipelineDefinition } from '../pipelines/contract.ts';
import { loadPipeline } from '../pipelines/load.ts';
import { roleProblems } from '../pipelines/roles.ts';

/** A pipeline of the configuration with its code, or why there is none. */
export type PipelinePlan =
  | { readonly config: PipelineConfig; readonly definition: PipelineDefinition }
  | { readonly config: PipelineConfig; readonly error: GatewayError };

/**
 * Loads the code of every pipeline and checks the configuration against what that code asks for. Code that
 * cannot be loaded costs its own pipeline alone.
 * @param from the configuration file: where packages of plug-ins are looked for.
 * @param onLeak told of what fails behind the back of a plug-in that is loaded.
 * @throws CONFIG_INVALID with every problem of options and roles.
 */
export async function planPipelines(
  config: Config,
  from: string,
  onLeak?: (pipeline: string, error: unknown) => void,
): Promise<Map<string, PipelinePlan>> {
  const problems: Problem[] = [];
  const plans = new Map<string, PipelinePlan>();
  for (const [name, pipeline] of Object.entries(config.pipelines)) {
    const blame = onLeak && ((error: unknown) => onLeak(name, error));
    const load = () => loadPipeline(pipeline.use, from, blame);
    plans.set(name, await plan(name, pipeline, load, problems));
  }
  if (problems.length > 0) throw invalidConfig(problems, from);
  return plans;
}

async function plan(
  name: string,
  config: PipelineConfig,
  load: () => Promise<PipelineDefinition>,
  problems: Problem[],
): Promise<PipelinePlan> {
  let definition: PipelineDefinition;
  try {
    definition = await load();
  } catch (error) {
    return { config, error: asGatewayError(error, 'PIPELINE_LOAD_FAILED') };
  }
  const path = `pipelines.${name}`;
  problems.push(...roleProblems(definition, config.models, path));
  try {
    const options = parseOptions(definition.options ?? {}, config.options, `${path}.options`);
    return { config: { ...config, options }, definition };
  } catch (thrown) {
    const error = asGatewayError(thrown, 'PIPELINE_LOAD_FAILED');
    if (error.code === 'CONFIG_INVALID') problems.push(...((error.details?.problems as Problem[]) ?? []));
    return { config, error };
  }
}
