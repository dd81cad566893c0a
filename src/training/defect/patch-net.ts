import { readFile } from 'node:fs/promises';
import type { Graph } from '../../compiler/graph.ts';
import { readModel, writeModel } from '../../compiler/onnx/model.ts';
import { openSession } from '../../compiler/runtime.ts';
import { GatewayError } from '../../errors.ts';
import { type Pictures, pictureAt } from '../pictures.ts';

/** `[N, 256, 256, 3]` uint8 -> `[N, 152, 16, 16]`: what a frozen net says of each patch of 16 × 16 pixels. */
export const patchNet = { side: 256, cells: 16, channels: 152, input: 'image', output: 'patches' } as const;

/** Numbers a picture. */
export const patchNumbers: number = patchNet.channels * patchNet.cells * patchNet.cells;

/** Both `src/training/defect/` and `dist/training/defect/` lie three levels under the root of the package. */
const file = new URL('../../../models/patches/patches.onnx', import.meta.url);

export async function readPatchNet(): Promise<Graph> {
  return readModel(await readFile(file));
}

/**
 * The patches of every picture, `[152, 16, 16]` each.
 * @throws REQUEST_INVALID if the pictures are not of the size that the net takes.
 */
export async function patchesOf(
  pictures: Pictures,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: (done: number) => void } = {},
): Promise<Float32Array[]> {
  const { side, input, output } = patchNet;
  if (pictures.width !== side || pictures.height !== side || pictures.channels !== 3) {
    const { width, height, channels } = pictures;
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected pictures of ${side} × ${side} × 3 for patches but received ${width} × ${height} × ${channels}`,
    );
  }
  const session = await openSession(writeModel(await readPatchNet()), { threads: 2 });
  try {
    const rows: Float32Array[] = [];
    for (let i = 0; i < pictures.count; i++) {
      signal?.throwIfAborted();
      const data = pictureAt(pictures, i);
      const { [output]: patches } = await session.run({
        [input]: { type: 'uint8', dims: [1, side, side, 3], data },
      });
      if (patches?.type !== 'float32') throw new TypeError(`Expected float32 but received ${patches?.type}`);
      rows.push(patches.data);
      onProgress?.(i + 1);
    }
    return rows;
  } finally {
    await session.close();
  }
}
