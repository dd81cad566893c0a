import { userSchema } from './entry-schemas.ts';
import { flag, integer, mapOf, nullable, oneOf, port, text } from './format.ts';
import { brokerUrl, userName } from './mqtt-formats.ts';
import { path } from './path-formats.ts';
import type { Schema } from './types.ts';

/** The broker that edgeward brings, used where `bus.url` is null. */
const embedded = {
  host: {
    doc:
      'Address that the listeners bind to. Beyond this machine (0.0.0.0 or ::) it needs users, client ' +
      'certificates, or `anonymous: true`.',
    format: text,
    default: '127.0.0.1',
    env: 'EDGEWARD_BUS_EMBEDDED_HOST',
  },
  port: {
    doc:
      'MQTT without encryption: beyond this machine passwords travel in the clear. null: no such listener. ' +
      '0: any free port.',
    format: nullable(port),
    default: 1883,
    env: 'EDGEWARD_BUS_EMBEDDED_PORT',
  },
  websocketPort: {
    doc: 'MQTT over WebSocket without encryption. null: no such listener.',
    format: nullable(port),
    default: null,
    env: 'EDGEWARD_BUS_EMBEDDED_WEBSOCKET_PORT',
  },
  tls: {
    port: {
      doc: 'MQTT over TLS, usually 8883. null: no such listener.',
      format: nullable(port),
      default: null,
      env: 'EDGEWARD_BUS_EMBEDDED_TLS_PORT',
    },
    cert: {
      doc: 'Certificate of the broker, with its chain (PEM).',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_EMBEDDED_TLS_CERT',
    },
    key: {
      doc: 'Private key of that certificate (PEM).',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_EMBEDDED_TLS_KEY',
    },
    clientCa: {
      doc: 'Authorities whose client certificates are let in, as the user of their common name (PEM).',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_EMBEDDED_TLS_CLIENT_CA',
    },
  },
  anonymous: {
    doc:
      'Let anyone in without a password, from other machines too. From this machine anyone is let in while ' +
      'there are neither users nor clientCa.',
    format: flag,
    default: false,
    env: 'EDGEWARD_BUS_EMBEDDED_ANONYMOUS',
  },
  maxClients: {
    doc: 'Clients connected at once.',
    format: integer({ min: 1, max: 100_000 }),
    default: 1000,
    env: 'EDGEWARD_BUS_EMBEDDED_MAX_CLIENTS',
  },
  persist: {
    doc: 'Keep retained messages, sessions and queues on disk, in the state directory.',
    format: flag,
    default: true,
    env: 'EDGEWARD_BUS_EMBEDDED_PERSIST',
  },
  users: {
    doc: 'Who may connect, and what each may publish and read. Whatever is not listed is refused.',
    format: mapOf(userSchema, userName),
    default: {},
    example: {
      'camera-door': {
        passwordHash:
          'scrypt$32768$8$1$KKIu1PWIX3pybLXBQSojjw==$13i7fGcoRY2qh7anoNHT8k4lhO4R+7hG2a/v1hF5GSs=',
        publish: ['cameras/{user}/frame'],
      },
    },
  },
} satisfies Schema;

/** How the gateway reaches its broker. */
export const busSchema = {
  url: {
    doc: 'An external broker: mqtt://, mqtts://, ws:// or wss://. null: the embedded one.',
    format: nullable(brokerUrl),
    default: null,
    env: 'EDGEWARD_BUS_URL',
  },
  protocol: {
    doc: 'Version of MQTT to speak with an external broker.',
    format: oneOf('3.1.1', '5'),
    default: '5',
    env: 'EDGEWARD_BUS_PROTOCOL',
  },
  clientId: {
    doc: 'Client identifier at an external broker; keep it stable. null: edgeward- and the id of the gateway.',
    format: nullable(text),
    default: null,
    env: 'EDGEWARD_BUS_CLIENT_ID',
  },
  username: {
    doc: 'User at an external broker.',
    format: nullable(text),
    default: null,
    env: 'EDGEWARD_BUS_USERNAME',
  },
  password: {
    doc: 'Password at an external broker. Better `!secret NAME` than the word itself.',
    format: nullable(text),
    default: null,
    env: 'EDGEWARD_BUS_PASSWORD',
    sensitive: true,
  },
  tls: {
    ca: {
      doc: 'Authorities that may sign the certificate of an external broker (PEM). null: those that Node.js knows.',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_TLS_CA',
    },
    cert: {
      doc: 'Client certificate for an external broker (PEM).',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_TLS_CERT',
    },
    key: {
      doc: 'Private key of the client certificate (PEM).',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_BUS_TLS_KEY',
    },
    verify: {
      doc: 'Check the certificate of an external broker. false lets anyone in between read and write.',
      format: flag,
      default: true,
      env: 'EDGEWARD_BUS_TLS_VERIFY',
    },
  },
  keepaliveS: {
    doc: 'A broker that is silent for one and a half times as long counts as gone.',
    format: integer({ min: 1, max: 65_535, unit: 'seconds' }),
    default: 30,
    env: 'EDGEWARD_BUS_KEEPALIVE_S',
  },
  reconnect: {
    minMs: {
      doc: 'Wait before the first new attempt to reach an external broker; it doubles from one to the next.',
      format: integer({ min: 10, max: 3_600_000, unit: 'milliseconds' }),
      default: 500,
      env: 'EDGEWARD_BUS_RECONNECT_MIN_MS',
    },
    maxMs: {
      doc: 'Longest wait between two attempts.',
      format: integer({ min: 10, max: 3_600_000, unit: 'milliseconds' }),
      default: 30_000,
      env: 'EDGEWARD_BUS_RECONNECT_MAX_MS',
    },
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
  embedded,
} satisfies Schema;
