import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { humanPictures } from '../../scripts/human-pictures.ts';
import type { Component } from '../../src/bus/home-assistant.ts';
import { builtins } from '../../src/models/builtin.ts';
import { collect, startGateway } from '../support/gateway.ts';

/** `npm run models` makes them. */
const missing = !['centernet', 'blazeface', 'faceres'].every((name) => builtins().includes(name));

const yaml = `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { port: 0 }
models:
  centernet: { bundle: 'builtin:centernet', instances: 1, timeoutMs: 60000 }
  blazeface: { bundle: 'builtin:blazeface', instances: 1, timeoutMs: 60000 }
  faceres: { bundle: 'builtin:faceres', instances: 1, timeoutMs: 60000 }
sources: { cameras: { topic: 'cameras/{source}/frame' } }
pipelines:
  home:
    use: presence
    models: { detector: centernet, face: blazeface, embedder: faceres }
    timeoutMs: 60000
    mailbox: every
    options:
      onDelayMs: 0
      detectEveryMs: 0
      offDelayMs: 3000
      lostMs: 100
      zones: { floor: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]] }
      who: { minFaces: 1, everyMs: 0, minPixels: 20 }
`;

const json = (payload: Buffer) => JSON.parse(payload.toString('utf8'));

describe.skipIf(missing)('presence through the gateway, with the models that come with it', () => {
  it('sees somebody, learns who it is, recognises, forgets, and sees an empty room', async () => {
    const { client, configFile } = await startGateway(yaml);
    const { body, empty } = await scenes();
    const results = await collect(client, 'edgeward/gw/door/home/result');
    const events = await collect(client, 'edgeward/gw/door/home/event');
    const answers = await collect(client, 'edgeward/gw/response/#');
    const discovery = await collect(client, 'homeassistant/device/+/config');
    const show = async (picture: Buffer) => {
      const before = results.messages.length;
      await client.publish('cameras/door/frame', picture, { qos: 1 });
      await results.until(before + 1);
      return json(results.messages.at(-1)?.payload ?? Buffer.from('{}')).result;
    };
    const ask = async (command: string, request: object) => {
      const before = answers.messages.length;
      await client.publish(`edgeward/gw/request/${command}`, JSON.stringify(request), { qos: 1 });
      await answers.until(before + 1);
      return json(answers.messages.at(-1)?.payload ?? Buffer.from('{}'));
    };

    const first = await show(body);
    expect(first).toMatchObject({ occupied: true, count: 1, looked: true, zones: { floor: { count: 1 } } });
    expect(first.objects[0]).toMatchObject({ label: 'person', who: 'unknown', zones: ['floor'] });
    const { track } = first.objects[0];

    expect(await ask('person/enroll', { name: 'Anna', source: 'door', track })).toMatchObject({
      status: 'ok',
      data: { name: 'Anna', refused: [] },
    });
    const gallery = join(dirname(configFile), 'state', 'people');
    expect((await stat(gallery)).mode & 0o777).toBe(0o700);
    const known = await show(body);
    expect(known.objects[0]).toMatchObject({ track, who: 'member', name: 'Anna' });
    expect(known.people).toMatchObject({ Anna: { present: true } });
    expect(await ask('person/list', {})).toMatchObject({ data: { people: [{ name: 'Anna' }] } });
    const shown = discovery.json().flatMap(({ components }) => Object.values<Component>(components ?? {}));
    // The state of another source, retained from before, has no Anna: that must not be an error of the template.
    expect(shown.find(({ name }) => name === 'home Anna present')?.value_template).toBe(
      '{{ (value_json.people["Anna"] | default({})).present | default(false) }}',
    );
    // `annotate` is never unless somebody says otherwise.
    expect(shown.map(({ platform }) => platform)).not.toContain('image');

    expect(await ask('person/rename', { name: 'Anna', to: 'Anne' })).toMatchObject({ status: 'ok' });
    expect((await show(body)).objects[0]).toMatchObject({ name: 'Anne' });
    expect(
      await ask('person/enroll', { name: 'Nobody', pictures: [empty.toString('base64')] }),
    ).toMatchObject({
      status: 'error',
      code: 'REQUEST_INVALID',
    });
    expect(await ask('person/delete', { name: 'Anne' })).toMatchObject({ status: 'ok' });
    expect((await show(body)).objects[0]).toMatchObject({ who: 'unknown' });

    expect(await show(empty)).toMatchObject({ occupied: true });
    await delay(150);
    expect(await show(empty)).toMatchObject({ occupied: true, count: 0, objects: [] });
    await delay(3_200);
    expect(await show(empty)).toMatchObject({ occupied: false, count: 0 });
    const told = events.messages.map(({ payload }) => json(payload));
    expect(told.map(({ type, zone }) => (zone ? `${type} ${zone}` : type))).toEqual([
      'entered',
      'entered floor',
      'recognised',
      'left',
      'left floor',
    ]);
    expect(told[2]).toMatchObject({ name: 'Anna', track });
  }, 120_000);
});

/** The woman of the package before a wall, and the wall alone. */
async function scenes(): Promise<{ body: Buffer; empty: Buffer }> {
  const { default: sharp } = await import('sharp');
  const { body } = await humanPictures();
  const size = { width: 900, height: 900 };
  const wall = sharp({ create: { ...size, channels: 3, background: '#8a8f95' } });
  return {
    body: await sharp(body).resize(size).jpeg({ quality: 95 }).toBuffer(),
    empty: await wall.jpeg().toBuffer(),
  };
}
