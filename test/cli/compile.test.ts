import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../src/compiler/runtime.ts';
import { strides, weight } from '../compiler/tfjs/case.ts';
import { attr, Net, noise } from '../compiler/tfjs/models.ts';
import { runProgram } from '../support/program.ts';

/** A small net of pictures as a `model.json`, in a folder of its own. */
async function pictureNet(op = 'Relu'): Promise<string> {
  const net = new Net();
  const x = net.input('pixels', [-1, 16, 16, 3]);
  const convolved = net.add('Conv2D', [x, net.constant(weight([3, 3, 3, 8]))], {
    strides: strides(2),
    dilations: strides(1),
    padding: attr.text('SAME'),
  });
  const flat = net.add('Reshape', [net.add(op, [convolved]), net.ints(-1, 512)]);
  return net.save([net.add('MatMul', [flat, net.constant(weight([512, 4]))])]);
}

async function signalNet(): Promise<string> {
  const net = new Net();
  const hidden = net.add('MatMul', [net.input('x', [-1, 6]), net.constant(weight([6, 16]))]);
  return net.save([net.add('MatMul', [net.add('Relu', [hidden]), net.constant(weight([16, 2]))])]);
}

async function photographs(folder: string): Promise<string> {
  const path = join(folder, 'photos');
  await mkdir(path);
  for (let i = 0; i < 8; i++) {
    const data = Uint8Array.from(noise([20 * 20 * 3], i), (each) => 128 + 127 * each);
    const picture = sharp(data, { raw: { width: 20, height: 20, channels: 3 } });
    await picture.jpeg().toFile(join(path, `${i}.jpg`));
  }
  return path;
}

describe('edgeward compile', () => {
  it('writes a graph beside the model, which takes the bytes of pictures, and tells people of it', async () => {
    const path = await pictureNet();
    const out = `${dirname(path)}.edge.onnx`;
    const { code, stdout, stderr } = await runProgram(['compile', dirname(path), '--scale', '1/255']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^model +${out}$`, 'm'));
    expect(stdout).toMatch(/^source +TensorFlow\.js graph model$/m);
    expect(stdout).toMatch(/^form +float32$/m);
    expect(stdout).toMatch(/^input +pixels: uint8 \[N, 16, 16, 3\]$/m);
    expect(stdout).toMatch(/^batch +any size$/m);
    const session = await openSession(await readFile(out), { threads: 1 });
    const dims = [2, 16, 16, 3];
    const { y0 } = await session.run({ pixels: { type: 'uint8', dims, data: new Uint8Array(2 * 768) } });
    await session.close();
    expect(y0?.dims).toEqual([2, 4]);
  });

  it('quantizes with pictures, and reports each layer to programs', async () => {
    const path = await pictureNet();
    const folder = dirname(path);
    const out = join(folder, 'net.onnx');
    const args = ['--scale', '1/255', '-c', await photographs(folder), '--report', '--json', '-o', out];
    const { code, stdout, stderr } = await runProgram(['compile', path, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trimEnd()).not.toContain('\n');
    const { out: written, ...report } = JSON.parse(stdout);
    expect(written).toBe(out);
    expect(JSON.parse(await readFile(`${out}.json`, 'utf8'))).toEqual(report);
    expect(report).toMatchObject({
      source: 'tfjs-graph',
      batch: 'free',
      bytes: (await readFile(out)).length,
    });
    // Whichever is faster here.
    expect(report.form).toBe(report.quantization.chosen);
    expect(report.quantization.sqnrDb.y0).toBeGreaterThan(15);
    expect(report.quantization.sensitivity.length).toBeGreaterThan(0);
  });

  it('calibrates nets of signals with rows of numbers', async () => {
    const path = await signalNet();
    const folder = join(dirname(path), 'signals');
    await mkdir(folder);
    const rows = Array.from({ length: 32 }, (_, i) => [...noise([6], i)].join(','));
    await writeFile(join(folder, 'a.csv'), rows.join('\n'));
    const { code, stdout, stderr } = await runProgram(['compile', path, '-c', folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^int8 y0 +\d+\.\d dB above its noise$/m);
    await writeFile(join(folder, 'b.csv'), '1,2,3\n');
    const failed = await runProgram(['compile', path, '-c', folder]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/Expected 6 numbers for line 1 of b\.csv.*\(COMPILE_FAILED\)\n$/);
  });

  it.each<[string, (path: string) => Promise<string[]>, RegExp]>([
    [
      'an operator that it does not know',
      async () => [await pictureNet('Transmogrify')],
      /received Transmogrify, at node n3 \(Transmogrify\) of model\.json \(in model\.json\) \(COMPILE_FAILED\)/,
    ],
    [
      'a file that is not there',
      async (path) => [`${path}.tflite`],
      /Expected a model for .* but received no such file/,
    ],
    [
      'a file of another kind',
      async (path) => {
        await writeFile(`${path}.onnx`, 'some words, and no model at all');
        return [`${path}.onnx`];
      },
      /Expected ONNX or TFLite but received bytes that are neither.*\(COMPILE_FAILED\)/,
    ],
    [
      'pictures for floats that nobody explained',
      async (path) => [path, '-c', await photographs(dirname(path))],
      /Expected --mean, --std or --scale \(1 where bytes go in as they are\) for pictures for pixels/,
    ],
    [
      'means of another number than channels',
      async (path) => [path, '--mean', '1,2'],
      /Expected 1 or 3 numbers for mean but received 2/,
    ],
  ])('refuses %s in one line, and writes nothing', async (_, argumentsFor, message) => {
    const path = await pictureNet();
    const args = await argumentsFor(path);
    const out = join(dirname(path), 'out', 'net.onnx');
    await mkdir(dirname(out));
    const { code, stdout, stderr } = await runProgram(['compile', ...args, '-o', out]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(await readdir(dirname(out))).toEqual([]);
  });
});
