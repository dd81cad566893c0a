/**
 * The straightforward program, in one process: mqtt.js, sharp, and the net in float on ONNX Runtime or on
 * TensorFlow.js (wasm), one frame at a time. `rival.ts URL onnx|tfjs MODEL PREFIX` takes
 * frames of `PREFIX/line/frame`; prints `ready` when it has subscribed.
 */
import { connect } from 'mqtt';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { tfjsSession } from '../compiler/tfjs.ts';
import { side } from './size.ts';

const [url = '', engine, model = '', prefix = ''] = process.argv.slice(2);

const infer = engine === 'tfjs' ? await withTfjs() : await withOnnx();
const client = connect(url);
const waiting: Buffer[] = [];
let busy = false;

client.on('message', (_, payload) => {
  waiting.push(payload);
  if (!busy) void work();
});
await client.subscribeAsync(`${prefix}/line/frame`, { qos: 1 });
process.stdout.write('ready\n');

async function work(): Promise<void> {
  busy = true;
  for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
    const { data } = await sharp(frame)
      .resize(side, side, { fit: 'fill' })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const scores = await infer(Float32Array.from(data, (byte) => byte / 127.5 - 1));
    let best = 0;
    for (const [i, score] of scores.entries()) if (score > (scores[best] ?? 0)) best = i;
    await client.publishAsync(`${prefix}/line/result`, JSON.stringify({ class: best, score: scores[best] }), {
      qos: 1,
    });
  }
  busy = false;
}

async function withOnnx(): Promise<(pixels: Float32Array) => Promise<Float32Array>> {
  const session = await ort.InferenceSession.create(model);
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]];
  return async (pixels) => {
    const results = await session.run({ [input]: new ort.Tensor('float32', pixels, [1, side, side, 3]) });
    return results[output]?.data as Float32Array;
  };
}

async function withTfjs(): Promise<(pixels: Float32Array) => Promise<Float32Array>> {
  const session = await tfjsSession(model);
  const input = session.inputs[0]?.name ?? '';
  return async (data) => {
    const results = await session.run({ [input]: { data, dims: [1, side, side, 3] } });
    return results[session.outputNames[0] ?? '']?.data as Float32Array;
  };
}
