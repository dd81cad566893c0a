/**
 * What compiling a model is worth: against LiteRT.js and TensorFlow.js on WebAssembly, against the float net in the
 * same runtime, and what it costs in accuracy, time and memory.
 */
import { existsSync } from 'node:fs';
import { measureCompilation } from './compiler/compilation.ts';
import { cpuClass } from './compiler/cpu-class.ts';
import { measureFaces } from './compiler/faces.ts';
import { measureHuman } from './compiler/human.ts';
import { measurePeople } from './compiler/people.ts';
import { shared } from './compiler/pictures.ts';
import { measureSound } from './compiler/sound.ts';
import { measureTflite } from './compiler/tflite.ts';
import type { Benchmark, Goal, Measurement } from './report.ts';

type Part = (say: (line: string) => void) => Promise<Measurement>;

const parts: Readonly<Record<string, Part>> = {
  tflite: measureTflite,
  human: measureHuman,
  people: measurePeople,
  sound: measureSound,
  faces: measureFaces,
  compilation: measureCompilation,
};

const benchmark: Benchmark = async (say) => {
  const cpu = await cpuClass();
  say(`processor: ${cpu}`);
  const goals: Goal[] = [];
  const figures: Record<string, unknown> = { cpu };
  for (const [name, part] of Object.entries(parts)) {
    const measured = await part(say).catch((cause: unknown) => missed(name, cause));
    goals.push(...measured.goals);
    Object.assign(figures, measured.figures);
  }
  return { goals, figures };
};
export default benchmark;

/** One part that cannot be measured here says so and stops none of the others. */
function missed(name: string, cause: unknown): Measurement {
  const why = existsSync(shared) ? String(cause) : `Expected models and pictures in ${shared}`;
  return {
    goals: [{ what: `all of ${name}`, unit: '', want: 'measured', got: null, ok: false, why }],
    figures: {},
  };
}
