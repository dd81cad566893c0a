/** Detectors of `@vladmandic/human`: ours against TensorFlow.js on WebAssembly, in time and in what they find. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Preprocessing } from '../../src/compiler/passes/picture-input.ts';
import { atLeast, atMost, type Measurement } from '../report.ts';
import {
  blazefaceDetections,
  centernetDetections,
  type Detection,
  type Outputs,
  overlap,
} from './detections.ts';
import { compiled } from './own.ts';
import { type Picture, photographs, pictureOf } from './pictures.ts';
import { race } from './race.ts';
import { tfjsSession } from './tfjs.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/human')), '../models');

interface Net {
  readonly name: string;
  readonly size: number;
  readonly preprocessing: Preprocessing & { readonly scale: number; readonly mean: number };
  readonly detections: (outputs: Outputs) => Detection[];
  /** Of photographs with people, how many are compared. */
  readonly pictures: number;
}

const nets: readonly Net[] = [
  {
    name: 'centernet',
    size: 512,
    preprocessing: { scale: 1, mean: 0 },
    detections: centernetDetections,
    pictures: 8,
  },
  {
    name: 'blazeface',
    size: 256,
    preprocessing: { scale: 1 / 127.5, mean: 1 },
    detections: blazefaceDetections,
    pictures: 24,
  },
];

export async function measureHuman(say: (line: string) => void): Promise<Measurement> {
  const goals: Measurement['goals'][number][] = [];
  const figures: Record<string, unknown> = {};
  for (const net of nets) {
    const found = await contest(say, net);
    figures[net.name] = found;
    goals.push(
      atLeast(`${net.name}, faster than TensorFlow.js on WebAssembly`, 'times', 5, found.faster),
      atLeast(`${net.name}, least overlap with what TensorFlow.js finds`, 'IoU', 0.95, found.leastOverlap),
      atMost(`${net.name}, greatest difference of its scores`, 'score', 0.03, found.greatestDifference),
    );
  }
  return { goals, figures };
}

async function contest(say: (line: string) => void, net: Net) {
  const path = join(folder, `${net.name}.json`);
  const session = await compiled(path, net.preprocessing);
  const theirs = await tfjsSession(path);
  const [input, other] = [session.inputs[0]?.name ?? '', theirs.inputs[0]?.name ?? ''];
  const ours = (picture: Picture) => session.run({ [input]: picture });
  const floats = ({ dims, data }: Picture) => {
    const { scale, mean } = net.preprocessing;
    return { [other]: { dims, data: Float32Array.from(data, (byte) => byte * scale - mean) } };
  };
  try {
    const people = (await photographs()).filter(({ person }) => person).slice(0, net.pictures);
    const size = { width: net.size, height: net.size, resize: 'contain' } as const;
    const agreement = { detections: 0, leastOverlap: 1, greatestDifference: 0 };
    for (const { path } of people) {
      const picture = await pictureOf(path, size);
      const expected = net.detections(await theirs.run(floats(picture)));
      compare(agreement, expected, net.detections((await ours(picture)) as Outputs));
    }
    const [first] = people;
    const picture = await pictureOf(first?.path ?? '', size);
    const given = floats(picture);
    const times = await race([
      { name: 'edgeward', run: () => ours(picture) },
      { name: 'TensorFlow.js', run: () => theirs.run(given) },
    ]);
    say(`${net.name}: ${JSON.stringify(times.ms)} ms; ${JSON.stringify(agreement)}`);
    return { ms: times.ms, faster: times.over('edgeward', 'TensorFlow.js'), ...agreement };
  } finally {
    theirs.close();
    await session.close();
  }
}

/** Each of theirs against the one of ours that overlaps it the most; one that is missing overlaps by nothing. */
function compare(
  agreement: { detections: number; leastOverlap: number; greatestDifference: number },
  theirs: readonly Detection[],
  ours: readonly Detection[],
): void {
  for (const each of theirs) {
    const same = ours.filter(({ label }) => label === each.label);
    const [best] = same.toSorted((a, b) => overlap(each.box, b.box) - overlap(each.box, a.box));
    agreement.detections++;
    agreement.leastOverlap = Math.min(agreement.leastOverlap, best ? overlap(each.box, best.box) : 0);
    const difference = best ? Math.abs(best.score - each.score) : 1;
    agreement.greatestDifference = Math.max(agreement.greatestDifference, difference);
  }
}
