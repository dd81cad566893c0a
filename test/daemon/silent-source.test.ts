import { expect, it } from 'vitest';
import { collect, envelope, readDigits, startGateway } from '../support/gateway.ts';

const yaml = `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { port: 0 }
sources:
  door: { topic: door/frame, offlineAfterS: 1 }
`;

it('tells that a camera sends no more, and that it is back', async () => {
  const { gateway, client, log } = await startGateway(yaml);
  const states = await collect(client, 'edgeward/gw/door/availability');
  const [digit] = await readDigits();
  if (!digit) throw new Error('no digits');
  await states.until(1);
  await client.publish('door/frame', envelope(digit), { qos: 1 });
  await states.until(3);
  expect(gateway.health().sources.door).toMatchObject({ online: false });
  expect(log.filter((line) => line.includes('No frames for 1 s'))).toHaveLength(1);
  await client.publish('door/frame', envelope(digit), { qos: 1 });
  await states.until(4);
  expect(states.messages.map(({ payload }) => payload.toString())).toEqual([
    'offline',
    'online',
    'offline',
    'online',
  ]);
  expect(gateway.health().sources.door).toMatchObject({ online: true });
});
