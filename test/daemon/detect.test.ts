import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { humanPictures } from '../../scripts/human-pictures.ts';
import { builtins } from '../../src/models/builtin.ts';
import { collect, startGateway } from '../support/gateway.ts';

/** `npm run models` makes it. */
const missing = !builtins().includes('blazeface');

const yaml = `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
models: { faces: { bundle: 'builtin:blazeface', instances: 1, timeoutMs: 60000 } }
sources: { cameras: { topic: 'cameras/{source}/frame' } }
pipelines:
  door:
    use: detect
    mailbox: every
    timeoutMs: 60000
    models: { detector: faces }
    options:
      onDelayMs: 0
      detectEveryMs: 0
      lostMs: 0
      offDelayMs: 0
      zones:
        left: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
        right: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
`;

/** A wall with the photographed face so far from its left side, in pixels; nobody without. */
async function view(...faces: readonly number[]): Promise<Buffer> {
  const { face } = await humanPictures();
  const input = await sharp(face).resize({ height: 200 }).toBuffer();
  return sharp({ create: { width: 640, height: 360, channels: 3, background: '#8a8f95' } })
    .composite(faces.map((left) => ({ input, left, top: 80 })))
    .jpeg()
    .toBuffer();
}

describe.skipIf(missing)('detect over MQTT', () => {
  it('counts what a net sees by class and zone, and tells who comes and goes', async () => {
    const { client } = await startGateway(yaml);
    const results = await collect(client, 'edgeward/gw/hall/door/result');
    const states = await collect(client, 'edgeward/gw/hall/door/state');
    const events = await collect(client, 'edgeward/gw/hall/door/event');
    const show = async (picture: Buffer) => {
      const before = results.messages.length;
      await client.publish('cameras/hall/frame', picture, { qos: 1 });
      await results.until(before + 1);
      return results.json().at(-1).result;
    };
    const empty = await view();
    expect(await show(empty)).toMatchObject({ occupied: false, count: 0, classes: {} });
    const one = await show(await view(60));
    expect(one).toMatchObject({
      occupied: true,
      count: 1,
      classes: { face: 1 },
      zones: { left: { occupied: true, count: 1 }, right: { occupied: false, count: 0 } },
      objects: [{ label: 'face', zones: ['left'] }],
    });
    const two = await show(await view(60, 380));
    expect(two).toMatchObject({ count: 2, classes: { face: 2 }, zones: { right: { count: 1 } } });
    expect(two.objects[0].track).toBe(one.objects[0].track);
    await show(empty);
    expect(await show(empty)).toMatchObject({ occupied: false, count: 0, objects: [] });
    await events.until(8);
    const told = events.json().map(({ type, zone = 'anywhere', label }) => `${label} ${type} ${zone}`);
    expect(told.toSorted()).toEqual(
      ['entered', 'left'].flatMap((type) =>
        ['anywhere', 'anywhere', 'left', 'right'].map((zone) => `face ${type} ${zone}`),
      ),
    );
    expect(events.messages.every(({ retain }) => !retain)).toBe(true);
    await states.until((all) => JSON.parse(String(all.at(-1)?.payload)).count === 0);
    expect(states.json().at(-1)).toMatchObject({ occupied: false, zones: { left: { occupied: false } } });
  });
});
