import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSample, sampleFiles } from '../../../src/daemon/samples/sample-files.ts';
import { collect, digitsYaml, envelope, startGateway } from '../../support/gateway.ts';
import { asker, digits, digitsRepository, showDigits } from '../updates/fixtures.ts';

const digit = digits[0] ?? { id: '', label: '', png: Buffer.alloc(0) };
/** Every digit is far from this threshold, unless all are to be near. */
const withSamples = (options: string, more = '') =>
  `${digitsYaml.replace('mailbox: every', `mailbox: every, options: { ${options} }`)}
samples: { enabled: true, ${more} }\n`;
const all = 'sampleNearThreshold: 1';
const none = 'sampleNearThreshold: 0, sampleMargin: 0';

async function start(yaml: string) {
  const { client, configFile, gateway } = await startGateway(yaml);
  const folder = join(dirname(configFile), 'state', 'samples');
  const results = await collect(client, 'edgeward/gw/+/+/result');
  const show = async (id: string, source = 'desk') => {
    const before = results.messages.length;
    await client.publish(`cameras/${source}/frame`, envelope({ ...digit, id }), { qos: 1 });
    await results.until(before + 1);
  };
  const samples = async () => Promise.all((await sampleFiles(folder)).map(readSample));
  return { client, gateway, folder, show, samples, ask: await asker(client) };
}

describe('samples', () => {
  it('are kept of frames that classify is not sure of, as they came', async () => {
    const { show, samples } = await start(withSamples(all));
    await show('frame-1');
    await expect.poll(samples).toHaveLength(1);
    const [kept] = await samples();
    expect(kept?.payload).toEqual(digit.png);
    expect(kept?.sample).toMatchObject({
      pipeline: 'digits',
      source: 'desk',
      frame: { id: 'frame-1' },
      reason: 'near-threshold',
      result: { class: digit.label },
      models: [{ name: 'digits' }],
      contentType: 'image/png',
    });
  });

  it('are not kept unless somebody asked for it', async () => {
    const { show, folder, ask } = await start(withSamples(all).replace('enabled: true', 'enabled: false'));
    await show('frame-1');
    const [answer] = await ask('sample/label', { frame: 'frame-1', label: '7' });
    expect(answer).toMatchObject({ status: 'error', code: 'REQUEST_INVALID' });
    expect(answer.error).toContain('samples.enabled');
    await expect(access(folder)).rejects.toThrow();
  });

  it('are kept of a sure verdict that a person corrects, and of no other', async () => {
    const { show, samples, ask } = await start(withSamples(none));
    await show('right');
    await show('wrong');
    const [answer] = await ask('sample/label', { frame: 'wrong', label: 'not a digit' });
    expect(answer).toMatchObject({ status: 'ok', data: { frame: 'wrong', label: 'not a digit' } });
    const [kept, ...others] = await samples();
    expect(others).toEqual([]);
    expect(kept?.sample).toMatchObject({
      reason: 'correction',
      label: 'not a digit',
      id: answer.data.sample,
    });
    expect(kept?.payload).toEqual(digit.png);
    await ask('sample/label', { sample: answer.data.sample, label: '8' });
    expect((await samples()).map(({ sample }) => sample.label)).toEqual(['8']);
  });

  it('want to know which one is meant, and say what they do not know', async () => {
    const { show, samples, ask } = await start(withSamples(all));
    await show('frame-1', 'left');
    await show('frame-1', 'right');
    await expect.poll(samples).toHaveLength(2);
    const refused = [
      { frame: 'frame-1', label: '7' },
      { frame: 'frame-2', label: '7' },
      { frame: 'frame-1', source: 'middle', label: '7' },
      { sample: 'none', label: '7' },
      { label: '7' },
      { frame: 'frame-1', source: 'left' },
      { frame: 'frame-1', source: 'left', label: '../7' },
    ];
    for (const request of refused) {
      const [answer] = await ask('sample/label', request);
      expect(answer).toMatchObject({ status: 'error', code: 'REQUEST_INVALID' });
    }
    await ask('sample/label', { frame: 'frame-1', source: 'right', label: '7' });
    const labels = (await samples()).map(({ sample }) => [sample.source, sample.label]);
    expect(labels).toEqual([
      ['left', undefined],
      ['right', '7'],
    ]);
  });

  it('are published where they are to go up, each as JSON that is not retained', async () => {
    const url = 'uplink: { url: "mqtt://127.0.0.1:9" }\n';
    const { client, gateway, show, ask } = await start(withSamples(all, 'uplink: true') + url);
    const published = await collect(client, 'edgeward/gw/samples/#');
    await show('frame-1');
    await published.until(1);
    await ask('sample/label', { frame: 'frame-1', label: '7' });
    await published.until(2);
    const [kept, labelled] = published.json();
    expect(Buffer.from(kept.data, 'base64')).toEqual(digit.png);
    expect(kept.label).toBeUndefined();
    expect(labelled).toMatchObject({ id: kept.id, label: '7', frame: { id: 'frame-1' } });
    expect(published.messages.map(({ topic, retain }) => [topic, retain])).toEqual([
      ['edgeward/gw/samples/digits', false],
      ['edgeward/gw/samples/digits', false],
    ]);
    // On its way up, though nobody is there.
    expect(gateway.health().uplink?.waitingBytes).toBeGreaterThan(2 * digit.png.length);
  });

  it('are kept of frames that a version in its shadow run judges differently', async () => {
    const repository = await digitsRepository();
    await repository.releaseWrong('9.0.0');
    const { client, samples, ask } = await start(withSamples(none) + repository.yaml());
    const shown = await showDigits(client);
    const until = ({ status, data }: { status: string; data: { state?: string } }) =>
      status === 'error' || data.state === 'failed' || data.state === 'done';
    const answers = await ask('model/update', { model: 'digits', shadow: { frames: 5 } }, { until });
    await shown.stop();
    expect(answers.at(-1)).toMatchObject({ code: 'MODEL_SHADOW_MISMATCH' });
    await expect.poll(async () => (await samples()).length).toBeGreaterThanOrEqual(3);
    expect(new Set((await samples()).map(({ sample }) => sample.reason))).toEqual(new Set(['shadow']));
  });
});
