import { expect, test } from 'vitest';
import { weightsOf } from '../../../src/training/defect/weights.ts';
import { seeded } from '../../../src/training/random.ts';

const random = seeded(1);
const noise = () => random() * 2 - 1;

test('evidence that tells bad parts from good ones counts, what says nothing hardly does', () => {
  const good = Array.from({ length: 200 }, () => [noise(), noise()]);
  const bad = Array.from({ length: 20 }, () => [noise(), 3 + noise()]);
  const [nothing = 0, telling = 0] = weightsOf(good, bad);
  expect(telling).toBeGreaterThan(5 * nothing);
});

test('evidence that is greater for good parts counts nothing rather than against them', () => {
  const good = Array.from({ length: 50 }, () => [3 + noise(), noise()]);
  const bad = Array.from({ length: 50 }, () => [noise(), 3 + noise()]);
  expect(weightsOf(good, bad)[0]).toBe(0);
});
