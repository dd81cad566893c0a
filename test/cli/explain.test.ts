import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { humanPictures } from '../../scripts/human-pictures.ts';
import { builtins } from '../../src/models/builtin.ts';
import { collect, digitsYaml, readDigits, startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';
import { encoded, plate } from '../training/defect/parts.ts';

interface Asked {
  readonly yaml: string;
  /** What a source sends. */
  readonly payload: string | Buffer;
  /** A part of what is made of it. */
  readonly says?: object;
}

async function digit(): Promise<Asked> {
  const [first] = await readDigits();
  if (!first) throw new Error('no digits');
  return { yaml: digitsYaml, payload: first.png };
}

/** The first result of a real gateway that has ended since, and how to ask for an explanation of its frame. */
async function recordOne({ yaml, payload }: Omit<Asked, 'says'>) {
  const { client, configFile, gateway } = await startGateway(yaml);
  const results = await collect(client, 'edgeward/gw/desk/+/result');
  await client.publish('cameras/desk/frame', payload, { qos: 1 });
  await results.until(1);
  const [recorded] = results.json();
  await client.close();
  await gateway.stop();
  const frame = join(dirname(configFile), 'frame');
  await writeFile(frame, payload);
  const env = { EDGEWARD_GATEWAY_STATE_DIR: join(dirname(configFile), 'state') };
  const explain = (result: unknown, ...more: string[]) =>
    runProgram(['explain', '-', frame, '--config', configFile, ...more], {
      input: typeof result === 'string' ? result : JSON.stringify(result),
      env,
    });
  return { recorded, explain };
}

/** A gateway of one pipeline and the models that it names. */
const yamlOf = (pipeline: string, models = '{}') => `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
models: ${models}
sources: { cameras: { topic: 'cameras/{source}/frame' } }
pipelines: { watch: { mailbox: every, ${pipeline} } }
`;
const oneOf = (bundle: string) => `{ net: { bundle: 'builtin:${bundle}', instances: 1 } }`;
const left = '[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]';
/** `npm run models` makes it. */
const withFaces = builtins().includes('blazeface');

/** Pipelines that remember, at whose first frame there is nothing to remember. */
const others: Readonly<Record<string, () => Promise<Asked>>> = {
  detect: async () => ({
    yaml: yamlOf(
      `use: detect, models: { detector: net }, options: { onDelayMs: 0, zones: { left: ${left} } }`,
      oneOf('blazeface'),
    ),
    payload: (await humanPictures()).face,
    says: { count: 1, objects: [{ track: 1 }] },
  }),
  defect: async () => ({
    yaml: yamlOf('use: defect, models: { inspector: net }', oneOf('tiles')),
    payload: await encoded(plate(7)),
    says: { verdict: 'ng' },
  }),
  sensor: async () => ({
    yaml: yamlOf('use: sensor, options: { channels: { heat: { path: t, limits: { criticalHigh: 95 } } } }'),
    payload: '{"t": 97.5}',
    says: { alarm: 'critical' },
  }),
};

describe('edgeward explain', () => {
  it('comes to the same decision with the same model, and lists what differs from another', async () => {
    const { recorded, explain } = await recordOne(await digit());
    const same = await explain(recorded, '--json');
    expect(same).toMatchObject({ code: 0, stderr: '' });
    const { models, result } = recorded;
    expect(JSON.parse(same.stdout)).toMatchObject({ same: true, differences: [], models, result });

    const forged = { ...recorded, result: { ...result, class: 'unsure', because: 'of me' } };
    const other = await explain(forged, '--json');
    expect(other.code).toBe(2);
    expect(JSON.parse(other.stdout).differences).toEqual([
      { path: 'class', recorded: 'unsure', now: result.class },
      { path: 'because', recorded: 'of me' },
    ]);
    expect((await explain(forged)).stdout).toContain(`class: "unsure", now "${result.class}"`);
  }, 60_000);

  it.each(Object.entries(others).filter(([use]) => use !== 'detect' || withFaces))(
    'comes to the same decision of the first frame with %s',
    async (_use, asked) => {
      const { says, ...sent } = await asked();
      const { recorded, explain } = await recordOne(sent);
      expect(recorded.result).toMatchObject(says ?? {});
      const { code, stdout, stderr } = await explain(recorded, '--json');
      expect(stderr).toBe('');
      const { result, ...explanation } = JSON.parse(stdout);
      expect(explanation).toMatchObject({ differences: [], models: recorded.models, stateful: true });
      expect(result).toEqual(recorded.result);
      expect(code).toBe(0);
    },
  );

  it('is told the topic of a reading where that says which channel it is', async () => {
    const channels = `
      heat: { topic: 'cameras/{source}/frame', limits: { criticalHigh: 95 } },
      load: { topic: 'cameras/{source}/load', limits: { high: 50 } }`;
    const yaml = yamlOf(`use: sensor, options: { channels: { ${channels} } }`);
    const { recorded, explain } = await recordOne({ yaml, payload: '97.5' });
    expect(recorded.result).toMatchObject({ alarm: 'critical' });
    expect(await explain(recorded, '--topic', 'cameras/desk/frame')).toMatchObject({ code: 0 });
    const without = await explain(recorded);
    expect(without).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('channels.load.value: null, now 97.5'),
    });
  });

  it('says which version is no longer there', async () => {
    const { recorded, explain } = await recordOne(await digit());
    const digest = `sha256:${'0'.repeat(64)}`;
    const { code, stderr } = await explain({ ...recorded, models: [{ ...recorded.models[0], digest }] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/digits .*sha256:0{64}.*\(BUNDLE_GONE\)/);
    const none = await explain('{"not": "a result"}');
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('(REQUEST_INVALID)') });
  }, 60_000);
});
