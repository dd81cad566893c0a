/** Small nets over MQTT: readings a second, beside what the brokers and the model host do without the rest. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchDaemon, startDaemon } from './daemon.ts';
import { runCameras, runTraffic } from './frames/processes.ts';
import { measureHost, pngDigits, rawDigits } from './host.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';
import { makeSoundNet, type SoundNet } from './readings/sound-net.ts';
import { atLeast, type Benchmark, type Goal, median, rounded } from './report.ts';

const wanted = 10_000;
const rounds = 3;
const warmupMs = 2_000;
const measureMs = 4_000;
/** Enough for two processes with a full batch at work and one that waits. */
const window = 512;
const summary = fileURLToPath(new URL('./readings/summary.mjs', import.meta.url));

/** A net with what is sent to it. */
interface Case {
  readonly name: string;
  readonly pipeline: 'digits' | 'sound';
  /** The level of the topic that tells the source: sources differ in their content type. */
  readonly source: 'png' | 'raw' | 'sound';
  readonly payloads: readonly Uint8Array[];
}

interface Bus {
  readonly name: 'embedded' | 'mosquitto';
  readonly daemon: BenchDaemon;
  readonly port: number;
}

const benchmark: Benchmark = async (say) => {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-bench-'));
  const mosquitto = await startMosquitto();
  const buses: Bus[] = [];
  try {
    const sound = await makeSoundNet(folder);
    if (sound === undefined) say('anomaly net ad01: not measured, its file is missing');
    buses.push(...(await startBuses(mosquitto, sound)));
    const rates = new Map<string, { perSecond: number; daemonCpuUs: number }[]>();
    const cases = await makeCases(sound);
    for (let round = 0; round < rounds; round++) {
      for (const one of cases) {
        for (const bus of buses) {
          const key = `${one.name}, ${bus.name}`;
          const result = await measure(bus, one);
          rates.set(key, [...(rates.get(key) ?? []), result]);
          say(`${key}: ${Math.round(result.perSecond)}/s, ${rounded(result.daemonCpuUs)} us of the daemon`);
        }
      }
    }
    const brokers = await brokersAlone(buses, say);
    const host = await measureHost(say);
    const middle = (key: string, figure: 'perSecond' | 'daemonCpuUs') =>
      rounded(median((rates.get(key) ?? []).map((round) => round[figure])));
    const goals = goalNames(mosquitto !== undefined).map(({ key, why }) =>
      rates.has(key) ? goalOf(key, middle(key, 'perSecond')) : missing(key, why),
    );
    const readings = Object.fromEntries(
      [...rates.keys()].map((key) => [
        key,
        { perSecond: middle(key, 'perSecond'), daemonCpuUs: middle(key, 'daemonCpuUs') },
      ]),
    );
    return { goals, figures: { readings, brokersAlone: brokers, hostAlone: host } };
  } finally {
    for (const { daemon } of buses) await daemon.stop();
    await mosquitto?.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
export default benchmark;

/** Every goal there is, and why it may not have been measured. */
function goalNames(hasMosquitto: boolean): { key: string; why: string }[] {
  return ['digits as PNG', 'digits as raw pixels', 'ad01'].flatMap((net) =>
    ['embedded', 'mosquitto'].map((bus) => ({
      key: `${net}, ${bus}`,
      why:
        bus === 'mosquitto' && !hasMosquitto
          ? 'mosquitto is not installed'
          : 'mlperf_ad01_int8.tflite is missing',
    })),
  );
}

const goalOf = (key: string, got: number): Goal => atLeast(`readings over MQTT, ${key}`, '1/s', wanted, got);

function missing(key: string, why: string): Goal {
  return { what: `readings over MQTT, ${key}`, unit: '1/s', want: `>= ${wanted}`, got: null, ok: false, why };
}

async function startBuses(mosquitto: Mosquitto | undefined, sound: SoundNet | undefined): Promise<Bus[]> {
  const yaml = `
models:
  digits: { bundle: 'builtin:digits', maxBatch: 64 }
${sound ? `  sound: { bundle: '${sound.bundle}', maxBatch: 64 }` : ''}
sources:
  png: { topic: 'bench/png/frame' }
  raw: { topic: 'bench/raw/frame', contentType: 'image/x-grey; width=28; height=28' }
${sound ? "  sound: { topic: 'bench/sound/frame' }" : ''}
pipelines:
  digits: { use: classify, models: { classifier: digits }, sources: [png, raw], mailbox: every, maxInFlight: 512 }
${sound ? `  sound: { use: '${summary}', models: { net: sound }, sources: [sound], mailbox: every, maxInFlight: 512 }` : ''}
`;
  const embedded = await startDaemon(yaml);
  const buses: Bus[] = [{ name: 'embedded', daemon: embedded, port: embedded.port }];
  if (mosquitto) {
    const daemon = await startDaemon(yaml, mosquitto.url);
    buses.push({ name: 'mosquitto', daemon, port: mosquitto.port });
  }
  return buses;
}

async function makeCases(sound: SoundNet | undefined): Promise<Case[]> {
  const [png, raw] = [await pngDigits(), await rawDigits()];
  return [
    {
      name: 'digits as PNG',
      pipeline: 'digits',
      source: 'png',
      payloads: png.map(({ data }) => data),
    },
    {
      name: 'digits as raw pixels',
      pipeline: 'digits',
      source: 'raw',
      payloads: raw.map(({ data }) => data),
    },
    ...(sound
      ? [{ name: 'ad01', pipeline: 'sound', source: 'sound', payloads: sound.samples } as const]
      : []),
  ];
}

async function measure({ daemon, port }: Bus, { source, pipeline, payloads }: Case) {
  const before = await daemon.cpuMs();
  const report = await runCameras({
    port,
    topics: [`bench/${source}/frame`],
    results: `edgeward/bench/${source}/${pipeline}/result`,
    payloads: payloads.map((payload) => Buffer.from(payload).toString('base64')),
    qos: 1,
    window,
    framesPerSecond: 0,
    finish: false,
    warmupMs,
    measureMs,
  });
  const busyMs = (await daemon.cpuMs()) - before;
  // The warm-up is about as busy as what is measured; what was sent and has no result yet is few of many.
  return { perSecond: report.results / report.seconds, daemonCpuUs: (busyMs * 1000) / report.sent };
}

/** Messages of the size of a reading from one client to another, with nothing that judges them. */
async function brokersAlone(buses: readonly Bus[], say: (line: string) => void) {
  const figures: Record<string, number> = {};
  for (const { name, port } of buses) {
    const job = { port, bytes: 784, qos: 1, subscribers: 1, warmupMs, measureMs } as const;
    figures[name] = rounded(await runTraffic(job));
    say(`${name} alone: ${figures[name]} messages/s`);
  }
  return figures;
}
