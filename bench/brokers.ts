/** The embedded broker beside mosquitto: small and large messages, QoS 0 and 1, to one and to ten. */
import { startDaemon } from './daemon.ts';
import { runTraffic } from './frames/processes.ts';
import { startMosquitto } from './mosquitto.ts';
import { atLeast, type Benchmark, type Goal, median, rounded } from './report.ts';

const rounds = 5;
const warmupMs = 500;
const measureMs = 2_000;
const cases = [100, 51_200].flatMap((bytes) =>
  ([0, 1] as const).flatMap((qos) => [1, 10].map((subscribers) => ({ bytes, qos, subscribers }))),
);

const benchmark: Benchmark = async (say) => {
  const mosquitto = await startMosquitto();
  const embedded = await startDaemon('');
  const goals: Goal[] = [];
  const figures: Record<string, unknown> = {};
  try {
    for (const { bytes, qos, subscribers } of cases) {
      const what = `${bytes} B at QoS ${qos} to ${subscribers}`;
      const measure = async (port: number) =>
        runTraffic({ port, bytes, qos, subscribers, warmupMs, measureMs });
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        ours.push(await measure(embedded.port));
        if (mosquitto) theirs.push(await measure(mosquitto.port));
      }
      const ratio = median(ours.map((rate, i) => rate / (theirs[i] ?? Number.NaN)));
      const goal = `messages a second against mosquitto, ${what}`;
      goals.push(
        mosquitto
          ? atLeast(goal, 'times', 1, ratio)
          : {
              what: goal,
              unit: 'times',
              want: '>= 1',
              got: null,
              ok: false,
              why: 'mosquitto is not installed',
            },
      );
      figures[what] = { embedded: rounded(median(ours)), mosquitto: rounded(median(theirs)) };
      say(`${what}: ${Math.round(median(ours))} msg/s, ${rounded(ratio)} times mosquitto`);
    }
    return { goals, figures };
  } finally {
    await embedded.stop();
    await mosquitto?.stop();
  }
};
export default benchmark;
