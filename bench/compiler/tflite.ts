/** Nets of TFLite: ours against LiteRT.js, and a batch of ours against one at a time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Preprocessing } from '../../src/compiler/passes/picture-input.ts';
import type { Session } from '../../src/compiler/runtime.ts';
import { atLeast, type Measurement } from '../report.ts';
import { liteRtSession, type Numbers } from './litert.ts';
import { compiled } from './own.ts';
import { model, type Picture, pictureOf, shared } from './pictures.ts';
import { race } from './race.ts';

const cat = join(shared, 'data/photos/cat_720p.jpg');
const batch = 8;

export async function measureTflite(say: (line: string) => void): Promise<Measurement> {
  const mobilenet = await contest(say, {
    ours: 'cls_mobilenet_v2_1.0_224_ptq_uint8',
    theirs: 'cls_mobilenet_v2_1.0_224_ptq_uint8',
    size: 224,
    feed: ({ data }) => data,
  });
  const people = await contest(say, {
    ours: 'mlperf_vww_96_int8',
    theirs: 'mlperf_vww_96_float',
    size: 96,
    feed: ({ data }) => Float32Array.from(data, (byte) => byte / 255),
  });
  // Without VNNI a small net is faster in float: whoever has both files may take either.
  const floatPeople = await contest(say, {
    ours: 'mlperf_vww_96_float',
    theirs: 'mlperf_vww_96_float',
    preprocessing: { scale: 1 / 255 },
    size: 96,
    feed: ({ data }) => Float32Array.from(data, (byte) => byte / 255),
  });
  return {
    goals: [
      atLeast('MobileNetV2 uint8, faster than LiteRT.js', 'times', 4.5, mobilenet.faster),
      atLeast('visual wake words int8, faster than LiteRT.js on its float twin', 'times', 3, people.faster),
      atLeast('visual wake words float, faster than LiteRT.js', 'times', 3, floatPeople.faster),
      atLeast('MobileNetV2, a picture of a batch of 8 against one alone', 'times', 1, mobilenet.batched),
      atLeast('visual wake words, a picture of a batch of 8 against one alone', 'times', 1, people.batched),
    ],
    figures: { mobilenetV2: mobilenet, visualWakeWords: people, visualWakeWordsFloat: floatPeople },
  };
}

interface Contest {
  readonly ours: string;
  readonly theirs: string;
  readonly size: number;
  readonly preprocessing?: Preprocessing;
  /** What their file takes. */
  readonly feed: (picture: Picture) => Numbers;
}

async function contest(say: (line: string) => void, { ours, theirs, size, preprocessing, feed }: Contest) {
  const session = await compiled(model(`${ours}.tflite`), preprocessing);
  const other = await liteRtSession(await readFile(model(`${theirs}.tflite`)));
  try {
    const picture = await pictureOf(cat, { width: size, height: size, resize: 'fill' });
    const [one, many] = [feedOf(session, picture, 1), feedOf(session, picture, batch)];
    const given = [feed(picture)];
    const times = await race([
      { name: 'edgeward', run: () => session.run(one) },
      { name: 'batch of 8', run: () => session.run(many), pictures: batch },
      { name: 'LiteRT.js', run: () => other.run(given) },
    ]);
    const faster = times.over('edgeward', 'LiteRT.js');
    say(`${ours}: ${JSON.stringify(times.ms)} ms a picture`);
    return { ms: times.ms, faster, batched: times.over('batch of 8', 'edgeward') };
  } finally {
    other.close();
    await session.close();
  }
}

function feedOf({ inputs }: Session, { dims, data }: Picture, rows: number) {
  const [input] = inputs;
  if (input?.type !== 'uint8') throw new TypeError(`Expected bytes but the net takes ${input?.type}`);
  const all = new Uint8Array(rows * data.length);
  for (let row = 0; row < rows; row++) all.set(data, row * data.length);
  return { [input.name]: { type: 'uint8', dims: [rows, ...dims.slice(1)], data: all } } as const;
}
