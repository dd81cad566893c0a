import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readBundle, writeBundle } from '../../src/models/bundle.ts';
import type { Manifest } from '../../src/models/manifest.ts';
import { echoBundle, hostOf, plain, scratchFolder, started } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));

/** The echo bundle with another manifest. */
async function altered(name: string, change: (manifest: Manifest) => object): Promise<string> {
  const { manifest, file } = await readBundle(echo);
  const { files, ...draft } = manifest;
  const contents = Object.fromEntries(Object.keys(files).map((path) => [path, file(path)]));
  const path = join(folder, `${name}.bundle`);
  await writeBundle({ ...draft, ...change(manifest) }, contents, path);
  return path;
}

async function refusal(bundle: string): Promise<unknown> {
  const { host } = hostOf(bundle, { instances: 2 });
  const error: unknown = await host.start(AbortSignal.timeout(20_000)).catch((reason: unknown) => reason);
  expect(host).toMatchObject({ state: 'UNAVAILABLE', processes: [] });
  await host.stop();
  return error;
}

describe('a model is refused', () => {
  it('if it answers its golden samples otherwise, with the numbers', async () => {
    const bundle = await altered('golden', ({ golden }) => ({
      golden: {
        samples: golden.samples.map((sample) => ({
          ...sample,
          tolerance: 0.5,
          outputs: { pixels: sample.outputs.pixels?.map((value, i) => (i === 4 ? value + 3 : value)) },
        })),
      },
    }));
    expect(await refusal(bundle)).toMatchObject({
      code: 'MODEL_GOLDEN_MISMATCH',
      message: 'Expected 23 within 0.5 for pixels[4] of golden sample 0 but received 20',
      details: {
        sample: 0,
        output: 'pixels',
        index: 4,
        expected: 23,
        received: 20,
        difference: 3,
        tolerance: 0.5,
      },
    });
  });

  it('if its golden rows have another length than the output', async () => {
    const bundle = await altered('length', ({ golden }) => ({
      golden: { samples: golden.samples.map((sample) => ({ ...sample, outputs: { pixels: [0, 5] } })) },
    }));
    expect(await refusal(bundle)).toMatchObject({
      code: 'MODEL_GOLDEN_MISMATCH',
      details: { expectedLength: 2, receivedLength: 12 },
    });
  });

  it('if its graph takes or gives something else than the manifest says', async () => {
    const wrongSize = await altered('size', ({ inputs }) => ({
      inputs: { picture: { ...inputs.picture, width: 3 } },
    }));
    expect(await refusal(wrongSize)).toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      message: 'Expected uint8 [N,2,3,3] for input picture of the graph but received uint8 [N,2,2,3]',
    });
    const wrongName = await altered('name', ({ golden }) => ({
      outputs: { others: { kind: 'tensor' } },
      golden: { samples: golden.samples.map((sample) => ({ ...sample, outputs: { others: [1] } })) },
    }));
    expect(await refusal(wrongName)).toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      message: 'Expected outputs others for the graph but received pixels',
    });
  });

  it('if the bundle is damaged, missing, or holds no graph', async () => {
    const bytes = await readFile(echo);
    const damaged = join(folder, 'damaged.bundle');
    await writeFile(damaged, bytes.subarray(0, bytes.length / 2));
    expect(await refusal(damaged)).toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await refusal(join(folder, 'nowhere.bundle'))).toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await refusal('builtin:nothing')).toMatchObject({ code: 'BUNDLE_INVALID' });
    const noGraph = await altered('graph', () => ({ graph: 'golden.png' }));
    expect(await refusal(noGraph)).toMatchObject({ code: 'MODEL_LOAD_FAILED' });
  });

  it('after a restart if the file has become another one, until it is back', async () => {
    const path = join(folder, 'moving.bundle');
    await copyFile(echo, path);
    const { host } = await started(path);
    const other = await altered('other', () => ({ version: '9.9.9' }));
    await copyFile(other, path);
    process.kill(host.processes[0]?.pid ?? 0, 'SIGKILL');
    const answer = host.infer(plain(7, 7, 7));
    await expect.poll(() => host.state).toBe('UNAVAILABLE');
    await sleep(700);
    expect(host.state).toBe('UNAVAILABLE');
    await copyFile(echo, path);
    expect((await answer).model.version).toBe('1.2.3');
  });
});

describe('pictures reach the net as the manifest says', () => {
  it.each([
    ['grey', { colour: 'grey' }, [76, 76, 76, 76]],
    ['bgr', { colour: 'bgr', width: 1, height: 1 }, [0, 0, 255]],
    ['floats, channels first', { layout: 'nchw', type: 'float32', width: 1, height: 1 }, [255, 0, 0]],
  ] as const)('%s', async (name, parts, expected) => {
    const { host } = await started(await echoBundle(join(folder, `${name}.bundle`), parts));
    const { tensors } = await host.infer(plain(255, 0, 0));
    expect([...(tensors?.pixels?.data ?? [])]).toEqual(expected);
  });
});
