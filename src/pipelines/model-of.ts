import { GatewayError } from '../errors.ts';
import type { Model } from '../models/model.ts';

/** The model of a role that the pipeline cannot do without. @throws PIPELINE_FAILED */
export function modelOf(models: Readonly<Record<string, Model>>, role: string): Model {
  const model = models[role];
  if (model) return model;
  throw new GatewayError('PIPELINE_FAILED', `Expected a model for role ${role} but received none`);
}
