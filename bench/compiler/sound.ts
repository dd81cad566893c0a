/** An autoencoder of machine sound quantized: how far its answers are from those in float. */
import { atLeast, type Measurement } from '../report.ts';
import { quantized } from './own.ts';
import { model } from './pictures.ts';
import { Sqnr } from './quality.ts';
import { race } from './race.ts';
import { vibrationFeatures } from './vibration.ts';

const calibrationShare = 0.5;

export async function measureSound(say: (line: string) => void): Promise<Measurement> {
  const all = await vibrationFeatures();
  const calibration = all.flatMap((rows) => rows.slice(0, rows.length * calibrationShare));
  const others = all.flatMap((rows) => rows.slice(rows.length * calibrationShare));
  const path = model('mlperf_ad01_fp32.tflite');
  const { float, int8, report } = await quantized(path, {
    samples: calibration.map(feed),
    onProgress: (step) => say(`autoencoder: ${step}`),
  });
  try {
    const sqnr = new Sqnr();
    for (const row of others) sqnr.add(await float.answer(feed(row)), await int8.answer(feed(row)));
    const sample = feed(others[0] ?? new Float32Array());
    const times = await race([
      { name: 'int8', run: () => int8.answer(sample) },
      { name: 'float, compiled', run: () => float.answer(sample) },
    ]);
    say(`autoencoder: ${JSON.stringify(times.ms)} ms; ${sqnr.db.toFixed(1)} dB`);
    return {
      goals: [atLeast('anomaly detector ad01 in int8, signal over quantization noise', 'dB', 25, sqnr.db)],
      figures: { ad01: { ms: times.ms, sqnrDb: sqnr.db, chosen: report.chosen, method: report.method } },
    };
  } finally {
    await Promise.all([float, int8].map(({ session }) => session.close()));
  }
}

function feed(data: Float32Array) {
  return { input_1: { type: 'float32', dims: [1, data.length], data } } as const;
}
