export { ModelRepository, type ModelRepositoryOptions } from './model-repository.ts';
export type { Release } from './release.ts';
