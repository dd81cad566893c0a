import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, digitsYaml, envelope, readDigits, startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';

/** A result of a real gateway, its frame, and how to ask for an explanation. */
async function recordOne(yaml = digitsYaml) {
  const { client, configFile, gateway } = await startGateway(yaml);
  const [digit] = await readDigits();
  if (!digit) throw new Error('no digits');
  const results = await collect(client, 'edgeward/gw/desk/digits/result');
  await client.publish('cameras/desk/frame', envelope(digit), { qos: 1 });
  await results.until(1);
  const [recorded] = results.json();
  await client.close();
  await gateway.stop();
  const frame = join(dirname(configFile), 'frame.png');
  await writeFile(frame, digit.png);
  const env = { EDGEWARD_GATEWAY_STATE_DIR: join(dirname(configFile), 'state') };
  const explain = (result: unknown, ...more: string[]) =>
    runProgram(['explain', '-', frame, '--config', configFile, ...more], {
      input: typeof result === 'string' ? result : JSON.stringify(result),
      env,
    });
  return { recorded, explain };
}

describe('edgeward explain', () => {
  it('comes to the same decision with the same model, and lists what differs from another', async () => {
    const { recorded, explain } = await recordOne();
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

  it('says which version is no longer there', async () => {
    const { recorded, explain } = await recordOne();
    const digest = `sha256:${'0'.repeat(64)}`;
    const { code, stderr } = await explain({ ...recorded, models: [{ ...recorded.models[0], digest }] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/digits .*sha256:0{64}.*\(BUNDLE_GONE\)/);
    const none = await explain('{"not": "a result"}');
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('(REQUEST_INVALID)') });
  }, 60_000);
});
