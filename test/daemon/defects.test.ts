import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { fitParts } from '../../src/training/defect/fit.ts';
import { writePartBundle } from '../../src/training/defect/part-bundle.ts';
import { partFiles, readParts } from '../../src/training/defect/read-parts.ts';
import { collect, startGateway } from '../support/gateway.ts';
import { encoded, folderOf, plate } from '../training/defect/parts.ts';

let bundle: string;

beforeAll(async () => {
  const folder = await folderOf(Array.from({ length: 16 }, (_, i) => plate(i + 1)));
  const files = await partFiles(folder);
  const fitted = await fitParts({ good: await readParts(files), seed: 1 });
  bundle = join(folder, 'plate.bundle');
  const about = { name: 'plate', version: '1.0.0', description: 'Plates.', golden: files.slice(0, 1) };
  await writePartBundle({ fitted, ...about }, bundle);
}, 120_000);

const yaml = (options: string) => `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
models: { plates: { bundle: '${bundle}', instances: 1 } }
sources: { lines: { topic: 'lines/{source}/part' } }
pipelines:
  inspect: { use: defect, models: { inspector: plates }, options: ${options} }
`;

const spot = { x: 170, y: 90, radius: 14 };

describe('parts of a line over MQTT', () => {
  test('are judged every one, with regions, a picture of the bad one, counts and a reset', async () => {
    const { client } = await startGateway(yaml('{ window: 10, lagMs: 60000 }'));
    const results = await collect(client, 'edgeward/gw/press/inspect/result');
    const events = await collect(client, 'edgeward/gw/press/inspect/event');
    const images = await collect(client, 'edgeward/gw/press/inspect/image');
    // None of them was learned from.
    const parts = [plate(102), plate(104), plate(103, spot)];
    await Promise.all(
      parts.map(async (part) => client.publish('lines/press/part', await encoded(part), { qos: 1 })),
    );
    await results.until(3);
    const read = results.json().map(({ result }) => result);
    const bad = read.filter(({ verdict }) => verdict === 'ng');
    expect(bad).toHaveLength(1);
    const { box, area } = bad[0].regions[0];
    expect(area).toBeGreaterThan(0);
    expect(box.x * 256).toBeLessThan(spot.x);
    expect((box.x + box.width) * 256).toBeGreaterThan(spot.x);
    await events.until(1);
    expect(events.json()[0]).toMatchObject({ type: 'ng' });
    expect(events.messages[0]?.retain).toBe(false);
    await images.until(1);
    expect(await sharp(images.messages[0]?.payload).metadata()).toMatchObject({ format: 'jpeg' });
    const states = await collect(client, 'edgeward/gw/press/inspect/state');
    await states.until((messages) => messages.some(({ payload }) => JSON.parse(String(payload)).parts === 3));
    expect(states.json().at(-1)).toMatchObject({ ng: 1, overloaded: false, rateAlarm: false });
    const answers = await collect(client, 'edgeward/gw/response/defect/reset');
    await client.publish('edgeward/gw/request/defect/reset', '{"source":"press"}', { qos: 1 });
    await answers.until(1);
    expect(answers.json()[0]).toMatchObject({ status: 'ok', data: { reset: ['press'] } });
    await client.publish('edgeward/gw/request/defect/reset', '{"source":"nobody"}', { qos: 1 });
    await answers.until(2);
    expect(answers.json()[1]).toMatchObject({ status: 'error', code: 'REQUEST_INVALID' });
  }, 60_000);

  test('tell an overloaded line, and pass a part whose only spot lies under a mask', async () => {
    const hidden = '[[[0.4, 0.1], [0.95, 0.1], [0.95, 0.6], [0.4, 0.6]]]';
    const { client } = await startGateway(yaml(`{ lagMs: 1, masks: ${hidden} }`));
    const results = await collect(client, 'edgeward/gw/press/inspect/result');
    const events = await collect(client, 'edgeward/gw/press/inspect/event');
    // Not learned from either.
    const picture = await encoded(plate(109, spot));
    await Promise.all(
      Array.from({ length: 12 }, () => client.publish('lines/press/part', picture, { qos: 1 })),
    );
    await results.until(12);
    for (const { result } of results.json()) expect(result).toMatchObject({ verdict: 'ok', defects: 0 });
    await events.until((messages) => messages.some(({ payload }) => payload.includes('"overloaded"')));
    expect(events.json().filter(({ type }) => type === 'overloaded')).toHaveLength(1);
  }, 60_000);
});
