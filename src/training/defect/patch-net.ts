import { readFile } from 'node:fs/promises';
import type { Graph } from '../../compiler/graph.ts';
import { readModel, writeModel } from '../../compiler/onnx/model.ts';
import { openSession, type Session } from '../../compiler/runtime.ts';

/**
 * `[N, 256, 256, 3]` uint8 -> what a frozen net says of each patch of a picture, at two strides: `fine`
 * `[N, 64, 32, 32]` and `coarse` `[N, 152, 16, 16]`.
 */
export const patchNet = {
  side: 256,
  input: 'image',
  fine: { output: 'fine', channels: 64, cells: 32 },
  coarse: { output: 'coarse', channels: 152, cells: 16 },
} as const;

/** What the net says of one picture: `[64, 32, 32]` and `[152, 16, 16]`. */
export interface Patches {
  readonly fine: Float32Array;
  readonly coarse: Float32Array;
}

/** Looks at pictures, one at a time. */
export interface PatchViewer {
  /** @param pixels `[256, 256, 3]` */
  look(pixels: Uint8Array): Promise<Patches>;
  close(): Promise<void>;
}

/** Both `src/training/defect/` and `dist/training/defect/` lie three levels under the root of the package. */
const file = new URL('../../../models/patches/patches.onnx', import.meta.url);

export async function readPatchNet(): Promise<Graph> {
  return readModel(await readFile(file));
}

export async function openPatchViewer(): Promise<PatchViewer> {
  const { side, input, fine, coarse } = patchNet;
  const session = await openSession(writeModel(await readPatchNet()), { threads: 1 });
  return {
    async look(pixels) {
      const results = await session.run({
        [input]: { type: 'uint8', dims: [1, side, side, 3], data: pixels },
      });
      return { fine: floatsOf(results, fine.output), coarse: floatsOf(results, coarse.output) };
    },
    close: () => session.close(),
  };
}

/** @throws TypeError if the net gives something else under this name. */
export function floatsOf(results: Awaited<ReturnType<Session['run']>>, name: string): Float32Array {
  const found = results[name];
  if (found?.type !== 'float32')
    throw new TypeError(`Expected float32 for ${name} but received ${found?.type}`);
  return found.data;
}
