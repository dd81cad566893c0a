import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from './graph.ts';
import { readModel } from './onnx/model.ts';
import { openSession } from './runtime.ts';

/** The graph that the runtime makes of an ONNX file on this machine: what it really runs. */
export async function optimizedGraph(file: Uint8Array): Promise<Graph> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-graph-'));
  try {
    const optimizedPath = join(folder, 'optimized.onnx');
    const session = await openSession(file, { threads: 1, optimizedPath });
    await session.close();
    return readModel(await readFile(optimizedPath));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Operators that multiply floats by weights, also under the names that the runtime gives them when it fuses. */
const floatOps = new Set(['Conv', 'FusedConv', 'FusedGemm', 'FusedMatMul', 'Gemm', 'MatMul']);

/**
 * Names of the nodes that still multiply in float. After `quantize` there should be none: the runtime falls
 * back silently, and such a graph is slower than the one it was made from.
 */
export function floatOperators(optimized: Graph): string[] {
  return optimized.nodes.filter(({ op }) => floatOps.has(op)).map(({ op, name }) => `${op} ${name}`);
}
