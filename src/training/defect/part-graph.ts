import type { Graph } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';
import { writeModel } from '../../compiler/onnx/model.ts';
import { openSession } from '../../compiler/runtime.ts';
import type { Calibration } from './calibration.ts';
import { addGrey } from './grey.ts';
import { addJoin } from './join-graph.ts';
import { addLine, grains } from './lines.ts';
import { floatsOf, type Patches, patchNet } from './patch-net.ts';
import { addScoring, operators, type PartModel } from './scoring-graph.ts';
import { startedWith } from './started-with.ts';

const { side, input, fine, coarse } = patchNet;
/** Operator set of all graphs here: that of the patch net. */
const opset = 17;
/** Of the graph of scores alone, beside the patches. */
const line = 'line';
/** What the evidence of a picture is called in the graph, for those who join it with more: see `withMaskNets`. */
export const partEvidence = 'evidence';

/** What a part model says of the patches of one picture: evidence and maps. */
export interface Scorer {
  score(patches: Patches): Promise<{ evidence: Float32Array; maps: Float32Array }>;
  close(): Promise<void>;
}

/** Runs the scoring part of the graph by itself, so that patches need not be made again. */
export async function openScorer(model: PartModel): Promise<Scorer> {
  const builder = new GraphBuilder([fine.output, coarse.output, line]);
  const { evidence, maps } = addScoring(builder, model, line);
  const shapeOf = ({ channels, cells }: typeof fine | typeof coarse) => [channels, cells, cells];
  const graph = builder.build({
    name: 'scoring',
    opsets: { '': opset },
    inputs: [
      ...[fine, coarse].map((each) => ({ name: each.output, shape: ['N', ...shapeOf(each)] })),
      { name: line, shape: ['N', 1] },
    ].map((each) => ({ ...each, type: 'float32' })),
    outputs: [{ name: evidence }, { name: maps }],
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  const along = grains.indexOf(model.grain);
  return {
    async score(patches) {
      const results = await session.run({
        [fine.output]: { type: 'float32', dims: [1, ...shapeOf(fine)], data: patches.fine },
        [coarse.output]: { type: 'float32', dims: [1, ...shapeOf(coarse)], data: patches.coarse },
        [line]: { type: 'float32', dims: [1, 1], data: patches.lines.subarray(along, along + 1) },
      });
      return { evidence: floatsOf(results, evidence), maps: floatsOf(results, maps) };
    },
    close: () => session.close(),
  };
}

/** The whole graph: `image` `[N, 256, 256, 3]` uint8 -> `score` `[N, 1]`, `heatmap` and `local` `[N, 32, 32]` in [0, 1]. */
export function partGraph(
  patchGraph: Graph,
  model: PartModel,
  { picture, patch, local }: Calibration,
): Uint8Array {
  const builder = startedWith(patchGraph, ['score', 'heatmap', 'local', partEvidence]);
  const { add, floats: numbers, whole } = operators(builder);
  const { evidence, maps } = addScoring(builder, model, addLine(builder, addGrey(builder), model.grain));
  builder.add('Identity', [evidence], { output: partEvidence });
  unit(addJoin(builder, evidence, picture), 'score');
  heat(patch, 'heatmap');
  heat(local, 'local');
  return writeModel(
    builder.build({
      name: 'parts',
      opsets: { ...patchGraph.opsets, '': opset },
      inputs: [{ name: input, type: 'uint8', shape: ['N', side, side, 3] }],
      outputs: [
        { name: 'score', type: 'float32', shape: ['N', 1] },
        { name: 'heatmap', type: 'float32', shape: ['N', fine.cells, fine.cells] },
        { name: 'local', type: 'float32', shape: ['N', fine.cells, fine.cells] },
      ],
    }),
  );

  function heat({ weights, bias }: Calibration['patch'], result: string): void {
    const kernel = numbers([1, weights.length, 1, 1], weights);
    const cool = add('Conv', [maps, kernel, numbers([1], [bias])]);
    unit(add('Squeeze', [cool, whole([1])]), result);
  }

  /** See `unitOf`. */
  function unit(value: string, result: string): void {
    const half = numbers([1], [0.5]);
    builder.add('Add', [add('Mul', [add('Softsign', [value]), half]), half], { output: result });
  }
}
