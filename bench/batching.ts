/** What batching is worth: at the model host alone, and through MQTT, broker, pipeline and results. */
import { readdir, readFile } from 'node:fs/promises';
import { type BenchDaemon, publish, startDaemon } from './daemon.ts';
import { hostGoals, measureHost } from './host.ts';
import { atLeast, type Benchmark, median, rounded } from './report.ts';

const batches = [1, 32] as const;
const rounds = 3;
const window = 256;
const digits = new URL('../examples/digits/', import.meta.url);

const benchmark: Benchmark = async (say) => {
  const host = await measureHost(say);
  const overMqtt = await measureOverMqtt(say);
  const goal = atLeast('digits a second over MQTT, maxBatch 32 against 1', 'times', 2, overMqtt.ratio);
  return { goals: [...hostGoals(host), goal], figures: { host, overMqtt } };
};
export default benchmark;

/** PNG digits at QoS 1 from one publisher, each acknowledged after its result; rounds take turns. */
async function measureOverMqtt(say: (line: string) => void) {
  const names = (await readdir(digits)).filter((name) => name.endsWith('.png'));
  const payloads = await Promise.all(names.map((name) => readFile(new URL(name, digits), 'base64')));
  const daemons = await Promise.all(batches.map((maxBatch) => startDaemon(configOf(maxBatch))));
  const rates: number[][] = batches.map(() => []);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [i, { port }] of daemons.entries()) {
        const job = { port, topic: 'bench/line/digit', payloads, window, warmupMs: 700, measureMs: 2_000 };
        const rate = await publish(job);
        rates[i]?.push(rate);
        say(`over MQTT, maxBatch ${batches[i]}: ${Math.round(rate)} digits/s`);
      }
    }
  } finally {
    await Promise.all(daemons.map((daemon: BenchDaemon) => daemon.stop()));
  }
  const [one = [], many = []] = rates;
  const ratios = many.map((rate, round) => rate / (one[round] ?? Number.NaN));
  return { batch1: rounded(median(one)), batch32: rounded(median(many)), ratio: rounded(median(ratios)) };
}

function configOf(maxBatch: number): string {
  return `
models: { digits: { bundle: 'builtin:digits', maxBatch: ${maxBatch} } }
sources: { line: { topic: 'bench/{source}/digit' } }
pipelines:
  digits:
    { use: classify, models: { classifier: digits }, mailbox: every, maxInFlight: ${window} }
`;
}
