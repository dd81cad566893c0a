import { join } from 'node:path';
import { expect, it } from 'vitest';
import { npmDigits } from '../../scripts/npm-digits.ts';
import { pick, slice } from '../../src/training/pictures.ts';
import { permutation, seeded } from '../../src/training/random.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { mnistFolder, scratch } from '../training/mnist-files.ts';

const all = npmDigits();
const mixed = pick(all, permutation(all.count, seeded(1)));

it('train, optimize, bundle create and export go on from each other', async () => {
  const data = await mnistFolder({ train: slice(mixed, 0, 2600), t10k: slice(mixed, 3000, 3300) });
  const folder = await scratch();
  const run = join(folder, 'digits');
  const trained = await runProgram(['train', 'mnist', '--data', data, '--out', run, '--epochs', '2']);
  expect(trained).toMatchObject({ code: 0 });
  expect(trained.stderr).toMatch(/^101770 weights, 600 examples, TensorFlow\.js on \w+$/m);
  expect(trained.stderr).toMatch(
    /^epoch 2\/2: loss [\d.]+, accuracy [\d.]+ %, held out loss [\d.]+, accuracy [\d.]+ %$/m,
  );
  expect(trained.stdout).toMatch(/^\| accuracy \| \*\*[\d.]+ %\*\* of 300 \(test\), in float \|$/m);

  const optimized = await runProgram(['optimize', run, '--bound', '2', '--samples', '50', '--json']);
  expect(JSON.parse(optimized.stdout)).toMatchObject({
    bound: 2,
    calibration: 50,
    compiled: { form: 'int8' },
  });

  const out = join(folder, 'digits.bundle');
  const created = await runProgram(['bundle', 'create', run, '--out', out, '--license', 'CC0-1.0']);
  expect(created.stdout).toMatch(/digits\.bundle: \d+ bytes, sha256:/);
  const { stdout } = await runProgram(['bundle', 'inspect', out]);
  expect(stdout).toMatch(/^name +digits 1\.0\.0$/m);
  expect(stdout).toMatch(/^trained +on 600 samples of MNIST, sha256:[0-9a-f]{64}, seed 1$/m);

  const exported = await runProgram(['export', run, '--int8', '--out', join(folder, 'digits.tflite')]);
  expect(exported.stdout).toMatch(/digits\.tflite: \d+ bytes, int8\n$/);
}, 60_000);

it('a run that is broken off goes on after its last whole epoch', async () => {
  const data = await mnistFolder({ train: slice(mixed, 0, 2600), t10k: slice(mixed, 3000, 3300) });
  const args = ['train', 'mnist', '--data', data, '--out', join(await scratch(), 'run'), '--epochs', '15'];
  const { child, ended } = startProgram(args);
  child.stderr.on('data', (text: Buffer) => {
    if (text.includes('epoch 2/15')) child.kill('SIGINT');
  });
  const broken = await ended();
  expect(broken).toMatchObject({ code: 130, stdout: '' });
  expect(broken.stderr).toMatch(/^Stopped\. .*--resume.*$/m);
  const other = await runProgram([...args, '--resume', '--seed', '2']);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('(REQUEST_INVALID)') });
  const resumed = await runProgram([...args, '--resume']);
  expect(resumed).toMatchObject({ code: 0, stderr: expect.stringMatching(/from epoch \d+ on$/m) });
  expect(resumed.stderr).not.toContain('epoch 1/15');
}, 60_000);

it('data that are none, and runs that are none, are told in a line with a code', async () => {
  const folder = await scratch();
  const nothing = await runProgram(['train', 'mnist', '--data', folder, '--out', join(folder, 'run')]);
  expect(nothing).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^edgeward: Expected .* \(DATASET_INVALID\)\n$/),
  });
  const noRun = await runProgram(['optimize', folder]);
  expect(noRun).toMatchObject({ code: 1, stderr: expect.stringMatching(/\(REQUEST_INVALID\)\n$/) });
});
