import { describe, expect, it } from 'vitest';
import type { Manifest, ReadingsInput } from '../../src/models/manifest.ts';
import { parseManifest } from '../../src/models/manifest-parse.ts';
import { draft } from './bundle-fixtures.ts';

const raw: ReadingsInput = {
  kind: 'autoencoder',
  align: 'stream',
  rateHz: 10,
  window: 4,
  stride: 2,
  channels: ['a', 'b'],
  mean: [0, 1],
  scale: [1, 2],
};
const features: ReadingsInput = {
  ...raw,
  features: { statistics: ['mean', 'kurtosis'], bandsHz: [[0, 5]] },
  mean: [1, 2, 3, 4, 5, 6],
  scale: [1, 1, 1, 1, 1, 1],
};

function parse(readings: unknown, size: number, type: 'float32' | 'uint8' = 'float32') {
  const files = { 'net.onnx': 1, 'x.bin': size * (type === 'float32' ? 4 : 1) };
  const listed = Object.entries(files).map(([name, bytes]) => [
    name,
    { digest: `sha256:${'0'.repeat(64)}`, bytes },
  ]);
  const manifest = {
    ...draft,
    inputs: { x: { kind: 'tensor', type, shape: [size] } },
    readings,
    golden: { samples: [{ inputs: { x: 'x.bin' }, outputs: { scores: [0.5, 0.5] }, tolerance: 0 }] },
    files: Object.fromEntries(listed),
  };
  return parseManifest(JSON.parse(JSON.stringify(manifest))) as Manifest;
}

describe('the readings of a manifest', () => {
  it('say how a window becomes the input', () => {
    expect(parse(raw, 8).readings).toEqual(raw);
    expect(parse(features, 6).readings).toEqual(features);
    expect(parse({ ...raw, kind: 'forecaster', horizon: 1 }, 6).readings?.horizon).toBe(1);
  });

  it.each<[string, object, number]>([
    ['an input of another size', raw, 9],
    ['features of another size', features, 8],
    ['a mean too many', { ...raw, mean: [1, 2, 3] }, 8],
    ['a scale of nothing', { ...raw, scale: [1, 0] }, 8],
    ['a forecaster without a horizon', { ...raw, kind: 'forecaster' }, 8],
    ['a horizon of an autoencoder', { ...raw, horizon: 1 }, 8],
    ['a horizon as long as the window', { ...raw, kind: 'forecaster', horizon: 4 }, 8],
    ['an unknown statistic', { ...features, features: { statistics: ['mood'], bandsHz: [] } }, 2],
    ['a band upside down', { ...features, features: { statistics: [], bandsHz: [[5, 1]] } }, 2],
    ['an endless window', { ...raw, window: 2 ** 21 }, 8],
  ])('are refused with %s', (_, readings, size) => {
    expect(() => parse(readings, size)).toThrow(expect.objectContaining({ code: 'BUNDLE_INVALID' }));
  });

  it('are refused with an input of bytes', () => {
    expect(() => parse(raw, 8, 'uint8')).toThrow(/float32 for readings/);
  });
});
