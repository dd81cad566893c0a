import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPatchViewer, type PatchViewer } from '../../../src/training/defect/patch-viewer.ts';
import { plate, side } from './parts.ts';

let viewer: PatchViewer;
beforeAll(async () => {
  viewer = await openPatchViewer();
});
afterAll(() => viewer.close());

type Place = readonly [column: number, row: number];

/** A plate, turned or not, with these pixels a fifth darker: less than what its brush leaves. */
async function lines(places: readonly Place[], turned = false): Promise<readonly [number, number]> {
  const pixels = Float32Array.from(plate(7));
  for (const [column, row] of places) pixels[row * side + column] = 0.8 * (pixels[row * side + column] ?? 0);
  const at = (i: number) => pixels[turned ? (i % side) * side + Math.floor(i / side) : i] ?? 0;
  const rgb = Uint8Array.from({ length: 3 * side * side }, (_, i) => at(Math.floor(i / 3)));
  const { lines: [down = 0, across = 0] = [] } = await viewer.look(rgb);
  return [down, across];
}

const rows = Array.from({ length: 60 }, (_, i) => 90 + i);
const straight = rows.map((row): Place => [120, row]);
const bent = rows.map((row): Place => [120 + Math.round(8 * Math.sin((row - 90) / 20)), row]);
const scattered = rows.map((_, i): Place => [(37 * i) % side, (101 * i) % side]);

test('a thin dark line stands out of the brush of a plate, straight or bent, where as many dark pixels do not', async () => {
  const [none] = await lines([]);
  expect((await lines(straight))[0]).toBeGreaterThan(none + 0.3);
  expect((await lines(bent))[0]).toBeGreaterThan(none + 0.3);
  expect((await lines(scattered))[0]).toBeLessThan(none + 0.1);
});

test('lines across are told from lines down', async () => {
  const [down, across] = await lines(straight);
  const [turnedDown, turnedAcross] = await lines(straight, true);
  expect(turnedAcross).toBeCloseTo(down, 3);
  expect(turnedDown).toBeCloseTo(across, 3);
});
