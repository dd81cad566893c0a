import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FieldPart, fieldPart, fieldScales } from '../../../src/training/defect/field-parts.ts';
import { learnFields } from '../../../src/training/defect/fields.ts';
import { greyPart, spoiltPart } from '../../../src/training/defect/grey-parts.ts';
import { type MaskFinder, openMaskFinder } from '../../../src/training/defect/mask-graph.ts';
import { openPatchViewer, type PatchViewer } from '../../../src/training/defect/patch-viewer.ts';
import { learnSpots } from '../../../src/training/defect/spots.ts';
import { plate, type Spot, side } from './parts.ts';

const rgb = (grey: Uint8Array) =>
  Uint8Array.from({ length: grey.length * 3 }, (_, i) => grey[Math.floor(i / 3)] ?? 0);
const good = [1, 2, 3, 4, 5, 6].map((seed) => rgb(plate(seed)));
const spots = [1, 2, 3, 4].map((i) => ({ x: 40 * i, y: 250 - 45 * i, radius: 5 }));
const spotted = spots.map((spot, i) => ({ picture: rgb(plate(21 + i, spot)), mask: discOf(spot) }));
const fields = [40, 60, 80, 100];
const fielded = fields.map((depth, i) => ({ picture: rgb(withField(31 + i, depth)), mask: fieldOf(depth) }));

function discOf({ x, y, radius }: Spot): Float32Array {
  return Float32Array.from({ length: side * side }, (_, i) =>
    Math.hypot((i % side) - x, Math.floor(i / side) - y) < radius ? 1 : 0,
  );
}

/** A plate whose uppermost rows are of another one, which is a good one too. */
function withField(seed: number, depth: number): Uint8Array {
  return Uint8Array.of(...plate(seed + 100).subarray(0, depth * side), ...plate(seed).subarray(depth * side));
}

function fieldOf(depth: number): Float32Array {
  return Float32Array.from({ length: side * side }, (_, i) => (i < depth * side ? 1 : 0));
}

const learnFromSpots = (steps: number) =>
  learnSpots(
    good.map(greyPart),
    spotted.map(({ picture, mask }) => spoiltPart(picture, mask)),
    { seed: 1, steps },
  );

let viewer: PatchViewer;
let finder: MaskFinder;

async function fieldLessons() {
  const pixels = Uint8Array.from(good.flatMap((picture) => [...picture]));
  const labels = new Uint16Array(good.length);
  const all = { count: good.length, width: side, height: side, channels: 3, pixels, labels } as const;
  const scales = await fieldScales(viewer, all);
  const whole: FieldPart[] = [];
  for (const picture of good) whole.push(await fieldPart(viewer, scales, picture));
  const spoilt: FieldPart[] = [];
  for (const { picture, mask } of fielded) spoilt.push(await fieldPart(viewer, scales, picture, mask));
  return { scales, learn: (steps: number) => learnFields(whole, spoilt, { seed: 1, steps }) };
}
let lessons: Awaited<ReturnType<typeof fieldLessons>>;

beforeAll(async () => {
  viewer = await openPatchViewer();
  lessons = await fieldLessons();
  const nets = { spots: [await learnFromSpots(30)], fields: [await lessons.learn(60)] };
  finder = await openMaskFinder({ ...nets, scales: lessons.scales });
}, 180_000);

afterAll(async () => {
  await finder.close();
  await viewer.close();
});

async function cleanOnes() {
  const found = [];
  for (const seed of [101, 102, 103]) found.push(await finder.find(rgb(plate(seed))));
  return found;
}

test('a net learns in a few steps to find spots of ten pixels on parts that it has never seen', async () => {
  const clean = Math.max(...(await cleanOnes()).map(({ evidence: [spot = 0] }) => spot));
  for (const spot of [
    { x: 60, y: 200, radius: 5 },
    { x: 190, y: 70, radius: 5 },
  ]) {
    const { evidence, spots: logits } = await finder.find(rgb(plate(110, spot)));
    expect(evidence[0]).toBeGreaterThan(clean);
    const hottest = logits.indexOf(Math.max(...logits));
    expect(Math.abs((hottest % 32) * 8 + 4 - spot.x)).toBeLessThanOrEqual(12);
    expect(Math.abs(Math.floor(hottest / 32) * 8 + 4 - spot.y)).toBeLessThanOrEqual(12);
  }
}, 60_000);

test('a net learns in a few steps to find fields of a texture that is good elsewhere, and where they end', async () => {
  const clean = Math.max(...(await cleanOnes()).map(({ evidence: [, field = 0] }) => field));
  const { evidence, fields: logits } = await finder.find(rgb(withField(120, 72)));
  expect(evidence[1]).toBeGreaterThan(clean);
  const meanOf = (from: number, to: number) =>
    logits.subarray(from * 32, to * 32).reduce((sum, logit) => sum + logit, 0) / (32 * (to - from));
  expect(meanOf(0, 8)).toBeGreaterThan(meanOf(12, 32) + 1);
}, 60_000);

test('the same seed makes the same nets', async () => {
  for (const learn of [learnFromSpots, lessons.learn]) {
    const [one, other] = [await learn(2), await learn(2)];
    for (const [name, { data }] of one.parameters) expect(other.parameters.get(name)?.data).toEqual(data);
  }
}, 60_000);
