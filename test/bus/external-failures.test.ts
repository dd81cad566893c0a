import type { Socket } from 'node:net';
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/bus/bus.ts';
import { freePort } from '../support/free-port.ts';
import { deferred, startExternal, until } from './fixtures.ts';
import { answer, startScriptedBroker } from './scripted-broker.ts';

const frame = 'cameras/desk/frame';
const frames = { qos: 1, acknowledge: 'deferred' } as const;

describe('towards the broker', () => {
  it('does not exceed the window that the broker grants', async () => {
    const port = await freePort();
    let inFlight = 0;
    let most = 0;
    const broker = await startScriptedBroker(port, (packet, socket) => {
      if (packet.cmd === 'connect') {
        socket.write(
          generate(
            { cmd: 'connack', reasonCode: 0, sessionPresent: false, properties: { receiveMaximum: 4 } },
            { protocolVersion: 5 },
          ),
        );
      } else if (packet.cmd === 'publish') {
        most = Math.max(most, ++inFlight);
        setTimeout(() => {
          inFlight--;
          socket.write(
            generate(
              { cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0 },
              { protocolVersion: 5 },
            ),
          );
        }, 2);
      } else {
        answer(packet, socket);
      }
    });
    const { bus } = await startExternal(`mqtt://127.0.0.1:${port}`, { protocol: '5' });
    await Promise.all(Array.from({ length: 60 }, (_, i) => bus.publish('x', String(i), { qos: 1 })));
    // `online` is on its way beside them.
    expect(most).toBeLessThanOrEqual(5);
    expect(most).toBeGreaterThan(2);
    broker.close();
  });

  it('acknowledges in the order of arrival, whatever is done first', async () => {
    const port = await freePort();
    const acknowledged: number[] = [];
    const broker = await startScriptedBroker(port, (packet, socket) => {
      answer(packet, socket);
      if (packet.cmd === 'puback') acknowledged.push(packet.messageId ?? 0);
      if (packet.cmd !== 'subscribe') return;
      for (const messageId of [11, 12, 13]) {
        socket.write(
          generate({
            cmd: 'publish',
            topic: frame,
            payload: String(messageId),
            qos: 1,
            messageId,
            dup: false,
            retain: false,
          }),
        );
      }
    });
    const { bus } = await startExternal(`mqtt://127.0.0.1:${port}`);
    const gates = new Map<string, () => void>();
    await bus.subscribe(
      frame,
      ({ payload }) => new Promise<void>((resolve) => gates.set(payload.toString(), resolve)),
      frames,
    );
    await until(() => gates.size === 3);
    gates.get('13')?.();
    gates.get('12')?.();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(acknowledged).toEqual([]);
    gates.get('11')?.();
    await until(() => acknowledged.length === 3);
    expect(acknowledged).toEqual([11, 12, 13]);
    broker.close();
  });

  it('acknowledges nothing of an earlier connection on the next one', async () => {
    const port = await freePort();
    const connections: Socket[] = [];
    const acknowledged: number[] = [];
    const broker = await startScriptedBroker(port, (packet, socket) => {
      answer(packet, socket);
      if (packet.cmd === 'connect') connections.push(socket);
      if (packet.cmd === 'puback') acknowledged.push(packet.messageId ?? 0);
      if (packet.cmd !== 'subscribe') return;
      // Two sessions, two messages, one identifier.
      const payload = `message ${connections.length}`;
      socket.write(
        generate({ cmd: 'publish', topic: frame, payload, qos: 1, messageId: 7, dup: false, retain: false }),
      );
    });
    const { bus } = await startExternal(`mqtt://127.0.0.1:${port}`);
    const gates = new Map<string, () => void>();
    const handle = ({ payload }: Message) =>
      new Promise<void>((resolve) => gates.set(payload.toString(), resolve));
    await bus.subscribe(frame, handle, frames);
    await until(() => gates.size === 1);
    connections[0]?.destroy();
    await until(() => gates.size === 2);
    gates.get('message 1')?.();
    await bus.publish('x', '', { qos: 1 });
    expect(acknowledged).toEqual([]);
    gates.get('message 2')?.();
    await until(() => acknowledged.length === 1);
    broker.close();
  });

  it('makes a new connection where it cannot read what comes', async () => {
    const port = await freePort();
    let connections = 0;
    const broker = await startScriptedBroker(port, (packet, socket) => {
      answer(packet, socket);
      if (packet.cmd !== 'connect' || ++connections > 1) return;
      // A PUBLISH of QoS 3.
      socket.write(Buffer.from([0x36, 0x02, 0x00, 0x00]));
    });
    const { bus } = await startExternal(`mqtt://127.0.0.1:${port}`);
    await until(() => connections === 2 && bus.connected);
    broker.close();
  });

  it('does not resend for ever into a window that never opens: what is over the bound comes again later', async () => {
    const port = await freePort();
    const connections: Socket[] = [];
    const acknowledged = new Set<number>();
    const count = 1_200;
    const broker = await startScriptedBroker(port, (packet, socket) => {
      answer(packet, socket, connections.length > 0);
      if (packet.cmd === 'connect') connections.push(socket);
      if (packet.cmd === 'puback') acknowledged.add(packet.messageId ?? 0);
      // A broker without a window of its own sends all that it has, and again all that was not acknowledged.
      if (packet.cmd !== 'subscribe' && (packet.cmd !== 'connect' || connections.length === 1)) return;
      for (let id = 1; id <= count; id++) {
        if (acknowledged.has(id)) continue;
        socket.write(
          generate({
            cmd: 'publish',
            topic: frame,
            payload: String(id),
            qos: 1,
            messageId: id,
            dup: connections.length > 1,
            retain: false,
          }),
        );
      }
    });
    const { bus } = await startExternal(`mqtt://127.0.0.1:${port}`);
    const gate = deferred();
    const handled = new Set<string>();
    await bus.subscribe(
      frame,
      async ({ payload }) => {
        handled.add(payload.toString());
        await gate.promise;
      },
      frames,
    );
    await until(() => handled.size === 1_000);
    gate.resolve();
    await until(() => acknowledged.size === count);
    expect(handled.size).toBe(count);
    broker.close();
  });
});
