/** What the author of a pipeline imports. */
export type { Schema } from './config/convict-schema.ts';
export type { Entity } from './entity.ts';
export { type Code, GatewayError } from './errors.ts';
export { type Box, Image, type Landmarks, type Point } from './image.ts';
export type { Manifest } from './models/manifest.ts';
export type {
  Cancellation,
  ClassScore,
  Mark,
  Model,
  ModelRef,
  Outputs,
  Tensor,
  Tensors,
} from './models/model.ts';
export {
  type Command,
  type Decision,
  definePipeline,
  type PipelineContext,
  type PipelineDefinition,
  type PipelineInstance,
  pipelineApi,
  type Scope,
} from './pipelines/contract.ts';
export type { Frame } from './pipelines/frame.ts';
