import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../src/compiler/graph-builder.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import { joined, joinOf } from '../../../src/training/defect/join.ts';
import { addJoin } from '../../../src/training/defect/join-graph.ts';
import { floatsOf } from '../../../src/training/net/floats-of.ts';
import { seeded } from '../../../src/training/random.ts';

const random = seeded(4);
/** Three kinds on scales of their own; no part has any of the fourth. */
const good = Array.from({ length: 50 }, () =>
  Float32Array.of(random(), 100 + 20 * random(), -5 + random(), 0),
);
const weights = [0.5, 1, 2, 1];
const middle = [0.5, 110, -4.5, 0] as const;
const withKind = (kind: number, value: number) =>
  Float32Array.from(middle, (usual, i) => (i === kind ? value : usual));

test('what one kind alone finds far beyond the good parts is too much, whatever the others say', () => {
  const join = joinOf({ good, bad: [] }, weights);
  expect(Math.max(...good.map((row) => joined(row, join)))).toBeLessThan(0);
  expect(joined(withKind(1, 160), join)).toBeGreaterThan(0);
  expect(joined(Float32Array.of(0.1, 160, -4.9, 0), join)).toBeGreaterThan(0);
  expect(joined(Float32Array.of(1, 119, -4, 0), join)).toBeGreaterThan(joined(withKind(1, 119), join));
});

test('what a part has less of than most good ones takes nothing from what it has more of', () => {
  const join = joinOf({ good, bad: [] }, weights);
  const strange = joined(withKind(1, 130), join);
  expect(strange - joined(Float32Array.of(-5, 130, -9, 0), join)).toBeLessThan(
    0.5 * (strange - joined(withKind(1, 110), join)),
  );
});

test('bad parts move the threshold, but not so low that more than a tenth of the good ones are refused', () => {
  const bad = [withKind(2, -4.1), withKind(2, -4.05)];
  const join = joinOf({ good, bad }, weights);
  expect(joined(withKind(2, -4.2), joinOf({ good, bad: [] }, weights))).toBeLessThan(
    joined(withKind(2, -4.2), join),
  );
  expect(good.filter((row) => joined(row, join) > 0).length).toBeLessThanOrEqual(5);
});

test('the graph says the same', async () => {
  const join = joinOf({ good, bad: [] }, weights);
  const builder = new GraphBuilder(['evidence']);
  const output = addJoin(builder, 'evidence', join);
  const graph = builder.build({
    name: 'join',
    opsets: { '': 17 },
    inputs: [{ name: 'evidence', type: 'float32', shape: ['N', 4] }],
    outputs: [{ name: output }],
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  const rows = [...good.slice(0, 5), withKind(1, 160)];
  const data = Float32Array.from(rows.flatMap((row) => [...row]));
  const results = await session.run({ evidence: { type: 'float32', dims: [rows.length, 4], data } });
  await session.close();
  for (const [i, row] of rows.entries())
    expect(floatsOf(results, output)[i]).toBeCloseTo(joined(row, join), 3);
});
