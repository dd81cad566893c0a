import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../src/compiler/graph-builder.ts';
import { writeModel } from '../../src/compiler/onnx/model.ts';
import { openSession } from '../../src/compiler/runtime.ts';

const doubling = (() => {
  const builder = new GraphBuilder();
  const two = builder.constant('two', { type: 'float32', dims: [], data: Float32Array.of(2) });
  builder.add('Mul', ['x', two], { output: 'y' });
  const value = { type: 'float32', shape: ['N', 2] } as const;
  return writeModel(
    builder.build({
      name: 'doubling',
      opsets: { '': 17 },
      inputs: [{ name: 'x', ...value }],
      outputs: [{ name: 'y', ...value }],
    }),
  );
})();

it('a session says what it takes and gives, and runs batches of any size', async () => {
  const session = await openSession(doubling, { threads: 1 });
  expect(session.inputNames).toEqual(['x']);
  expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['N', 2] }]);
  expect(session.outputs).toEqual([{ name: 'y', type: 'float32', shape: ['N', 2] }]);
  for (const batch of [1, 3]) {
    const data = Float32Array.from({ length: batch * 2 }, (_, i) => i);
    const { y } = await session.run({ x: { type: 'float32', dims: [batch, 2], data } });
    expect(y).toEqual({ type: 'float32', dims: [batch, 2], data: data.map((x) => x * 2) });
  }
  await session.close();
});

it('bytes that are no graph are refused with a code', async () => {
  await expect(openSession(Buffer.from('no graph'), { threads: 1 })).rejects.toMatchObject({
    code: 'MODEL_LOAD_FAILED',
    message: expect.stringContaining('Expected an ONNX graph'),
  });
});

it('feeds that do not fit are refused and the session goes on', async () => {
  const session = await openSession(doubling, { threads: 1 });
  const data = Float32Array.of(1, 2, 3);
  await expect(session.run({ x: { type: 'float32', dims: [1, 3], data } })).rejects.toThrow('dimensions');
  await expect(session.run({})).rejects.toThrow("'x'");
  const good = await session.run({ x: { type: 'float32', dims: [1, 2], data: data.slice(1) } });
  expect(good.y?.data).toEqual(Float32Array.of(4, 6));
  await session.close();
});

it.runIf(process.platform === 'linux')('the native library is not loaded before the first session', () => {
  const entry = new URL('../../dist/compiler/runtime.js', import.meta.url).href;
  const script = `
    const { readFileSync } = await import('node:fs');
    const loaded = () => readFileSync('/proc/self/maps', 'utf8').includes('onnxruntime');
    const { openSession } = await import(${JSON.stringify(entry)});
    const before = loaded();
    await openSession(new Uint8Array(), { threads: 1 }).catch(() => {});
    console.log(before, loaded());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stdout.trim()).toBe('false true');
});
