import { strayVariables } from '../../config/environment.ts';
import { loadConfig } from '../../config/load.ts';
import type { Problem } from '../../config/problem.ts';
import { schema } from '../../config/schema.ts';
import type { Config } from '../../config/types.ts';
import { planPipelines } from '../../daemon/pipeline-plan.ts';
import { asGatewayError } from '../../errors.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

/** The configuration, where it can be read, and what is wrong with it and with the code of its pipelines. */
export async function checkConfiguration(
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<{ config?: Config; findings: readonly Finding[] }> {
  const stray = strayVariables(schema, env).map((note) =>
    warn('environment', note, 'unset it, or correct its name'),
  );
  try {
    const config = loadConfig({ file, env });
    return {
      config,
      findings: [...stray, ok('configuration', file), ...(await checkPipelines(config, file))],
    };
  } catch (thrown) {
    return { findings: [...stray, ...problemsOf(thrown)] };
  }
}

async function checkPipelines(config: Config, file: string): Promise<Finding[]> {
  try {
    const plans = await planPipelines(config, file);
    return [...plans].map(([name, plan]) =>
      'error' in plan
        ? fail(
            `pipelines.${name}`,
            reasonOf(plan.error),
            'check `use`; packages are looked for beside the file',
          )
        : ok(
            `pipelines.${name}`,
            `${plan.config.use}, mailbox ${plan.config.mailbox ?? plan.definition.mailbox ?? 'latest'}`,
          ),
    );
  } catch (thrown) {
    return problemsOf(thrown);
  }
}

/** @throws what is no error of the configuration. */
function problemsOf(thrown: unknown): Finding[] {
  const error = asGatewayError(thrown, 'PIPELINE_LOAD_FAILED');
  if (error.code !== 'CONFIG_INVALID') throw thrown;
  const problems = error.details?.problems as readonly Problem[] | undefined;
  return (problems ?? []).map(({ path, expected, received, hint, line }) =>
    fail(
      path || 'configuration',
      `Expected ${expected} but received ${received}${line === undefined ? '' : `, line ${line}`}`,
      hint ?? '`edgeward config reference` explains every key',
    ),
  );
}
