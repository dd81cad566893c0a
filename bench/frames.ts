/** Frames a second over MQTT, beside the straightforward program and beside what the machine could do without MQTT. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMs } from './cpu.ts';
import { type BenchDaemon, startDaemon } from './daemon.ts';
import { makeNet, type Net } from './frames/net.ts';
import { cameraPictures } from './frames/pictures.ts';
import { runCameras, runLimit, startRival } from './frames/processes.ts';
import { startMosquitto } from './mosquitto.ts';
import { atLeast, type Benchmark, median, rounded } from './report.ts';

const rounds = 3;
const warmupMs = 1_500;
const measureMs = 4_000;
const maxBatch = 8;
/** Enough frames on their way for two processes with a batch each at work and one waiting. */
const window = 4 * maxBatch;

interface Stoppable {
  stop(): Promise<void>;
}

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly topic: string;
  readonly results: string;
  /** CPU time of its processes, ms. */
  cpu(): Promise<number>;
}

const benchmark: Benchmark = async (say) => {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  const pictures = await cameraPictures(8);
  const payloads = pictures.map((picture) => picture.toString('base64'));
  say(`making the net; a frame has ${Math.round((pictures[0]?.length ?? 0) / 1024)} KB`);
  const net = await makeNet(folder, pictures);
  const started: Stoppable[] = [];
  try {
    const contenders = await startContenders(net, started);
    const rates = new Map<string, number[]>();
    const cpu = new Map<string, number[]>();
    const note = (to: Map<string, number[]>, name: string, value: number) =>
      to.set(name, [...(to.get(name) ?? []), value]);
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const { name, port, topic, results } = contender;
        const before = await contender.cpu();
        const job = {
          port,
          topics: [topic],
          results,
          payloads,
          qos: 1,
          framesPerSecond: 0,
          finish: false,
        } as const;
        const report = await runCameras({ ...job, window, warmupMs, measureMs });
        const perSecond = report.results / report.seconds;
        note(rates, name, perSecond);
        // The warm-up is about as busy as what is measured.
        const share = measureMs / (warmupMs + measureMs);
        note(cpu, name, (((await contender.cpu()) - before) * share) / report.results);
        say(`${name}: ${rounded(perSecond)} frames/s`);
      }
      const perSecond = await limit(net, payloads);
      note(rates, 'limit', perSecond);
      say(`limit, without MQTT: ${rounded(perSecond)} frames/s`);
    }
    const of = (name: string) => median(rates.get(name) ?? []);
    const against = (ours: string, theirs: string) =>
      median((rates.get(ours) ?? []).map((rate, i) => rate / (rates.get(theirs)?.[i] ?? Number.NaN)));
    return {
      goals: [
        atLeast(
          'frames a second against mqtt.js + sharp + onnxruntime-node',
          'times',
          3,
          against(embedded, onnx),
        ),
        atLeast('frames a second against mqtt.js + sharp + tfjs-wasm', 'times', 8, against(embedded, wasm)),
        atLeast('frames a second against the machine without MQTT', 'times', 0.8, against(embedded, 'limit')),
      ],
      figures: {
        form: net.form,
        framesPerSecond: Object.fromEntries([...rates.keys()].map((name) => [name, rounded(of(name))])),
        cpuMsPerFrame: Object.fromEntries([...cpu].map(([name, values]) => [name, rounded(median(values))])),
      },
    };
  } finally {
    for (const each of started.reverse()) await each.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
export default benchmark;

const embedded = 'edgeward, embedded broker';
const onnx = 'mqtt.js + sharp + onnxruntime-node';
const wasm = 'mqtt.js + sharp + tfjs-wasm';

/** What is started is noted in `started`, also where a later part fails. */
async function startContenders(net: Net, started: Stoppable[]): Promise<Contender[]> {
  const noted = <T extends Stoppable>(each: T): T => {
    started.push(each);
    return each;
  };
  const own = (name: string, port: number, daemon: BenchDaemon): Contender => ({
    name,
    port,
    topic: 'bench/line/frame',
    results: 'edgeward/bench/line/net/result',
    cpu: () => daemon.treeCpuMs(),
  });
  const rival = async (name: string, engine: 'onnx' | 'tfjs', model: string): Promise<Contender> => {
    const { pid } = noted(await startRival(url, engine, model));
    const [topic, results] = [`${engine}/line/frame`, `${engine}/line/result`];
    return { name, port: broker.port, topic, results, cpu: () => cpuMs(pid) };
  };
  const daemon = noted(await startDaemon(configOf(net)));
  const mosquitto = await startMosquitto();
  // Without mosquitto the rivals use a broker of ours that does nothing else.
  const broker = noted(mosquitto ?? (await startDaemon('')));
  const url = `mqtt://127.0.0.1:${broker.port}`;
  return [
    own(embedded, daemon.port, daemon),
    ...(mosquitto
      ? [own('edgeward, mosquitto', broker.port, noted(await startDaemon(configOf(net), url)))]
      : []),
    await rival(onnx, 'onnx', net.float),
    await rival(wasm, 'tfjs', join(net.tfjs, 'model.json')),
  ];
}

async function limit({ bundle }: Net, pictures: readonly string[]): Promise<number> {
  const job = { bundle, pictures, batch: maxBatch, everyMs: 0, warmupMs, measureMs };
  const runs = await Promise.all(Array.from({ length: availableParallelism() }, () => runLimit(job)));
  return runs.reduce((sum, { frames, seconds }) => sum + frames / seconds, 0);
}

/** A gateway that judges every frame of every camera below `bench/`. */
function configOf({ bundle }: Net): string {
  return `
models: { net: { bundle: '${bundle}', maxBatch: ${maxBatch} } }
sources: { line: { topic: 'bench/{source}/frame' } }
pipelines: { net: { use: classify, models: { classifier: net }, mailbox: every, maxInFlight: ${window} } }
`;
}
