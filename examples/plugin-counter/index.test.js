import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testPipeline } from 'edgeward/testing';
import counter from './index.js';

test('counts each class and tells of a new one once', async () => {
  const says = (label, score) => ({ classes: [{ label, index: 0, score }] });
  const said = [says('dog', 0.9), says('dog', 0.95), says('cat', 0.3)];
  const jpeg = new Uint8Array([0xff, 0xd8, 0xff]);
  const { answers } = await testPipeline(counter, {
    models: { classifier: () => said.shift() ?? says('dog', 0.9) },
    frames: [jpeg, jpeg, jpeg],
    timeoutMs: 500,
  });
  assert.deepEqual(
    answers.map(({ events }) => events.length),
    [1, 0, 0],
  );
  assert.deepEqual(answers[2].state, { dog: 2 });
});

test('counts what a real net sees', async () => {
  const digits = new URL('examples/digits/', import.meta.resolve('edgeward/package.json'));
  const { answers } = await testPipeline(counter, {
    models: { classifier: 'builtin:digits' },
    frames: [await readFile(new URL('7-0.png', digits))],
  });
  assert.deepEqual(answers[0].state, { 7: 1 });
});
