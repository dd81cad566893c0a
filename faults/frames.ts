/** Damaged JPEG, PNG, WebP, JSON and Sparkplug from a stranger, among the frames of an honest camera. */
import { connectAsync } from 'mqtt';
import { createGateway } from './gateway.ts';
import { mutate, pick } from './hostile/mutate.ts';
import { wholeFrames } from './hostile/samples.ts';
import { besiege } from './hostile/siege.ts';
import type { Part } from './report.ts';
import { withScratch } from './scratch.ts';

const count = { short: 1_000, whole: 5_000 };
const window = 32;

const part: Part = (conditions) =>
  withScratch(async (scratch) => {
    const gateway = await createGateway(scratch, {
      sources: "  pumps: { topic: 'plant/{source}/load', topics: ['spBv1.0/plant/DDATA/edge/{source}'] }",
      pipelines: `  watch:
    use: sensor
    mailbox: every
    sources: [pumps]
    options: { channels: { load: { topic: 'plant/{source}/load', path: percent }, speed: { topic: 'spBv1.0/plant/+/edge/{source}', path: Motor/Speed } } }`,
    });
    await gateway.daemon.start();
    const { random, short } = conditions;
    const whole = await wholeFrames();
    const stranger = await connectAsync(`mqtt://127.0.0.1:${gateway.port}`, { clientId: 'stranger' });
    scratch.use(stranger, () => stranger.endAsync(true));
    const attack = async (payloads: number) => {
      const onTheWay = new Set<Promise<unknown>>();
      for (let n = 0; n < payloads; n++) {
        const { topic, bytes } = pick(whole, random);
        const sent = stranger.publishAsync(topic, mutate(bytes, random), { qos: 1 });
        onTheWay.add(sent);
        void sent.finally(() => onTheWay.delete(sent));
        if (onTheWay.size >= window) await Promise.race(onTheWay);
      }
      await Promise.all(onTheWay);
    };
    return besiege(scratch, gateway, conditions, {
      name: 'hostile frames',
      count: short ? count.short : count.whole,
      attack,
    });
  });
export default part;
