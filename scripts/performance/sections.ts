/** The parts of the report: what each benchmark is about, and which of its figures are drawn. */
import type { Measured } from './measured.ts';
import type { Chart } from './svg.ts';

export interface Section {
  readonly title: string;
  readonly about: string;
  readonly charts?: (figures: Measured) => readonly Chart[];
}

/** In the order of the report, and of the measurement. */
export const sections: Readonly<Record<string, Section>> = {
  frames: {
    title: 'Frames a second over MQTT',
    about:
      'JPEG of 640 × 480 at QoS 1 through an int8 net of the shape of MobileNetV2; cameras are another process on the same cores. The straightforward programs use mqtt.js, sharp and the float net, one frame at a time; the limit is decoding, resizing and running on all cores, without MQTT.',
    charts: (figures) => [
      bars('frames-rate', 'Frames a second', 'frames/s', { frames: table(figures, 'framesPerSecond') }),
      bars('frames-cpu', 'CPU time a frame', 'ms', { ms: table(figures, 'cpuMsPerFrame') }),
    ],
  },
  latency: {
    title: 'Latency',
    about:
      'One camera at five frames a second: from publishing a frame to its result, beside decoding, resizing and running it alone.',
    charts: ({ rounds }) => {
      const each = Array.isArray(rounds) ? rounds : [];
      const of = (who: 'frame' | 'alone') =>
        Object.fromEntries(
          each.flatMap((round, i) =>
            Object.entries(table(round, who)).map(([name, ms]) => [`round ${i + 1}, ${name}`, ms]),
          ),
        );
      return [
        bars('latency', 'Publish to result', 'ms', {
          'over MQTT': of('frame'),
          'the net alone': of('alone'),
        }),
      ];
    },
  },
  cameras: {
    title: 'Many cameras',
    about:
      'The same number of frames a second from ever more cameras, and cameras that send more than can be judged.',
    charts: (figures) => [
      lines('cameras', 'CPU time a frame, by number of cameras', 'ms', {
        ms: table(figures, 'cpuMsPerFrame'),
      }),
    ],
  },
  presence: {
    title: 'Cameras of a house',
    about:
      'Pictures of 640 × 480 ten times a second through `presence` with its person detector: four cameras with motion, forty that see nothing move, and all of them at once.',
  },
  readings: {
    title: 'Small nets',
    about:
      'Digits of 28 × 28 and the anomaly net of MLPerf Tiny, each reading a message of its own at QoS 1, acknowledged after its result.',
    charts: ({ readings }) => {
      const of = (bus: string) =>
        Object.fromEntries(
          Object.entries(isRecord(readings) ? readings : {})
            .filter(([name]) => name.endsWith(`, ${bus}`))
            .map(([name, figures]) => [name.slice(0, name.lastIndexOf(',')), numberOf(figures, 'perSecond')]),
        );
      return [
        bars('readings', 'Readings a second', 'readings/s', {
          embedded: of('embedded'),
          mosquitto: of('mosquitto'),
        }),
      ];
    },
  },
  start: {
    title: 'Start and memory',
    about:
      'From the start of the process to ready and to the first result; memory at rest and after full load.',
    charts: ({ memory }) => [residentMemory('start', memory)],
  },
  'scale-out': {
    title: 'Gateways that share a topic',
    about:
      'One, two and four gateways with a model process each, on the same machine, at mosquitto with `bus.share`; then one is killed with SIGKILL.',
    charts: (figures) => [
      bars('scale-out', 'Frames a second, by number of gateways', 'frames/s', {
        frames: table(figures, 'framesPerSecond'),
      }),
    ],
  },
  gateway: {
    title: 'The gateway itself',
    about:
      'Memory of its processes at rest and after full load with digits, and what full load does to its event loop.',
    charts: (figures) => [residentMemory('gateway', figures)],
  },
  brokers: {
    title: 'The embedded broker beside mosquitto',
    about:
      'Messages that subscribers get, a second; publisher and subscribers are another process on the same cores.',
    charts: (figures) => {
      const cases = Object.entries(figures).filter(([name]) => / B at QoS /.test(name));
      const of = (broker: string) =>
        Object.fromEntries(cases.map(([name]) => [name, table(figures, name)[broker] ?? Number.NaN]));
      return [
        bars('brokers', 'Messages delivered', 'a second', {
          embedded: of('embedded'),
          mosquitto: of('mosquitto'),
        }),
      ];
    },
  },
  swap: {
    title: 'Swapping a model under load',
    about:
      'A signed release of the digits is fetched, proved and put in charge while frames come as fast as they are judged.',
    charts: ({ load, memoryMb }) => {
      const memory = Array.isArray(memoryMb) ? memoryMb.filter((value) => typeof value === 'number') : [];
      const phases = {
        before: table(load, 'before'),
        during: table(load, 'during'),
        after: table(load, 'after'),
      };
      const latencies = Object.fromEntries(
        Object.entries(phases).map(([phase, { p50 = Number.NaN, p99 = Number.NaN }]) => [
          phase,
          { p50, p99 },
        ]),
      );
      return [
        bars('swap-latency', 'Latency', 'ms', latencies),
        lines('swap-memory', 'Memory of all processes, swap after swap', 'MB', {
          MB: Object.fromEntries(memory.map((value, i) => [String(i + 1), value])),
        }),
      ];
    },
  },
};

type Columns = Readonly<Record<string, Readonly<Record<string, number>>>>;

function residentMemory(file: string, of: unknown): Chart {
  const columns = { 'at rest': table(of, 'idle'), 'after full load': table(of, 'loaded') };
  return bars(file, 'Resident memory', 'MB', columns);
}

function bars(file: string, title: string, unit: string, columns: Columns): Chart {
  return { file, title, unit, kind: 'bars', ...plotted(columns) };
}

function lines(file: string, title: string, unit: string, columns: Columns): Chart {
  return { file, title, unit, kind: 'lines', ...plotted(columns) };
}

function plotted(columns: Columns): Pick<Chart, 'labels' | 'series'> {
  const labels = [...new Set(Object.values(columns).flatMap(Object.keys))];
  const series = Object.entries(columns).map(([name, column]) => ({
    name,
    values: labels.map((label) => column[label] ?? Number.NaN),
  }));
  return { labels, series };
}

/** The numbers of an object that a figure should be; of older files it may be another thing. */
function table(of: unknown, key: string): Record<string, number> {
  const found = isRecord(of) ? of[key] : undefined;
  if (!isRecord(found)) return {};
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : [])),
  );
}

function numberOf(of: unknown, key: string): number {
  const found = isRecord(of) ? of[key] : undefined;
  return typeof found === 'number' ? found : Number.NaN;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
