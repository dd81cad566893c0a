import { expect, test } from 'vitest';
import { greyPart, spoiltPart } from '../../../src/training/defect/grey-parts.ts';
import { openSpotFinder } from '../../../src/training/defect/spot-graph.ts';
import { learnSpots } from '../../../src/training/defect/spots.ts';
import { plate, type Spot, side } from './parts.ts';

const rgb = (grey: Uint8Array) =>
  Uint8Array.from({ length: grey.length * 3 }, (_, i) => grey[Math.floor(i / 3)] ?? 0);
const good = [1, 2, 3, 4, 5, 6].map((seed) => rgb(plate(seed)));
const marked = [1, 2, 3, 4].map((i) => {
  const spot = { x: 40 * i, y: 250 - 45 * i, radius: 5 };
  return { picture: rgb(plate(20 + i, spot)), mask: discOf(spot) };
});

function discOf({ x, y, radius }: Spot): Float32Array {
  return Float32Array.from({ length: side * side }, (_, i) =>
    Math.hypot((i % side) - x, Math.floor(i / side) - y) < radius ? 1 : 0,
  );
}

const learn = (steps: number) =>
  learnSpots(
    good.map(greyPart),
    marked.map(({ picture, mask }) => spoiltPart(picture, mask)),
    { seed: 1, steps },
  );

test('a net learns in a few steps to find spots of ten pixels on parts that it has never seen', async () => {
  const finder = await openSpotFinder([await learn(30)]);
  const clean: number[] = [];
  for (const seed of [101, 102, 103]) clean.push(Math.max(...(await finder.find(rgb(plate(seed))))));
  for (const spot of [
    { x: 60, y: 200, radius: 5 },
    { x: 190, y: 70, radius: 5 },
  ]) {
    const logits = await finder.find(rgb(plate(110, spot)));
    expect(Math.max(...logits)).toBeGreaterThan(Math.max(...clean));
    const hottest = logits.indexOf(Math.max(...logits));
    expect(Math.abs((hottest % 32) * 8 + 4 - spot.x)).toBeLessThanOrEqual(12);
    expect(Math.abs(Math.floor(hottest / 32) * 8 + 4 - spot.y)).toBeLessThanOrEqual(12);
  }
  await finder.close();
}, 180_000);

test('the same seed makes the same net', async () => {
  const [one, other] = [await learn(2), await learn(2)];
  for (const [name, { data }] of one.parameters) expect(other.parameters.get(name)?.data).toEqual(data);
}, 60_000);
