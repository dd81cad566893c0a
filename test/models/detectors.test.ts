import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compile } from '../../src/compiler/compile.ts';
import { Image } from '../../src/image.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createBundle } from '../../src/models/create-bundle.ts';
import type { Detector } from '../../src/models/detector.ts';
import { ModelHost } from '../../src/models/host.ts';
import type { PictureInput } from '../../src/models/manifest.ts';
import { jpegOfBmp } from '../support/bmp.ts';

const shared = new URL('../../../shared/', import.meta.url);
const missing = !existsSync(shared);

interface Net {
  readonly file: string;
  readonly preprocessing: {
    readonly scale?: number;
    readonly mean?: number;
    readonly std?: number;
    readonly colour?: 'bgr';
  };
  readonly input: { readonly name: string } & Pick<PictureInput, 'width' | 'height' | 'resize' | 'pad'>;
  readonly detector: Detector;
  readonly outputs: readonly string[];
}

/** The model in a process of its own, as a gateway has it. */
async function hostOf(net: Net): Promise<ModelHost> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-detectors-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = new URL(`models/${net.file}`, shared).pathname;
  const { file } = await compile({ path, preprocessing: net.preprocessing });
  const bundle = join(folder, 'net.bundle');
  const { name, ...size } = net.input;
  const golden = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#406080' } })
    .png()
    .toBuffer();
  await createBundle(
    {
      graph: file,
      manifest: {
        format: 1,
        name: 'net',
        version: '1.0.0',
        task: 'detect',
        inputs: { [name]: { kind: 'picture', colour: 'rgb', layout: 'nhwc', type: 'uint8', ...size } },
        outputs: Object.fromEntries(net.outputs.map((each) => [each, { kind: 'detector' as const }])),
        detector: net.detector,
      },
      golden: { 'plain.png': golden },
    },
    bundle,
  );
  const host = new ModelHost({
    name: 'net',
    config: {
      bundle,
      instances: 1,
      threads: 1,
      maxBatch: 4,
      maxDelayMs: 0,
      timeoutMs: 30_000,
      maxQueue: 64,
    } as never,
    maxPixels: 2 ** 24,
    log: await createLog({ level: 'silent', format: 'json' }),
    metrics: createMetrics(),
  });
  await host.start(AbortSignal.timeout(60_000));
  onTestFinished(() => host.stop());
  return host;
}

const yunet: Net = {
  file: 'face_det_yunet_n_320.onnx',
  preprocessing: { scale: 1, colour: 'bgr' },
  input: { name: 'input', width: 320, height: 320, resize: 'contain', pad: 0 },
  outputs: [8, 16, 32].flatMap((stride) => ['cls', 'obj', 'bbox', 'kps'].map((part) => `${part}_${stride}`)),
  detector: {
    kind: 'yunet',
    strides: [8, 16, 32].map((stride) => ({
      stride,
      class: `cls_${stride}`,
      object: `obj_${stride}`,
      box: `bbox_${stride}`,
      points: `kps_${stride}`,
    })),
    points: ['right-eye', 'left-eye', 'nose', 'right-mouth', 'left-mouth'],
    minScore: 0.6,
  },
};

const blazeface: Net = {
  file: 'face_det_blazeface_short_range.tflite',
  preprocessing: { scale: 1, mean: 127.5, std: 127.5 },
  input: { name: 'input', width: 128, height: 128, resize: 'contain', pad: 0 },
  outputs: ['regressors', 'classificators'],
  detector: {
    kind: 'blazeface',
    strides: [
      { stride: 8, anchors: 2 },
      { stride: 16, anchors: 6 },
    ],
    boxes: ['regressors'],
    scores: ['classificators'],
    points: ['right-eye', 'left-eye', 'nose', 'mouth', 'right-ear', 'left-ear'],
    minScore: 0.5,
  },
};

const people: readonly Net[] = [
  {
    file: 'person_yolox_nano_coco416.onnx',
    preprocessing: { scale: 1, colour: 'bgr' },
    input: { name: 'images', width: 416, height: 416, resize: 'contain', pad: 114 },
    outputs: ['output'],
    detector: { kind: 'yolox', output: 'output', strides: [8, 16, 32], minScore: 0.3 },
  },
  {
    file: 'person_fastestdet_coco352.onnx',
    preprocessing: { scale: 1 / 255, colour: 'bgr' },
    input: { name: 'input.1', width: 352, height: 352, resize: 'fill' },
    outputs: ['758'],
    detector: { kind: 'fastestdet', output: '758', minScore: 0.4 },
  },
];

