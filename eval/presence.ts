/**
 * Whether a photograph shows a person: the default detector, or the bundle that `EVAL_DETECTOR` names, through the
 * process that a gateway runs it in.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { atLeast, type Benchmark, median, rounded } from '../bench/report.ts';
import { Image } from '../src/image.ts';
import { startHost } from './host.ts';

const data = new URL('../../shared/data/coco-people/', import.meta.url);
const want = 0.985;
const what = 'area under the curve, person or none on coco-people, int8';

const measure: Benchmark = async (say) => {
  if (!existsSync(data)) {
    const why = 'the photographs are missing: ../shared/data/coco-people';
    return { goals: [{ what, unit: 'AUC', want: `>= ${want}`, got: null, ok: false, why }], figures: {} };
  }
  const host = await startHost(process.env.EVAL_DETECTOR ?? 'builtin:centernet');
  try {
    const names = (await readdir(new URL('images/', data))).sort();
    const judged = await Promise.all(
      names.map(async (name) => {
        const image = new Image({ data: await readFile(new URL(`images/${name}`, data)), format: 'jpeg' });
        const { detections = [], timing } = await host.infer(image);
        const scores = detections.filter(({ label }) => label === 'person').map(({ score }) => score);
        return { person: await showsPerson(name), score: Math.max(0, ...scores), timing };
      }),
    );
    const [shown, empty] = [true, false].map((person) => judged.filter((each) => each.person === person));
    const auc = areaUnderCurve(scoresOf(shown), scoresOf(empty));
    say(`${shown?.length} photographs with people, ${empty?.length} without: AUC ${auc.toFixed(4)}`);
    const threshold = host.manifest?.thresholds?.score ?? 0;
    const above = (some: typeof judged = []) => some.filter(({ score }) => score >= threshold).length;
    const perPicture = judged.map(({ timing }) => timing.inferMs / timing.batchSize);
    return {
      goals: [atLeast(what, 'AUC', want, auc)],
      figures: {
        quantization: host.manifest?.quantization?.scheme,
        digest: host.ref?.digest,
        atThreshold: {
          threshold,
          found: above(shown),
          of: shown?.length,
          falsely: above(empty),
          ofEmpty: empty?.length,
        },
        inferMsPerPicture: rounded(median(perPicture)),
      },
    };
  } finally {
    await host.stop();
  }
};
export default measure;

/** Class 0 of the labels is person; a photograph without any label shows none. */
async function showsPerson(image: string): Promise<boolean> {
  const file = new URL(`labels/${image.replace('.jpg', '.txt')}`, data);
  return existsSync(file) && (await readFile(file, 'utf8')).split('\n').some((line) => line.startsWith('0 '));
}

function scoresOf(judged: readonly { readonly score: number }[] = []): number[] {
  return judged.map(({ score }) => score);
}

/** How often one of `above` exceeds one of `below`; a tie counts half. */
function areaUnderCurve(above: readonly number[], below: readonly number[]): number {
  let won = 0;
  for (const a of above) for (const b of below) won += a > b ? 1 : a === b ? 0.5 : 0;
  return won / (above.length * below.length);
}
