/**
 * Makes the built-in bundles for sensors with the commands that everybody has, from simulated readings:
 * `npm run build && npx tsx scripts/train-sensors.ts`. The same program makes the same bytes.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = new URL('../', import.meta.url);
const pathOf = (path: string) => fileURLToPath(new URL(path, root));

const bundles = [
  {
    name: 'bearing',
    count: 400,
    description:
      'Vibration of a healthy simulated bearing, 0.25 s at 4 kHz a message: a linear autoencoder of features.',
    how: ['--rate', '4000', '--each-message', '--features', 'vibration'],
  },
  {
    name: 'ecg',
    count: 600,
    description:
      'Normal simulated heartbeats of 140 samples at 125 Hz: a linear autoencoder. No medical device.',
    how: ['--rate', '125', '--each-message', '--features', 'raw'],
  },
  {
    name: 'vitals',
    count: 4000,
    description:
      'Ten minutes of a simulated patient at rest, a value a minute: a linear autoencoder. No medical device.',
    // Windows that overlap are odd together: not one may be.
    how: ['--rate', '1/60', '--window', '600', '--stride', '60', '--features', 'raw', '--false-alarms', '0'],
  },
];

const run = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 28 })).stdout;

const folder = await mkdtemp(join(tmpdir(), 'edgeward-sensors-'));
try {
  for (const { name, count, description, how } of bundles) {
    const recording = join(folder, 'simulated.jsonl');
    await writeFile(
      recording,
      await run(pathOf('examples/sensors/simulate.mjs'), name, '--count', String(count)),
    );
    const config = name === 'vitals' ? ['--config', pathOf('config/vitals.yaml')] : [];
    const out = pathOf(`models/${name}/${name}.bundle`);
    const bundle = ['--name', name, '--description', description, '--license', 'Apache-2.0', '--out', out];
    await run(
      pathOf('dist/cli/main.js'),
      'fit',
      'sensor',
      '--normal',
      recording,
      ...how,
      ...config,
      ...bundle,
    );
    process.stderr.write(`${out}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
