import type { Schema } from './convict-schema.ts';
import { userSchema } from './entry-schemas.ts';
import { flag, integer, mapOf, nullable, port, text } from './format.ts';
import { userName } from './mqtt-formats.ts';
import { path } from './path-formats.ts';

/** The broker that edgeward brings, used where `bus.url` is null. */
export const embeddedSchema = {
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
