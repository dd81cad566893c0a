import { checkBatch, exampleOf } from './compile-check.ts';
import type { CompileReport } from './compile-report.ts';
import type { Graph, Value } from './graph.ts';
import { floatOperators, optimizedGraph } from './optimized.ts';
import { openSession, type Session } from './runtime.ts';

/** Enough to tell a fast graph from a slow one, little enough not to be noticed. */
const budgetMs = 300;

/**
 * What the runtime says of a compiled graph, and how fast it runs it here.
 * @throws COMPILE_FAILED if a batch is not the same as its rows; MODEL_LOAD_FAILED if the runtime refuses it.
 */
export async function measure(
  graph: Graph,
  file: Uint8Array,
): Promise<Pick<CompileReport, 'inputs' | 'outputs' | 'batch' | 'medianMs' | 'floatProducts'>> {
  const floatProducts = floatOperators(await optimizedGraph(file));
  const session = await openSession(file, { threads: 1 });
  try {
    const free = [...graph.inputs, ...graph.outputs].every(isFree);
    if (free) await checkBatch(session, graph.inputs);
    const { inputs, outputs } = session;
    const medianMs = await timed(session, graph.inputs);
    return { inputs, outputs, batch: free ? 'free' : 'fixed', medianMs, floatProducts };
  } finally {
    await session.close();
  }
}

function isFree({ shape }: Value): boolean {
  return shape !== undefined && shape.length > 0 && typeof shape[0] !== 'number';
}

async function timed(session: Session, inputs: readonly Value[]): Promise<number> {
  const sample = exampleOf(inputs, 1);
  const times: number[] = [];
  const end = performance.now() + budgetMs;
  // The first run makes room and is not like the others.
  await session.run(sample);
  for (let round = 0; round < 3 || (round < 100 && performance.now() < end); round++) {
    const start = performance.now();
    await session.run(sample);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}
