import type { Schema } from './convict-schema.ts';
import { integer, listOf, nullable } from './format.ts';
import { brokerUrl, gatewayFilter } from './mqtt-formats.ts';
import { remoteSchema } from './remote-schema.ts';

/** A second broker, in the cloud: what goes up to it, what may come down. */
export const uplinkSchema = {
  url: {
    doc: 'A second broker that chosen topics are forwarded to: mqtt://, mqtts://, ws:// or wss://. null: none.',
    format: nullable(brokerUrl),
    default: null,
    env: 'EDGEWARD_UPLINK_URL',
  },
  ...remoteSchema('EDGEWARD_UPLINK'),
  up: {
    doc: 'Topic filters of what is forwarded up. {gateway} stands for the gateway in them: <base>/<gateway id>.',
    format: listOf(gatewayFilter),
    default: [
      '{gateway}/+/+/event',
      '{gateway}/+/+/state',
      '{gateway}/+/availability',
      '{gateway}/response/#',
    ],
    env: 'EDGEWARD_UPLINK_UP',
  },
  down: {
    doc: 'Topic filters of what is taken from there. Never forwarded up again.',
    format: listOf(gatewayFilter),
    default: ['{gateway}/request/#'],
    env: 'EDGEWARD_UPLINK_DOWN',
  },
  queue: {
    maxBytes: {
      doc: 'What waits on disk while that broker is away. Beyond it the oldest goes, and is counted.',
      format: integer({ min: 65_536, max: 2 ** 40, unit: 'bytes' }),
      default: 64 * 2 ** 20,
      env: 'EDGEWARD_UPLINK_QUEUE_MAX_BYTES',
    },
    maxAgeS: {
      doc: 'What is older is not sent any more. null: everything is.',
      format: nullable(integer({ min: 1, max: 315_360_000, unit: 'seconds' })),
      default: null,
      env: 'EDGEWARD_UPLINK_QUEUE_MAX_AGE_S',
    },
  },
} satisfies Schema;
