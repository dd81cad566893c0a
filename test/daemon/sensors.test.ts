import { get } from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { collect, startGateway } from '../support/gateway.ts';

const yaml = `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { enabled: false }
sources:
  pumps:
    topic: plant/{source}/temperature
    topics: ['plant/{source}/load', 'spBv1.0/plant/DDATA/edge/{source}', 'spBv1.0/plant/DBIRTH/edge/{source}']
pipelines:
  watch:
    use: sensor
    options:
      channels:
        temperature: { topic: 'plant/{source}/temperature', unit: °C, limits: { high: 80, criticalHigh: 95 } }
        load: { topic: 'plant/{source}/load', path: percent, min: 0, max: 100 }
        speed: { topic: 'spBv1.0/plant/+/edge/{source}', path: Motor/Speed }
`;

describe('sensors over MQTT', () => {
  it('are joined from numbers, JSON and Sparkplug B on their own topics', async () => {
    const { client } = await startGateway(yaml);
    const results = await collect(client, 'edgeward/gw/pump-1/watch/result');
    const events = await collect(client, 'edgeward/gw/pump-1/watch/event');
    const sparkplug = (metrics: object[]) =>
      Buffer.from(get('spBv1.0')?.encodePayload({ timestamp: Date.now(), metrics: metrics as never }) ?? '');
    const birth = [{ name: 'Motor/Speed', alias: 3, type: 'Double', value: 1480 }];
    const sent: [string, string | Buffer][] = [
      ['plant/pump-1/temperature', '97.5'],
      ['plant/pump-1/load', '{"percent": 140}'],
      ['spBv1.0/plant/DBIRTH/edge/pump-1', sparkplug(birth)],
      ['spBv1.0/plant/DDATA/edge/pump-1', sparkplug([{ alias: 3, type: 'Double', value: 1490 }])],
      ['plant/pump-1/load', '{"percent":'],
      ['plant/pump-1/temperature', '60'],
    ];
    for (const [topic, payload] of sent) await client.publish(topic, payload, { qos: 1 });
    await results.until(sent.length);
    const read = results.json();
    expect(read[3].result).toMatchObject({
      alarm: 'critical',
      reasons: ['temperature critical_high'],
      channels: {
        temperature: { value: 97.5, unit: '°C', signal: 'ok', level: 'critical_high' },
        load: { value: null, signal: 'dropout', why: 'range', level: 'normal' },
        speed: { value: 1490 },
      },
    });
    expect(read[4].error).toMatchObject({ code: 'FRAME_INVALID' });
    expect(read[5].result).toMatchObject({ alarm: 'none' });
    await events.until(2);
    expect(events.messages.map(({ retain }) => retain)).toEqual([false, false]);
    expect(events.json()).toMatchObject([
      { type: 'critical', reasons: ['temperature critical_high'], before: 'none' },
      { type: 'cleared', reasons: [], before: 'critical' },
    ]);
  });

  it('stand retained with what is true now, and appear in Home Assistant', async () => {
    const { client } = await startGateway(yaml);
    await client.publish('plant/pump-1/temperature', '97.5', { qos: 1 });
    const states = await collect(client, 'edgeward/gw/+/watch/state');
    await states.until(1);
    expect(states.json()[0]).toMatchObject({ alarm: 'critical', channels: { temperature: { value: 97.5 } } });
    const devices = await collect(client, 'homeassistant/device/+/config');
    await devices.until((messages) => messages.some(({ payload }) => payload.includes('watch temperature')));
    const components = devices.json().flatMap((device) => Object.values(device.components));
    const found = (name: string) => expect(components).toContainEqual(expect.objectContaining({ name }));
    for (const name of ['watch alarm', 'watch score', 'watch temperature', 'watch load sensor']) found(name);
    expect(components).toContainEqual(
      expect.objectContaining({ platform: 'binary_sensor', name: 'watch alarm', device_class: 'problem' }),
    );
    // There is no picture of a reading.
    expect(components).not.toContainEqual(expect.objectContaining({ platform: 'image' }));
  });
});
