import { type Problem, suggest } from '../config/problem.ts';
import type { PipelineDefinition } from './contract.ts';

/**
 * What is wrong with the models that are given to a pipeline: roles that it needs and others that it has not.
 * @param models by role.
 * @param path of the pipeline, as `pipelines.door`.
 */
export function roleProblems(
  definition: Pick<PipelineDefinition, 'name' | 'models'>,
  models: Readonly<Record<string, unknown>>,
  path: string,
): Problem[] {
  const roles = definition.models.map((role) => role.replace(/\?$/, ''));
  const required = definition.models.filter((role) => !role.endsWith('?'));
  const missing = required.filter((role) => models[role] === undefined);
  const unknown = Object.keys(models).filter((role) => !roles.includes(role));
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
