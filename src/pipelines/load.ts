import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { resolve as resolveModule } from 'import-meta-resolve';
import { nearest } from '../config/problem.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import { type PipelineDefinition, pipelineApi } from './contract.ts';
import { answerFor, type Blame } from './culprit.ts';

const builtins: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  classify: () => import('./builtin/classify.ts'),
  defect: () => import('./builtin/defect.ts'),
  detect: () => import('./builtin/detect.ts'),
  presence: () => import('./builtin/presence.ts'),
  sensor: () => import('./builtin/sensor.ts'),
};

export function isBuiltin(use: string): boolean {
  return Object.hasOwn(builtins, use);
}

/**
 * The definition that `use` names: a built-in, the absolute path of a module, or an npm package that is
 * installed beside the configuration file (`from`) or beside edgeward.
 * @param onLeak told of what fails later of all that the code of a plug-in began when it was loaded.
 * @throws PIPELINE_LOAD_FAILED, PIPELINE_API_MISMATCH
 */
export async function loadPipeline(use: string, from: string, onLeak?: Blame): Promise<PipelineDefinition> {
  const load = () => importPipeline(use, from);
  try {
    const { default: definition } = await (onLeak && !isBuiltin(use) ? answerFor(onLeak, load) : load());
    return checkDefinition(definition, use);
  } catch (error) {
    throw asGatewayError(error, 'PIPELINE_LOAD_FAILED');
  }
}

async function importPipeline(use: string, from: string): Promise<{ default?: unknown }> {
  const builtin = builtins[use];
  if (builtin) return builtin();
  if (isAbsolute(use)) return import(pathToFileURL(use).href);
  return import(resolvePackage(use, from));
}

/** Beside the configuration, else beside edgeward. @throws PIPELINE_LOAD_FAILED if it is in neither place. */
function resolvePackage(use: string, from: string): string {
  for (const place of [pathToFileURL(from).href, import.meta.url]) {
    try {
      return resolveModule(use, place);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const known = Object.keys(builtins);
  const meant = nearest(use, known);
  const hint = meant ? `did you mean ${meant}?` : `built in are ${known.join(', ')}`;
  const text = `Expected a pipeline or an installed npm package for use but received ${use} (${hint})`;
  throw new GatewayError('PIPELINE_LOAD_FAILED', text);
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

/**
 * @param use what the definition came by, for people.
 * @throws PIPELINE_LOAD_FAILED, PIPELINE_API_MISMATCH
 */
export function checkDefinition(definition: unknown, use: string): PipelineDefinition {
  if (typeof definition !== 'object' || definition === null || !('api' in definition)) {
    throw new GatewayError(
      'PIPELINE_LOAD_FAILED',
      `Expected a pipeline as the default export of ${use} but received ${typeof definition}`,
    );
  }
  if (definition.api !== pipelineApi) {
    throw new GatewayError(
      'PIPELINE_API_MISMATCH',
      `Expected a pipeline of api ${pipelineApi} for ${use} but received ${String(definition.api)}`,
    );
  }
  if (!('create' in definition && typeof definition.create === 'function')) {
    throw new GatewayError('PIPELINE_LOAD_FAILED', `Expected a function create of ${use} but received none`);
  }
  if (!('models' in definition && Array.isArray(definition.models))) {
    throw new GatewayError('PIPELINE_LOAD_FAILED', `Expected a list models of ${use} but received none`);
  }
  return definition as PipelineDefinition;
}
