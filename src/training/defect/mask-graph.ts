import { readModel, writeModel } from '../../compiler/onnx/model.ts';
import { renameValues } from '../../compiler/passes/rewrite.ts';
import { openSession } from '../../compiler/runtime.ts';
import { floatsOf } from '../net/floats-of.ts';
import { addJoin } from './join-graph.ts';
import type { MaskCalibration } from './mask-calibration.ts';
import { addMaskNets, type MaskNets } from './mask-nets.ts';
import { partEvidence } from './part-graph.ts';
import { patchNet, readPatchNet } from './patch-net.ts';
import { operators } from './scoring-graph.ts';
import { startedWith } from './started-with.ts';

/** What nets say of one picture. */
export interface MaskFinder {
  /**
   * @param picture `[256, 256, 3]`
   * @returns the evidence `[3]` (see `addMaskNets`), and logits `[32 * 32]`: above 0 where it is bad
   */
  find(picture: Uint8Array): Promise<{ evidence: Float32Array; spots: Float32Array; fields: Float32Array }>;
  close(): Promise<void>;
}

const { input, side } = patchNet;
const outputs = ['score', 'heatmap', 'local'] as const;

/** Runs nets by themselves. */
export async function openMaskFinder(nets: MaskNets): Promise<MaskFinder> {
  const patchGraph = await readPatchNet();
  const builder = startedWith(patchGraph);
  const values = addMaskNets(builder, nets);
  const graph = builder.build({
    name: 'masks',
    opsets: patchGraph.opsets,
    inputs: patchGraph.inputs,
    outputs: Object.values(values).map((name) => ({ name })),
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  return {
    async find(picture) {
      const results = await session.run({
        [input]: { type: 'uint8', dims: [1, side, side, 3], data: picture },
      });
      return {
        evidence: floatsOf(results, values.evidence),
        spots: floatsOf(results, values.spots),
        fields: floatsOf(results, values.fields),
      };
    },
    close: () => session.close(),
  };
}

/** The graph of a part model (see `partGraph`) with nets beside it: the same inputs and outputs. */
export function withMaskNets(
  partGraph: Uint8Array,
  nets: MaskNets,
  { picture, spot, field }: MaskCalibration,
): Uint8Array {
  const part = readModel(partGraph);
  const of = (output: string) => `part_${output}`;
  const inner = renameValues(part, new Map(outputs.map((name) => [name, of(name)])));
  const builder = startedWith(inner, outputs);
  const { add, floats } = operators(builder);
  const line = (value: string, weight: number, bias: number) =>
    add('Add', [add('Mul', [value, floats([1], [weight])]), floats([1], [bias])]);
  const unit = (value: string, output: string) => {
    const half = floats([1], [0.5]);
    builder.add('Add', [add('Mul', [add('Softsign', [value]), half]), half], { output });
  };
  /** From [0, 1] back to what it was made of: see `unitOf`. */
  const undone = (value: string) => {
    const signed = line(value, 2, -1);
    return add('Div', [signed, line(add('Abs', [signed]), -1, 1)]);
  };

  const { evidence, spots, fields } = addMaskNets(builder, nets);
  const all = add('Concat', [partEvidence, evidence], { axis: { int: 1 } });
  unit(addJoin(builder, all, picture), 'score');
  const seen = add('Max', [line(spots, spot.weight, spot.bias), line(fields, field.weight, field.bias)]);
  for (const name of ['heatmap', 'local']) unit(add('Mean', [seen, undone(of(name))]), name);
  return writeModel(
    builder.build({ name: 'parts', opsets: inner.opsets, inputs: part.inputs, outputs: part.outputs }),
  );
}
