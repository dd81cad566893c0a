import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/models/manifest.ts';
import { parseManifest } from '../../src/models/manifest-parse.ts';
import { draft, listed } from './bundle-fixtures.ts';

const good: Manifest = { ...draft, files: listed() };
const picture = {
  kind: 'picture',
  width: 28,
  height: 28,
  colour: 'grey',
  layout: 'nhwc',
  type: 'uint8',
  resize: 'contain',
} as const;
const sample = draft.golden.samples[0];

function textOf(manifest: unknown): string {
  try {
    parseManifest(manifest);
    return 'no error';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

describe('parseManifest', () => {
  it('takes every part of the format', () => {
    const full: Manifest = {
      ...good,
      description: 'A net of two numbers',
      license: 'Apache-2.0',
      created: '2024-02-29T12:00:00Z',
      thresholds: { minScore: 0.5 },
      quantization: {
        scheme: 'int8-qdq',
        weights: 'int8',
        activations: 'uint8',
        calibration: { method: 'min-max', samples: 100 },
      },
      accuracy: { metric: 'top-1', dataset: 'some', samples: 10, float: 0.9, quantized: 0.89 },
    };
    expect(parseManifest(JSON.parse(JSON.stringify(full)))).toEqual(full);
    const { labels: _, ...seeing } = good;
    const more = { scale: [0.5], offset: -1, pad: 0, antialias: true };
    const image = { ...seeing, inputs: { numbers: { ...picture, ...more } } };
    expect(parseManifest(image)).toEqual(image);
  });

  it.each([
    [{ ...good, format: 2 }, 'BUNDLE_UNSUPPORTED: Expected a bundle of format 1'],
    [{ ...good, format: '1' }, 'Expected 1 for format but received "1"'],
    [{ ...good, speed: 1 }, 'but received "speed"'],
    [{ ...good, name: undefined }, 'for name but received nothing'],
    [{ ...good, name: 'Digits' }, 'for name but received "Digits"'],
    [{ ...good, name: 'x'.repeat(65) }, 'for name'],
    [{ ...good, version: '1.2' }, 'Expected a semantic version for version but received "1.2"'],
    [{ ...good, version: 'v1.2.3' }, 'for version'],
    [{ ...good, version: ' 1.2.3' }, 'for version'],
    [{ ...good, task: 'guess' }, 'for task'],
    [{ ...good, created: '2024-13-01' }, 'for created'],
    [{ ...good, created: 'yesterday' }, 'for created'],
    [{ ...good, graph: 'other.onnx' }, 'Expected a file of the bundle for graph but received "other.onnx"'],
    [{ ...good, graph: 'constructor' }, 'for graph'],
    [{ ...good, inputs: {} }, 'for inputs'],
    [{ ...good, inputs: { numbers: { kind: 'sound' } } }, 'for inputs.numbers.kind but received "sound"'],
    [{ ...good, inputs: { numbers: { ...picture, width: 0 } } }, 'for inputs.numbers.width but received 0'],
    [
      { ...good, inputs: { numbers: { ...picture, scale: [1, 2, 3] } } },
      'Expected 1 numbers, one a channel,',
    ],
    [{ ...good, inputs: { numbers: { ...picture, antialias: 'yes' } } }, 'for inputs.numbers.antialias'],
    [{ ...good, inputs: { numbers: picture, more: picture } }, 'Expected at most one picture for inputs'],
    [{ ...good, inputs: { ...draft.inputs, more: draft.inputs.numbers } }, 'Expected a file for input more'],
    [
      { ...good, inputs: { numbers: { kind: 'tensor', type: 'float32', shape: [2] } } },
      'Expected a file of 8 bytes',
    ],
    [
      { ...good, outputs: { scores: { kind: 'classes', activation: 'none', top: 0 } } },
      'for outputs.scores.top',
    ],
    [{ ...good, labels: ['a', 'b', 'c'] }, 'Expected 3 numbers, one a label,'],
    [{ ...good, labels: ['a', ''] }, 'for labels[1]'],
    [{ ...good, golden: { samples: [] } }, 'for golden.samples'],
    [{ ...good, golden: { samples: [{ ...sample, tolerance: -1 }] } }, 'for golden.samples[0].tolerance'],
    [
      { ...good, golden: { samples: [{ ...sample, inputs: { numbers: 'none.bin' } }] } },
      'a file of the bundle',
    ],
    [
      { ...good, golden: { samples: [{ ...sample, inputs: { other: 'net.onnx' } }] } },
      'an input of the model',
    ],
    [{ ...good, golden: { samples: [{ ...sample, outputs: { other: [1, 2] } }] } }, 'an output of the model'],
    [{ ...good, golden: { samples: [{ ...sample, outputs: { scores: [1, null] } }] } }, 'outputs.scores[1]'],
    [{ ...good, thresholds: { minScore: '0.5' } }, 'for thresholds.minScore'],
    [{ ...good, files: { ...good.files, 'x.bin': { digest: 'md5:0', bytes: 1 } } }, 'for files.x.bin.digest'],
    [{ ...good, files: { ...good.files, '../x': good.files['net.onnx'] } }, 'for a key of files'],
    [{ ...good, files: { ...good.files, 'bundle.json': good.files['net.onnx'] } }, 'other than the manifest'],
    [JSON.parse('{"format":1,"__proto__":{"name":"x"}}'), 'but received "__proto__"'],
  ])('refuses %#', (manifest, text) => {
    expect(textOf(manifest)).toContain(text);
  });

  it('refuses any JSON that is no manifest, and by its code', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(textOf(value)).toMatch(/^BUNDLE_(INVALID|UNSUPPORTED): Expected /);
      }),
    );
  });

  it('refuses a manifest with any one part of another type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), fc.constantFrom(null, true, -0.5), (key, value) => {
        expect(textOf({ ...good, [key]: value })).toMatch(/^BUNDLE_INVALID/);
      }),
    );
  });
});
