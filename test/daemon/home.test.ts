import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { humanPictures } from '../../scripts/human-pictures.ts';
import { builtins } from '../../src/models/builtin.ts';
import { collect, type Started, startGateway, temporaryFolder } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';

/** `npm run models` makes them. */
const missing = !['centernet', 'blazeface', 'faceres'].every((name) => builtins().includes(name));
const example = fileURLToPath(new URL('../../config/home.yaml', import.meta.url));

/** The example as it is, but for the broker, which is the gateway's own, the names of cameras, and room for slow machines. */
async function home(): Promise<Started> {
  const text = await readFile(example, 'utf8');
  const yaml = text
    .replace(
      /^bus:\n(?: .*\n)+/m,
      'bus: { embedded: { port: 0, persist: false } }\nhttp: { enabled: false }\n',
    )
    .replace("{ bundle: 'builtin:centernet' }", "{ bundle: 'builtin:centernet', instances: 1 }")
    .replaceAll('instances: 1 }', 'instances: 1, timeoutMs: 60000 }')
    .replaceAll(/^( {4}use: .*)$/gm, '$1\n    timeoutMs: 60000\n    mailbox: every')
    .replaceAll(/^( {4}options:)$/gm, '$1\n      onDelayMs: 0\n      detectEveryMs: 0\n      lostMs: 50');
  return startGateway(yaml);
}

async function scenes() {
  const { body, face } = await humanPictures();
  const person = await sharp(body).resize({ height: 460 }).toBuffer();
  const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: '#8a8f95' } });
  return {
    face,
    person: await wall
      .clone()
      .composite([{ input: person, left: 10, top: 20 }])
      .jpeg()
      .toBuffer(),
    empty: await wall.clone().jpeg().toBuffer(),
    /** Her back: the same without a head. */
    hidden: await wall
      .clone()
      .composite([
        { input: person, left: 10, top: 20 },
        {
          input: { create: { width: 640, height: 130, channels: 3, background: '#8a8f95' } },
          left: 0,
          top: 0,
        },
      ])
      .jpeg()
      .toBuffer(),
  };
}

describe.skipIf(missing)('config/home.yaml', () => {
  it('is found by Home Assistant with its zones, and tells who is where', async () => {
    const { client } = await home();
    const { person, empty } = await scenes();
    const discovery = await collect(client, 'homeassistant/device/+/config');
    const states = await collect(client, 'edgeward/home/hall/people/state');
    const results = await collect(client, 'edgeward/home/hall/+/result');
    const events = await collect(client, 'edgeward/home/hall/people/event');
    const images = await collect(client, 'edgeward/home/hall/people/image');
    const show = async (picture: Buffer) => {
      const before = results.messages.length;
      await client.publish('cameras/hall/snapshot', picture, { qos: 1 });
      await results.until(before + 2, 30_000);
      const said = results.json().slice(before);
      return Object.fromEntries(said.map(({ pipeline, result }) => [pipeline, result]));
    };
    const { people, driveway } = await show(person);
    expect(people).toMatchObject({ occupied: true, count: 1, zones: { sofa: { count: 1 } } });
    expect(people.objects).toMatchObject([{ label: 'person', zones: ['sofa'] }]);
    expect(driveway).toMatchObject({ occupied: false, count: 0, classes: {} });
    await states.until(1);
    expect(states.messages.every(({ payload }) => payload.length > 0)).toBe(true);
    await events.until(2);
    expect(events.json().map(({ type, zone }) => [type, zone])).toEqual([
      ['entered', undefined],
      ['entered', 'sofa'],
    ]);
    expect(events.messages.every(({ retain }) => !retain)).toBe(true);
    await images.until(1, 30_000);
    const { width, height } = await sharp(images.messages[0]?.payload).metadata();
    expect([width, height]).toEqual([640, 480]);
    await discovery.until((all) => all.some(({ payload }) => payload.includes('occupancy sofa')));
    await show(empty);
    const gone = await show(empty);
    expect(gone.people).toMatchObject({ occupied: true, count: 0, objects: [] });
  }, 120_000);

  it('learns members from the command line, names a seen track, and forgets them without a trace', async () => {
    const { client, url, configFile } = await home();
    const { person, hidden, face } = await scenes();
    const results = await collect(client, 'edgeward/home/hall/people/result');
    const show = async (picture: Buffer) => {
      const before = results.messages.length;
      await client.publish('cameras/hall/snapshot', picture, { qos: 1 });
      await results.until(before + 1, 30_000);
      return results.json().at(-1).result;
    };
    const edgeward = (...args: string[]) => runProgram(['person', ...args, '--broker', url]);
    const folder = await temporaryFolder();
    const file = join(folder, 'face.jpg');
    const wall = join(folder, 'wall.png');
    await writeFile(file, face);
    await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } }).toFile(wall);

    expect((await show(hidden)).objects).toMatchObject([{ who: 'no face' }]);
    // One face is not enough to say who somebody is: those of a track are judged together.
    const whos: string[] = [];
    for (let i = 0; i < 40 && whos.at(-1) !== 'unknown'; i++) whos.push((await show(person)).objects[0].who);
    expect(whos).toContain('unsure');
    expect(whos.at(-1)).toBe('unknown');
    const { track } = (await show(person)).objects[0];

    const [enrolled, refused] = await Promise.all([
      edgeward('enroll', 'Ben', file, wall),
      edgeward('enroll', 'Wall', wall),
    ]);
    expect(enrolled).toMatchObject({ code: 0, stdout: 'Ben: 1 taken, 1 without a face; 1 in all\n' });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('REQUEST_INVALID');
    const named = await edgeward('enroll', 'Anna', '--source', 'hall', '--track', `${track}`);
    expect(named.stdout).toMatch(/^Anna: \d taken/);
    expect((await show(person)).objects).toMatchObject([{ who: 'member', name: 'Anna' }]);

    const people = join(dirname(configFile), 'state', 'people');
    expect((await modesOf(people)).sort()).toEqual(['600 file', '700 folder']);
    const [renamed, listed] = [await edgeward('rename', 'Anna', 'Anne'), await edgeward('list')];
    expect(renamed).toMatchObject({ code: 0, stdout: 'Anna is Anne now\n' });
    expect(listed.stdout).toMatch(/^Anne {2}\d pictures\nBen {2}1 pictures\n$/);
    expect(await edgeward('delete', 'Anne')).toMatchObject({ code: 0, stdout: 'Anne is forgotten\n' });
    expect(await edgeward('forget', 'Ben')).toMatchObject({ code: 0 });
    expect(await readdir(people, { recursive: true })).toEqual([]);
    expect(await edgeward('list')).toMatchObject({ code: 0, stdout: 'nobody yet\n' });
    expect((await show(person)).objects).toMatchObject([{ who: 'unknown' }]);
  }, 120_000);
});

/** Each kind of permissions under a folder, once. */
async function modesOf(folder: string): Promise<string[]> {
  const below = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
  const modes = [folder, ...below].map(async (path) => {
    const info = await stat(path);
    return `${(info.mode & 0o777).toString(8)} ${info.isDirectory() ? 'folder' : 'file'}`;
  });
  return [...new Set(await Promise.all(modes))];
}
