import type { Graph } from '../graph.ts';
import { writeModel } from '../onnx/model.ts';
import { floatOperators, optimizedGraph } from '../optimized.ts';
import { planQuantization } from './plan.ts';
import type { Candidate, Way } from './search.ts';
import type { Sensitivity } from './sensitivity.ts';

export interface QuantizationReport extends Way {
  readonly chosen: 'int8' | 'float';
  /** Why, in a sentence. */
  readonly reason: string;
  /** Of each output of the int8 graph, dB. */
  readonly sqnrDb: Readonly<Record<string, number>>;
  /** Of every way that was tried the least ratio over the outputs, dB. */
  readonly tried: readonly { readonly way: string; readonly sqnrDb: number }[];
  readonly quality?: { readonly float: number; readonly int8: number };
  /** Operators that compute in float in the int8 graph, and why. */
  readonly floatOperators: readonly FloatOperator[];
  /** Products that the runtime computes in float after its own rewriting, on this machine. */
  readonly floatProducts: readonly string[];
  /** From the most costly; empty where it was not measured. */
  readonly sensitivity: readonly Sensitivity[];
  /** Sizes of the files. */
  readonly bytes: { readonly float: number; readonly int8: number };
  /** Of one run on one thread with one sample, ms. */
  readonly medianMs: { readonly float: number; readonly int8: number };
}

export interface FloatOperator {
  readonly op: string;
  /** Its first output. */
  readonly name: string;
  readonly why: string;
}

export function floatOperatorsOf({ graph, options }: Candidate, float: readonly string[]): FloatOperator[] {
  const { left } = planQuantization(graph, { ...options, float: new Set(float) });
  return [...left].map(([node, why]) => ({ op: node.op, name: node.outputs[0] ?? '', why }));
}

/** What the runtime makes of the graph: products that it would compute in float. */
export async function floatProductsOf(graph: Graph): Promise<string[]> {
  return floatOperators(await optimizedGraph(writeModel(graph)));
}
