import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { renderReference } from '../../src/config/reference.ts';
import { schema } from '../../src/config/schema.ts';
import { scratchFolder } from './scratch.ts';

const { folder, write } = scratchFolder();
const pathOf = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));

describe('config/reference.yaml', () => {
  const reference = readFileSync(pathOf('reference.yaml'), 'utf8');

  it('is what `edgeward config reference` prints', () => {
    expect(reference).toBe(renderReference(schema));
  });

  it('means the defaults', () => {
    expect(loadConfig({ file: pathOf('reference.yaml'), env: {} })).toEqual(loadConfig({ env: {} }));
  });

  it('is right with its examples as well', () => {
    // An example is what stands in comments directly under its map.
    let isExample = false;
    const lines = reference.split('\n').map((line) => {
      const comment = /^(\s*)# ?(.*)$/.exec(line);
      isExample = comment ? isExample : /^\s*(users|models|sources|pipelines):$/.test(line);
      return comment && isExample ? `${comment[1]}${comment[2]}` : line;
    });
    const config = loadConfig({ file: write('examples.yaml', lines.join('\n')), env: {} });
    expect(Object.keys(config.bus.embedded.users)).toEqual(['camera-door']);
    expect(config.models.digits?.bundle).toBe('builtin:digits');
    expect(config.sources.cameras?.topic).toBe('cameras/{source}/frame');
    expect(config.pipelines.digits).toMatchObject({ use: 'classify', models: { classifier: 'digits' } });
  });

  it('has no line over 110 characters, long values apart', () => {
    const long = reference.split('\n').filter((line) => line.length > 110 && !line.includes('scrypt$'));
    expect(long).toEqual([]);
  });
});

describe('the examples', () => {
  const hash = 'scrypt$32768$8$1$KKIu1PWIX3pybLXBQSojjw==$13i7fGcoRY2qh7anoNHT8k4lhO4R+7hG2a/v1hF5GSs=';
  for (const name of ['station-1', 'station-2', 'controller']) write(name, `${hash}\n`);
  write('mqtt-password', 'secret\n');
  const env = { CREDENTIALS_DIRECTORY: folder };

  it('demo.yaml recognises digits of any camera on the embedded broker', () => {
    const { bus, models, sources, pipelines } = loadConfig({ file: pathOf('demo.yaml'), env: {} });
    expect(bus.url).toBe(null);
    expect(bus.embedded).toMatchObject({ host: '127.0.0.1', port: 1883 });
    expect(models.digits?.bundle).toBe('builtin:digits');
    expect(sources.cameras?.topic).toBe('cameras/{source}/frame');
    expect(pipelines.digits).toMatchObject({
      use: 'classify',
      models: { classifier: 'digits' },
      mailbox: 'every',
    });
  });

  it('factory.yaml is an encrypted broker with users, and judges every part', () => {
    const { bus, pipelines } = loadConfig({ file: pathOf('factory.yaml'), env });
    expect(bus.embedded).toMatchObject({ host: '0.0.0.0', port: null, anonymous: false });
    expect(bus.embedded.tls.port).toBe(8883);
    expect(Object.values(bus.embedded.users).map(({ passwordHash }) => passwordHash)).toEqual([
      hash,
      hash,
      hash,
    ]);
    expect(pipelines.inspection?.mailbox).toBe('every');
  });

  it.each(['bearing', 'ecg', 'vitals'])(
    '%s.yaml watches sensors with a bundle that comes with edgeward',
    (name) => {
      const { models, pipelines } = loadConfig({ file: pathOf(`${name}.yaml`), env: {} });
      expect(models[name]?.bundle).toBe(`builtin:${name}`);
      const [pipeline] = Object.values(pipelines);
      expect(pipeline).toMatchObject({ use: 'sensor', models: { net: name } });
      const isMedical = name !== 'bearing';
      expect(pipeline?.options.demonstration ?? false).toBe(isMedical);
      const text = readFileSync(pathOf(`${name}.yaml`), 'utf8');
      expect(text.includes('NO MEDICAL DEVICE')).toBe(isMedical);
    },
  );

  it('home.yaml is a client of the broker of Home Assistant', () => {
    const { bus, homeAssistant, pipelines } = loadConfig({ file: pathOf('home.yaml'), env });
    expect(bus).toMatchObject({
      url: 'mqtt://homeassistant.local:1883',
      username: 'edgeward',
      password: 'secret',
    });
    expect(homeAssistant.enabled).toBe(true);
    expect(pipelines.people).toMatchObject({ use: 'presence', models: { face: 'blazeface' } });
    expect(pipelines.driveway).toMatchObject({ use: 'detect', models: { detector: 'centernet' } });
  });
});
