import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleCommand } from '../../src/cli/bundle.ts';
import { compileCommand } from '../../src/cli/compile.ts';
import { jpegOfBmp } from '../support/bmp.ts';
import { collect, startGateway } from '../support/gateway.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** By the names of the guide. */
const files: Readonly<Record<string, string>> = {
  'yolox_nano.onnx': 'models/person_yolox_nano_coco416.onnx',
  'FastestDet.onnx': 'models/person_fastestdet_coco352.onnx',
  'vww_96_int8.tflite': 'models/mlperf_vww_96_int8.tflite',
  'yunet_n_320.onnx': 'models/face_det_yunet_n_320.onnx',
  'face_detection_short_range.tflite': 'models/face_det_blazeface_short_range.tflite',
  'mobilefacenet.onnx': 'models/face_emb_mobilefacenet128.onnx',
  'mobilenet_v1_0.25_128_quant.tflite': 'models/cls_mobilenet_v1_0.25_128_uint8.tflite',
  'mobilenet_v2_1.0_224_quant.tflite': 'models/cls_mobilenet_v2_1.0_224_ptq_uint8.tflite',
  'imagenet_labels.txt': 'models/imagenet_labels.txt',
};
const photos = {
  woman: 'data/photos/grace_hopper.bmp',
  cat: 'data/photos/cat_720p.jpg',
  people: 'data/coco-people/images/000000000110.jpg',
};
const missing = [...Object.values(files), ...Object.values(photos)].filter(
  (name) => !existsSync(join(shared, name)),
);

let folder: string;
let woman: Buffer;
let cat: Buffer;

/** The commands of the guide, one a line, each once. */
async function commandsOf(guide: string): Promise<string[][]> {
  const text = await readFile(join(root, guide), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('edgeward '));
  return [...new Set(lines)].map((line) => line.split(' ').slice(1));
}

/** A word of the guide that names a file, where that is here. */
function placed(word: string): string {
  if (word.startsWith('examples/')) return join(root, word);
  return word === 'photos' || /\.(onnx|tflite|txt)$/.test(word) ? join(folder, word) : word;
}

async function obey([command = '', ...words]: readonly string[]): Promise<void> {
  if (command === 'compile') {
    await compileCommand().parseAsync(words.map(placed), { from: 'user' });
    return;
  }
  const manifest = words[words.indexOf('--manifest') + 1] ?? '';
  const out = join(folder, manifest.replace(/^.*\/(.*)\.json$/, '$1.bundle'));
  await bundleCommand().parseAsync([...words.map(placed), '--out', out], { from: 'user' });
}

describe.skipIf(missing.length > 0)('nets of others, by the commands of docs/models.md', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edgeward-nets-'));
    for (const [name, file] of Object.entries(files)) await copyFile(join(shared, file), join(folder, name));
    woman = await jpegOfBmp(join(shared, photos.woman));
    cat = await sharp(join(shared, photos.cat)).resize(640).jpeg().toBuffer();
    await mkdir(join(folder, 'photos'));
    await writeFile(join(folder, 'photos', 'woman.jpg'), woman);
    await writeFile(join(folder, 'photos', 'cat.jpg'), cat);
    for (const command of await commandsOf('docs/models.md')) await obey(command);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('see a person, whose face it is, and what else there is, in one gateway', async () => {
    const names =
      'yolox-nano fastestdet visual-wake-words yunet blazeface mobilefacenet mobilenet-v1 mobilenet-v2';
    const models = names
      .split(' ')
      .map((name) => `${name}: { bundle: '${folder}/${name}.bundle', ${serving} }`);
    const { client } = await startGateway(yaml(models));
    const answers = await collect(client, 'edgeward/gw/response/person/enroll');
    const results = await collect(client, 'edgeward/gw/+/+/result');
    const show = async (source: string, picture: Buffer) => {
      const before = results.messages.length;
      await client.publish(`cameras/${source}/frame`, picture, { qos: 1 });
      await results.until(before + pipelines.length, 30_000);
      const said = results.json().slice(before);
      return Object.fromEntries(said.map(({ pipeline, result }) => [pipeline, result]));
    };
    const mirrored = await sharp(woman).flop().jpeg().toBuffer();
    const enroll = async (pipeline: string) => {
      const body = { pipeline, name: 'Grace', pictures: [mirrored.toString('base64')] };
      await client.publish('edgeward/gw/request/person/enroll', JSON.stringify(body), { qos: 1 });
    };
    await enroll('yunet');
    await enroll('blazeface');
    await answers.until(2, 30_000);
    expect(answers.json()).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);

    const of = await show('studio', woman);
    for (const pipeline of ['wake', 'fastestdet', 'yunet', 'blazeface']) {
      expect(of[pipeline], pipeline).toMatchObject({ occupied: true });
    }
    for (const pipeline of ['yunet', 'blazeface']) {
      expect(of[pipeline]?.objects[0], pipeline).toMatchObject({ who: 'member', name: 'Grace' });
    }
    expect(of.yolox.classes).toMatchObject({ person: 1 });
    expect(of.v2.class).toMatch(/uniform/);

    const street = await show('street', await readFile(join(shared, photos.people)));
    for (const pipeline of ['wake', 'fastestdet', 'yunet']) {
      expect(street[pipeline], pipeline).toMatchObject({ occupied: true });
    }

    const garden = await show('garden', cat);
    for (const pipeline of ['fastestdet', 'wake', 'yunet', 'blazeface']) {
      expect(garden[pipeline], pipeline).toMatchObject({ occupied: false, count: 0 });
    }
    expect(garden.yolox.classes).toMatchObject({ cat: 1 });
    for (const pipeline of ['v1', 'v2']) expect(garden[pipeline]?.class, pipeline).toMatch(/cat|tabby/);
  }, 120_000);
});

const serving = 'instances: 1, timeoutMs: 60000';
const seen =
  'timeoutMs: 60000, mailbox: every, options: { onDelayMs: 0, who: { minFaces: 1, minPixels: 20 } }';
const pipelines = [
  `yolox: { use: detect, models: { detector: yolox-nano }, timeoutMs: 60000, options: { onDelayMs: 0 } }`,
  `fastestdet: { use: presence, models: { detector: fastestdet }, ${seen} }`,
  `wake: { use: presence, models: { detector: visual-wake-words }, ${seen} }`,
  `yunet: { use: presence, models: { detector: yolox-nano, face: yunet, embedder: mobilefacenet }, ${seen} }`,
  `blazeface: { use: presence, models: { detector: yolox-nano, face: blazeface, embedder: mobilefacenet }, ${seen} }`,
  `v1: { use: classify, models: { classifier: mobilenet-v1 }, timeoutMs: 60000, options: { minScore: 0.1 } }`,
  `v2: { use: classify, models: { classifier: mobilenet-v2 }, timeoutMs: 60000, options: { minScore: 0.1 } }`,
];

const yaml = (models: readonly string[]) => `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
models:
  ${models.join('\n  ')}
sources: { cameras: { topic: 'cameras/{source}/frame' } }
pipelines:
  ${pipelines.join('\n  ')}
`;
