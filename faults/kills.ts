/** SIGKILL of the daemon, of a model process and of the broker, and SIGSTOP of a model process, while frames flow. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '../bench/report.ts';
import type { Random } from '../src/training/random.ts';
import { freePort } from '../test/support/free-port.ts';
import { MosquittoProcess, mosquittoFile } from '../test/support/mosquitto-process.ts';
import { BrokenWay } from './broken-way.ts';
import type { Flow } from './flow.ts';
import { createGateway, later, modelPids, repaired, startFlow, tell } from './gateway.ts';
import type { Blow, Conditions, Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';
import { Tap } from './tap.ts';

type Daemon = Awaited<ReturnType<typeof createGateway>>['daemon'];
type Strike = (flow: Flow) => Promise<number | null>;

/** Kills of the whole campaign, over both kinds of broker. */
const kills = { short: 6, whole: 100 };
/** What a stopped model process is given. */
const modelDeadlineMs = 2_000;

const part: Part = async (conditions) => {
  const embedded = await withScratch((scratch) => underEmbedded(scratch, conditions));
  if (mosquittoFile === undefined)
    return { ...embedded, skipped: { 'kill broker': 'mosquitto is not installed' } };
  const external = await withScratch((scratch) => underMosquitto(scratch, conditions));
  return {
    blows: [...embedded.blows, ...external.blows],
    flows: { ...embedded.flows, mosquitto: external.flow },
    goals: [
      atMost('kills: frames acknowledged before their result was accepted', 'frames', 0, external.early),
    ],
    figures: { takenByKilledBroker: external.taken },
  };
};
export default part;

async function underEmbedded(scratch: Scratch, conditions: Conditions) {
  const { daemon, port } = await createGateway(scratch, { modelDeadlineMs });
  await daemon.start();
  const flow = await startFlow(scratch, 'embedded', { port });
  const blows = await strikeAll(flow, conditions, {
    'kill daemon': killDaemon(daemon),
    'kill model': killModel(daemon, conditions.random),
    'stop model': stopModel(daemon, conditions.random),
  });
  const report = await flow.finish();
  tell(conditions.say, 'embedded broker', report);
  return { blows, flows: { embedded: report } };
}

async function underMosquitto(scratch: Scratch, conditions: Conditions) {
  // Its store is written after each change, in memory: what it acknowledges outlives it, but for a moment.
  const lines = ['autosave_on_changes true', 'autosave_interval 1', 'max_queued_messages 0'];
  const folder = await scratch.folder(existsSync('/dev/shm') ? '/dev/shm' : undefined);
  const broker = new MosquittoProcess({ folder, port: await freePort(), lines });
  scratch.use(broker, () => broker.stop('SIGKILL'));
  await broker.start();
  const tap = new Tap();
  const way = new BrokenWay({ to: broker.port, tap: tap.connection });
  await way.start();
  scratch.use(way, () => way.stop());
  const { daemon } = await createGateway(scratch, { broker: way.port, modelDeadlineMs });
  await daemon.start();
  const flow = await startFlow(scratch, 'mosquitto', { port: broker.port });
  const blows = await strikeAll(flow, conditions, {
    'kill daemon': killDaemon(daemon),
    'kill model': killModel(daemon, conditions.random),
    'kill broker': async () => {
      await broker.stop('SIGKILL');
      // What the broker had acknowledged and not written never comes.
      const recovered = flow.recovered({ all: false });
      await broker.start();
      return recovered;
    },
  });
  const report = await flow.finish();
  // What a killed broker took with it is no loss of ours, as long as the gateway has kept its promise.
  const lost = report.lost.filter((id) => tap.isLostByGateway(id));
  const taken = report.lost.length - lost.length;
  tell(conditions.say, 'mosquitto', { ...report, lost });
  if (taken > 0) conditions.say(`mosquitto took ${taken} frames or results with it when it was killed`);
  return { blows, flow: { ...report, lost }, early: tap.early, taken };
}

/** Half of the kills, each of a kind and at a moment that the seed chooses; every kind at least once. */
async function strikeAll(
  flow: Flow,
  { random, short, say }: Conditions,
  strikes: Readonly<Record<string, Strike>>,
): Promise<Blow[]> {
  const kinds = Object.keys(strikes);
  const blows: Blow[] = [];
  for (let n = 0; n < (short ? kills.short : kills.whole) / 2; n++) {
    const kind = kinds[n < kinds.length ? n : Math.floor(random() * kinds.length)] ?? '';
    await delay(100 + random() * 500);
    const recoveryMs = (await strikes[kind]?.(flow)) ?? null;
    blows.push({ kind, recoveryMs });
    say(`${kind}: ${recoveryMs === null ? 'no recovery' : `recovered in ${Math.round(recoveryMs)} ms`}`);
  }
  return blows;
}

function killDaemon(daemon: Daemon): Strike {
  return async (flow) => {
    await daemon.kill();
    const recovered = flow.recovered();
    await daemon.start();
    return recovered;
  };
}

function killModel(daemon: Daemon, random: Random): Strike {
  return async (flow) => {
    const pid = await someModel(daemon, random);
    process.kill(pid, 'SIGKILL');
    return later(...(await Promise.all([flow.recovered(), repaired(daemon, pid)])));
  };
}

/** The deadline of the model ends it. */
function stopModel(daemon: Daemon, random: Random): Strike {
  return async (flow) => {
    const pid = await someModel(daemon, random);
    process.kill(pid, 'SIGSTOP');
    return later(...(await Promise.all([flow.recovered(), repaired(daemon, pid)])));
  };
}

async function someModel(daemon: Daemon, random: Random): Promise<number> {
  const pids = await modelPids(daemon);
  const pid = pids[Math.floor(random() * pids.length)];
  if (pid === undefined) throw new Error('Expected a model process');
  return pid;
}
