import sharp from 'sharp';
import { expect, it } from 'vitest';
import { collect, modelProcess, readDigits, startGateway } from '../support/gateway.ts';

const pictures = 2_000;
const window = 100;

/** A generator of numbers in [0, 1) that gives the same ones every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pictures that are cut, bit-flipped, or lie about their size. */
async function* brokenPictures(): AsyncGenerator<Buffer> {
  const random = seeded(7);
  const scene = sharp({ create: { width: 96, height: 64, channels: 3, background: '#357' } });
  const [digit] = await readDigits();
  if (!digit) throw new Error('no digits');
  const whole = [await scene.clone().jpeg().toBuffer(), await scene.clone().webp().toBuffer(), digit.png];
  for (let i = 0; i < pictures; i++) {
    const picture = Buffer.from(whole[i % whole.length] ?? []);
    const damage = Math.floor(i / whole.length) % 3;
    if (damage === 0) {
      yield picture.subarray(0, 4 + Math.floor(random() * (picture.length - 4)));
    } else if (damage === 1) {
      for (let n = 0; n < 8; n++) {
        const at = 2 + Math.floor(random() * (picture.length - 2));
        picture[at] = (picture[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      }
      yield picture;
    } else {
      yield Buffer.concat([picture.subarray(0, 12), Buffer.from(`${i} is no header`), picture.subarray(30)]);
    }
  }
}

it('answers each of 2,000 broken pictures, with no crash and no growth', async () => {
  const started = await startGateway();
  const { client } = started;
  const results = await collect(client, 'edgeward/gw/+/digits/result');
  const { pid } = modelProcess(started.gateway.health());
  const onTheWay = new Set<Promise<void>>();
  let halfway = 0;
  let sent = 0;
  for await (const picture of brokenPictures()) {
    const publishing = client.publish('cameras/desk/frame', picture, { qos: 1 });
    onTheWay.add(publishing);
    void publishing.then(() => onTheWay.delete(publishing));
    if (onTheWay.size >= window) await Promise.race(onTheWay);
    if (++sent === pictures / 2) halfway = process.memoryUsage.rss();
  }
  await Promise.all(onTheWay);
  await results.until(pictures, 20_000);
  const codes = new Set(results.json().map(({ error, result }) => error?.code ?? typeof result));
  expect([...codes]).toEqual(['FRAME_INVALID']);
  expect(modelProcess(started.gateway.health()).pid).toBe(pid);
  expect(started.gateway.health()).toMatchObject({ alive: true, ready: true });
  expect(process.memoryUsage.rss() - halfway).toBeLessThan(64 * 1024 * 1024);
  expect(modelProcess(started.gateway.health()).rss).toBeLessThan(200 * 1024 * 1024);
}, 60_000);
