export type { Catalogue } from './catalogue.ts';
export { ModelRepository, type ModelRepositoryOptions } from './model-repository.ts';
export type { Release } from './release.ts';
