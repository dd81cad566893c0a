export type { Catalogue, Query } from './catalogue.ts';
export {
  type DownloadOptions,
  ModelRepository,
  type ModelRepositoryOptions,
} from './model-repository.ts';
export type { Channel, Release } from './release.ts';
