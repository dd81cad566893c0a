/** Machines, heartbeats and vital signs through the pipeline `sensor`, fitted by `edgeward fit sensor`. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Measurement } from '../bench/report.ts';
import { bearings } from './sensor/bearings.ts';
import { data } from './sensor/data.ts';
import { heartbeats } from './sensor/heartbeats.ts';
import { machineTemperature } from './sensor/machine-temperature.ts';
import { vitals } from './sensor/vitals.ts';

const parts = { machineTemperature, bearings, heartbeats, vitals };

const sensor: Benchmark = async (say) => {
  if (!existsSync(data)) {
    const why = '../shared/data/sensors is not there';
    const goals = Object.keys(parts).map((what) => ({
      what,
      unit: '',
      want: 'data',
      got: null,
      ok: false,
      why,
    }));
    return { goals, figures: {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-eval-'));
  const measured: [string, Measurement][] = [];
  try {
    for (const [name, part] of Object.entries(parts)) measured.push([name, await part(say, folder)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return {
    goals: measured.flatMap(([, { goals }]) => goals),
    figures: Object.fromEntries(measured.map(([name, { figures }]) => [name, figures])),
  };
};
export default sensor;