/** Grace Hopper's eyes in the photograph, in parts of it, measured by eye. */
const eyes = { 'right-eye': { x: 0.42, y: 0.33 }, 'left-eye': { x: 0.6, y: 0.33 } };

describe.skipIf(missing)('detectors of others, by what their bundles say', () => {
  it.each([yunet, blazeface])(
    '$file finds a face and its eyes, also in a part of a picture',
    async (net) => {
      const host = await hostOf(net);
      const data = await jpegOfBmp(new URL('data/photos/grace_hopper.bmp', shared).pathname);
      const whole = new Image({ data, format: 'jpeg' });
      const part = whole.crop({ x: 0.1, y: 0, width: 0.9, height: 0.8 });
      const [first, second] = await Promise.all([host.infer(whole), host.infer(part)]);
      const [face] = first.detections ?? [];
      expect(face?.score).toBeGreaterThan(0.7);
      for (const [name, { x, y }] of Object.entries(eyes)) {
        expect(face?.landmarks?.[name]?.x, name).toBeCloseTo(x, 1);
        expect(face?.landmarks?.[name]?.y, name).toBeCloseTo(y, 1);
      }
      const inPart = second.detections?.[0]?.box;
      expect(0.1 + (inPart?.x ?? 0) * 0.9).toBeCloseTo(face?.box.x ?? 0, 1);
      expect((inPart?.y ?? 0) * 0.8).toBeCloseTo(face?.box.y ?? 0, 1);
    },
    60_000,
  );

  it.each(people)(
    '$file finds the people of photographs where they were marked',
    async (net) => {
      const host = await hostOf(net);
      for (const name of ['000000000036', '000000000077', '000000000061']) {
        const data = await readFile(new URL(`data/coco-people/images/${name}.jpg`, shared));
        const text = await readFile(new URL(`data/coco-people/labels/${name}.txt`, shared), 'utf8');
        const marked = text
          .split('\n')
          .filter((line) => line.startsWith('0 '))
          .map((line) => line.split(' ').map(Number));
        const [, cx = 0, cy = 0, w = 0, h = 0] =
          marked.sort((a, b) => (b[3] ?? 0) * (b[4] ?? 0) - (a[3] ?? 0) * (a[4] ?? 0))[0] ?? [];
        const { detections = [] } = await host.infer(new Image({ data, format: 'jpeg' }));
        const shares = detections
          .filter(({ index }) => index === 0)
          .map(({ box }) => {
            const across = Math.min(box.x + box.width, cx + w / 2) - Math.max(box.x, cx - w / 2);
            const down = Math.min(box.y + box.height, cy + h / 2) - Math.max(box.y, cy - h / 2);
            const both = Math.max(0, across) * Math.max(0, down);
            return both / (box.width * box.height + w * h - both);
          });
        expect(Math.max(...shares), name).toBeGreaterThan(0.5);
      }
    },
    60_000,
  );

  it('makes small grey pictures in the same process', async () => {
    const host = await hostOf(blazeface);
    const data = await jpegOfBmp(new URL('data/photos/grace_hopper.bmp', shared).pathname);
    const [good, bad] = await Promise.allSettled([
      host.thumbnail(new Image({ data, format: 'jpeg' })),
      host.thumbnail(new Image({ data: data.subarray(0, 100), format: 'jpeg' })),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'FRAME_INVALID' } });
    if (good.status !== 'fulfilled') throw good.reason;
    const { width, height } = await sharp(data).metadata();
    const { data: small, ...size } = good.value;
    expect(size).toEqual({ width: Math.floor((width ?? 0) / 8), height: Math.floor((height ?? 0) / 8) });
    const grey = await sharp(data).toColourspace('b-w').raw().toBuffer();
    const mean = (bytes: Uint8Array) => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
    expect(Math.abs(mean(small) - mean(grey))).toBeLessThan(2);
  }, 60_000);
});
