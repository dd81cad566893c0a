/** A face embedder quantized with a third of the faces: what it loses on the others. */
import { atLeast, atMost, type Measurement } from '../report.ts';
import { type Own, quantized } from './own.ts';
import { faces, model, type Picture, pictureOf } from './pictures.ts';
import { areaUnderCurve, cosine, Sqnr } from './quality.ts';
import { race } from './race.ts';

const size = { width: 112, height: 112, resize: 'fill' } as const;
/** One face of so many is for calibration: some of everybody. */
const calibrationEvery = 3;
/** Layers stay in float until this holds on the calibration's own faces: a bit more than is asked for on others. */
const bound = { sqnrDb: 25.5 };
const checks = 24;

interface Face {
  readonly picture: Picture;
  readonly person: string;
}

export async function measureFaces(say: (line: string) => void): Promise<Measurement> {
  const all: Face[] = [];
  for (const { path, person } of await faces()) all.push({ picture: await pictureOf(path, size), person });
  const [calibration, others] = [true, false].map((wanted) =>
    all.filter((_, i) => (i % calibrationEvery === 0) === wanted),
  );
  if (!calibration || !others) throw new TypeError('Expected faces');
  const { float, int8, report } = await quantized(model('face_emb_mobilefacenet128.onnx'), {
    preprocessing: { mean: 127.5, std: 128 },
    samples: calibration.map(({ picture }) => feed(picture)),
    bound,
    checks,
    onProgress: (step) => say(`face embedder: ${step}`),
  });
  try {
    const expected = await embeddings(float, others);
    const actual = await embeddings(int8, others);
    const sqnr = new Sqnr();
    for (const [i, embedding] of expected.entries()) sqnr.add(embedding, actual[i] ?? []);
    const auc = { float: verification(others, expected), int8: verification(others, actual) };
    const [first] = others;
    const sample = feed(first?.picture ?? { type: 'uint8', dims: [0, 0, 0, 0], data: new Uint8Array() });
    const times = await race([
      { name: 'int8', run: () => int8.answer(sample) },
      { name: 'float, compiled', run: () => float.answer(sample) },
    ]);
    say(`face embedder: ${JSON.stringify(times.ms)} ms; ${sqnr.db.toFixed(1)} dB; ${JSON.stringify(auc)}`);
    return {
      goals: [
        atLeast('MobileFaceNet in int8, signal over quantization noise', 'dB', 25, sqnr.db),
        atMost(
          'MobileFaceNet in int8, loss of area under the curve of verification',
          'AUC',
          0.002,
          auc.float - auc.int8,
        ),
      ],
      figures: {
        mobileFaceNet: { ms: times.ms, sqnrDb: sqnr.db, auc, chosen: report.chosen, method: report.method },
      },
    };
  } finally {
    await Promise.all([float, int8].map(({ session }) => session.close()));
  }
}

const input = 'input';

const feed = (picture: Picture) => ({ [input]: picture });

async function embeddings({ answer }: Own, given: readonly Face[]): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const { picture } of given) all.push((await answer(feed(picture))).slice());
  return all;
}

/** Whether the cosine of two faces tells if they are of one person, over all pairs. */
function verification(given: readonly Face[], all: readonly Float32Array[]): number {
  const scored = given.flatMap(({ person }, i) =>
    given.slice(0, i).map((other, j) => ({
      score: cosine(all[i] ?? [], all[j] ?? []),
      positive: other.person === person,
    })),
  );
  return areaUnderCurve(scored);
}
