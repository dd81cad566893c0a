/** 500 clients at once, one that reads nothing, and one that publishes all it can at QoS 0. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { generate, parser } from 'mqtt-packet';
import { atMost } from '../bench/report.ts';
import { createGateway, digits, startFlow, tell } from './gateway.ts';
import { footprintOf } from './processes.ts';
import type { Blow, Part } from './report.ts';
import { type Scratch, withScratch } from './scratch.ts';

const clients = 500;
const floodMs = { short: 1_000, whole: 5_000 };
/** Sieges one after the other; the first three fill the heap and every queue. */
const sieges = 5;
/** Queues have bounds: once they have been full, another siege needs no more, but for what is yet to be collected. */
const growthMb = 48;

const part: Part = ({ short, say }) =>
  withScratch(async (scratch) => {
    const { daemon, port } = await createGateway(scratch);
    await daemon.start();
    const flow = await startFlow(scratch, 'crowd', { port });
    const blows: Blow[] = [];
    const note = async (kind: string) => {
      const recoveryMs = await flow.recovered();
      blows.push({ kind, recoveryMs });
      say(`${kind}: recovered in ${Math.round(recoveryMs ?? Number.NaN)} ms`);
    };
    const besiege = async () => {
      const startedAt = performance.now();
      const crowd = await Promise.all(
        Array.from({ length: clients }, (_, i) => join(scratch, port, `crowd-${i}`)),
      );
      const connectMs = performance.now() - startedAt;
      await note(`${clients} clients at once`);
      for (const socket of crowd) socket.destroy();

      const slow = await join(scratch, port, 'slow');
      slow.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] }));
      slow.pause();
      const flooder = await join(scratch, port, 'flooder');
      const flooded = await flood(flooder, short ? floodMs.short : floodMs.whole);
      await note('publisher flood, slow consumer');
      slow.destroy();
      say(`${clients} clients in ${Math.round(connectMs)} ms; ${flooded} messages of the flood`);
      return { connectMs, flooded, footprint: await footprintOf(daemon.pid) };
    };
    await delay(500);
    const rounds: Awaited<ReturnType<typeof besiege>>[] = [];
    for (let i = 0; i < sieges; i++) rounds.push(await besiege());
    const grown = (rounds.at(-1)?.footprint.mb ?? Number.NaN) - (rounds[2]?.footprint.mb ?? Number.NaN);
    const report = await flow.finish();
    tell(say, 'crowd', report);
    return {
      blows,
      flows: { crowd: report },
      goals: [
        atMost('crowd: daemon crashed', 'times', 0, daemon.running ? 0 : 1),
        atMost('crowd: memory of later sieges', 'MB more', growthMb, grown),
      ],
      figures: { rounds },
    };
  });
export default part;

/** Resolves when the broker has let it in. */
async function join(scratch: Scratch, port: number, clientId: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  scratch.use(socket, async () => socket.destroy());
  const read = parser();
  const welcome = once(read, 'packet');
  socket.on('data', (bytes) => read.parse(bytes));
  socket.write(generate({ cmd: 'connect', clean: true, clientId, keepalive: 0 }));
  await welcome;
  return socket;
}

async function flood(socket: Socket, ms: number): Promise<number> {
  const [data] = await digits();
  const payload = JSON.stringify({ data });
  const packet = generate({
    cmd: 'publish',
    topic: 'cameras/flood/frame',
    payload,
    qos: 0,
    dup: false,
    retain: false,
  });
  const end = performance.now() + ms;
  let sent = 0;
  while (performance.now() < end && !socket.destroyed) {
    sent++;
    // Who is not read waits, but not beyond the end of the flood.
    if (!socket.write(packet)) await Promise.race([once(socket, 'drain'), delay(end - performance.now())]);
  }
  socket.destroy();
  return sent;
}
