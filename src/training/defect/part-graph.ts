import type { Graph } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';
import { writeModel } from '../../compiler/onnx/model.ts';
import { openSession, type Session } from '../../compiler/runtime.ts';
import type { Calibration } from './calibration.ts';
import { patchNet } from './patch-net.ts';
import { addScoring, operators, type PartModel } from './scoring-graph.ts';

const { cells, channels, side, input, output } = patchNet;
/** Sides of the heatmap: twice the cells, drawn smoothly. */
const heatmapSide = 32;
/** Operator set of all graphs here: that of the patch net. */
const opset = 17;

/** What a part model says of patches: `[152, 16, 16]` of one picture in, evidence and maps out. */
export interface Scorer {
  score(patches: Float32Array): Promise<{ evidence: Float32Array; maps: Float32Array }>;
  close(): Promise<void>;
}

/** Runs the scoring part of the graph by itself, so that patches need not be made again. */
export async function openScorer(model: PartModel): Promise<Scorer> {
  const builder = new GraphBuilder([output]);
  const { evidence, maps } = addScoring(builder, output, model);
  const graph = builder.build({
    name: 'scoring',
    opsets: { '': opset },
    inputs: [{ name: output, type: 'float32', shape: ['N', channels, cells, cells] }],
    outputs: [{ name: evidence }, { name: maps }],
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  return {
    async score(patches) {
      const results = await session.run({
        [output]: { type: 'float32', dims: [1, channels, cells, cells], data: patches },
      });
      return { evidence: floats(results, evidence), maps: floats(results, maps) };
    },
    close: () => session.close(),
  };
}

function floats(results: Awaited<ReturnType<Session['run']>>, name: string): Float32Array {
  const found = results[name];
  if (found?.type !== 'float32')
    throw new TypeError(`Expected float32 for ${name} but received ${found?.type}`);
  return found.data;
}

/** The whole graph: `image` `[N, 256, 256, 3]` uint8 -> `score` `[N, 1]`, `heatmap` and `local` `[N, 32, 32]` in [0, 1]. */
export function partGraph(
  patchGraph: Graph,
  model: PartModel,
  { picture, patch, local }: Calibration,
): Uint8Array {
  const taken = [
    ...patchGraph.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
    'score',
    'heatmap',
    'local',
    input,
  ];
  const builder = new GraphBuilder(taken);
  for (const [name, tensor] of patchGraph.initializers) builder.constant(name, tensor);
  for (const node of patchGraph.nodes) builder.push(node);
  const { add, floats: numbers, whole } = operators(builder);
  const { evidence, maps } = addScoring(builder, output, model);
  const logit = add('Gemm', [
    evidence,
    numbers([picture.weights.length, 1], picture.weights),
    numbers([1], [picture.bias]),
  ]);
  unit(logit, 'score');
  heat(patch, 'heatmap');
  heat(local, 'local');
  return writeModel(
    builder.build({
      name: 'parts',
      opsets: { ...patchGraph.opsets, '': opset },
      inputs: [{ name: input, type: 'uint8', shape: ['N', side, side, 3] }],
      outputs: [
        { name: 'score', type: 'float32', shape: ['N', 1] },
        { name: 'heatmap', type: 'float32', shape: ['N', heatmapSide, heatmapSide] },
        { name: 'local', type: 'float32', shape: ['N', heatmapSide, heatmapSide] },
      ],
    }),
  );

  function heat({ weights, bias }: Calibration['patch'], result: string): void {
    const kernel = numbers([1, weights.length, 1, 1], weights);
    const cool = add('Conv', [maps, kernel, numbers([1], [bias])]);
    const scales = numbers([4], [1, 1, heatmapSide / cells, heatmapSide / cells]);
    const larger = add('Resize', [cool, '', scales], {
      mode: { string: 'linear' },
      coordinate_transformation_mode: { string: 'half_pixel' },
    });
    unit(add('Squeeze', [larger, whole([1])]), result);
  }

  /** See `unitOf`. */
  function unit(value: string, result: string): void {
    const half = numbers([1], [0.5]);
    builder.add('Add', [add('Mul', [add('Softsign', [value]), half]), half], { output: result });
  }
}
