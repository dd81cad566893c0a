/** A detector quantized with photographs: against its float self, and whether it still tells people. */
import { readFile } from 'node:fs/promises';
import type { Sample } from '../../src/compiler/calibrate.ts';
import { atLeast, atMost, type Measurement } from '../report.ts';
import { type Own, open, quantized } from './own.ts';
import { model, type Picture, photographs, pictureOf } from './pictures.ts';
import { areaUnderCurve } from './quality.ts';
import { race } from './race.ts';

const path = model('person_yolox_nano_coco416.onnx');
const size = { width: 416, height: 416, resize: 'contain' } as const;
/** Of a row of the output: a box, that there is a thing, and each class of things, of which the first is person. */
const row = { width: 85, thing: 4, person: 5 } as const;
const greatestLoss = 0.01;
/** As of `edgeward compile`: layers stay in float until outputs are so far above their noise. */
const bound = { sqnrDb: 15 };

interface Labelled {
  readonly picture: Picture;
  readonly person: boolean;
}

export async function measurePeople(say: (line: string) => void): Promise<Measurement> {
  const all: Labelled[] = [];
  for (const { path, person } of await photographs())
    all.push({ picture: await pictureOf(path, size), person });
  // Every second, since the order of the names is that of no property of the pictures.
  const [calibration, others] = [0, 1].map((start) => all.filter((_, i) => i % 2 === start));
  if (!calibration || !others) throw new TypeError('Expected photographs');
  const aucOf = async (labelled: readonly Labelled[], answer: Own['answer']) => {
    const scored = [];
    for (const { picture, person } of labelled) {
      scored.push({ score: personScore(await answer({ images: picture })), positive: person });
    }
    return areaUnderCurve(scored);
  };
  const { float, int8, report } = await quantized(path, {
    preprocessing: { colour: 'bgr' },
    samples: calibration.map(({ picture }) => ({ images: picture })),
    bound,
    onProgress: (step) => say(`person detector: ${step}`),
  });
  const source = await open(await readFile(path));
  try {
    const auc = { float: await aucOf(others, float.answer), int8: await aucOf(others, int8.answer) };
    const [first] = others;
    if (first === undefined) throw new TypeError('Expected photographs');
    const [bytes, floats]: Sample[] = [{ images: first.picture }, { images: planes(first.picture) }];
    const times = await race([
      { name: 'int8', run: () => int8.answer(bytes ?? {}) },
      { name: 'float, compiled', run: () => float.answer(bytes ?? {}) },
      { name: 'float, as it came', run: () => source.answer(floats ?? {}) },
    ]);
    say(`person detector: ${JSON.stringify(times.ms)} ms; area under the curve ${JSON.stringify(auc)}`);
    const faster = times.over('int8', 'float, as it came');
    const { chosen, reason, method, sqnrDb } = report;
    return {
      goals: [
        atLeast('YOLOX-nano in int8, faster than its float self', 'times', 1.5, faster),
        atMost(
          'YOLOX-nano in int8, loss of area under the curve for people',
          'AUC',
          greatestLoss,
          auc.float - auc.int8,
        ),
      ],
      figures: {
        yoloxNano: {
          ms: times.ms,
          fasterThanCompiled: times.over('int8', 'float, compiled'),
          auc,
          chosen,
          reason,
          method,
          sqnrDb,
        },
      },
    };
  } finally {
    await Promise.all([float, int8, source].map(({ session }) => session.close()));
  }
}

function personScore(answer: Float32Array): number {
  let best = 0;
  for (let at = 0; at < answer.length; at += row.width) {
    best = Math.max(best, (answer[at + row.thing] ?? 0) * (answer[at + row.person] ?? 0));
  }
  return best;
}

/** What the file takes: `[1, 3, height, width]` in the order BGR. */
function planes({ dims, data }: Picture): Sample[string] {
  const [, height, width, channels] = dims;
  const pixels = height * width;
  const floats = new Float32Array(data.length);
  for (const [i, byte] of data.entries()) {
    floats[(channels - 1 - (i % channels)) * pixels + Math.floor(i / channels)] = byte;
  }
  return { type: 'float32', dims: [1, channels, height, width], data: floats };
}
