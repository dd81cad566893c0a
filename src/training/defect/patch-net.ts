import { readFile } from 'node:fs/promises';
import type { Graph } from '../../compiler/graph.ts';
import { readModel } from '../../compiler/onnx/model.ts';
import type { Session } from '../../compiler/runtime.ts';

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

/** What is seen of one picture. */
export interface Patches {
  /** `[64, 32, 32]` */
  readonly fine: Float32Array;
  /** `[152, 16, 16]` */
  readonly coarse: Float32Array;
  /** `[2]`: see `addLines`. */
  readonly lines: Float32Array;
}

/** Both `src/training/defect/` and `dist/training/defect/` lie three levels under the root of the package. */
const file = new URL('../../../models/patches/patches.onnx', import.meta.url);

export async function readPatchNet(): Promise<Graph> {
  return readModel(await readFile(file));
}

/** @throws TypeError if the net gives something else under this name. */
export function floatsOf(results: Awaited<ReturnType<Session['run']>>, name: string): Float32Array {
  const found = results[name];
  if (found?.type !== 'float32')
    throw new TypeError(`Expected float32 for ${name} but received ${found?.type}`);
  return found.data;
}
