import { writeModel } from '../../compiler/onnx/model.ts';
import { openSession } from '../../compiler/runtime.ts';
import { addGrey } from './grey.ts';
import { addLines } from './lines.ts';
import { floatsOf, type Patches, patchNet, readPatchNet } from './patch-net.ts';
import { startedWith } from './started-with.ts';

/** Looks at pictures, one at a time. */
export interface PatchViewer {
  /** @param pixels `[256, 256, 3]` */
  look(pixels: Uint8Array): Promise<Patches>;
  close(): Promise<void>;
}

export async function openPatchViewer(): Promise<PatchViewer> {
  const { side, input, fine, coarse } = patchNet;
  const patchGraph = await readPatchNet();
  const builder = startedWith(patchGraph);
  const lines = addLines(builder, addGrey(builder));
  const graph = builder.build({
    name: 'patches',
    opsets: patchGraph.opsets,
    inputs: patchGraph.inputs,
    outputs: [fine.output, coarse.output, lines].map((name) => ({ name })),
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  return {
    async look(pixels) {
      const results = await session.run({
        [input]: { type: 'uint8', dims: [1, side, side, 3], data: pixels },
      });
      const of = (name: string) => floatsOf(results, name);
      return { fine: of(fine.output), coarse: of(coarse.output), lines: of(lines) };
    },
    close: () => session.close(),
  };
}
