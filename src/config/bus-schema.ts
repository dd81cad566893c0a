import type { Schema } from './convict-schema.ts';
import { embeddedSchema } from './embedded-schema.ts';
import { integer, nullable } from './format.ts';
import { brokerUrl, identifier } from './mqtt-formats.ts';
import { remoteSchema } from './remote-schema.ts';

/** How the gateway reaches its broker. */
export const busSchema = {
  url: {
    doc: 'An external broker: mqtt://, mqtts://, ws:// or wss://. null: the embedded one.',
    format: nullable(brokerUrl),
    default: null,
    env: 'EDGEWARD_BUS_URL',
  },
  ...remoteSchema('EDGEWARD_BUS'),
  share: {
    doc:
      'Gateways of one group at an external broker share its frames: each is judged by one of them. ' +
      'null: every gateway gets every frame.',
    format: nullable(identifier),
    default: null,
    env: 'EDGEWARD_BUS_SHARE',
  },
  maxQueued: {
    doc: 'Messages that wait for a broker that is away; more are refused, and the oldest of QoS 0 go first.',
    format: integer({ min: 1, max: 1_000_000 }),
    default: 1000,
    env: 'EDGEWARD_BUS_MAX_QUEUED',
  },
  maxPacketBytes: {
    doc: 'Largest MQTT packet that is read, from either broker.',
    // MQTT 5.0, 1.5.5: the remaining length is at most 268,435,455.
    format: integer({ min: 1024, max: 268_435_455, unit: 'bytes' }),
    default: 8 * 2 ** 20,
    env: 'EDGEWARD_BUS_MAX_PACKET_BYTES',
  },
  embedded: embeddedSchema,
} satisfies Schema;
