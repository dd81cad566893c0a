import type { Schema } from './convict-schema.ts';
import { flag, integer, nullable, oneOf, text } from './format.ts';
import { path } from './path-formats.ts';

/** How to be a client of a broker elsewhere; `env` is what the names of the environment variables begin with. */
export function remoteSchema(env: string) {
  return {
    protocol: {
      doc: 'Version of MQTT to speak with an external broker.',
      format: oneOf('3.1.1', '5'),
      default: '5',
      env: `${env}_PROTOCOL`,
    },
    clientId: {
      doc: 'Client identifier at an external broker; keep it stable. null: edgeward- and the id of the gateway.',
      format: nullable(text),
      default: null,
      env: `${env}_CLIENT_ID`,
    },
    username: {
      doc: 'User at an external broker.',
      format: nullable(text),
      default: null,
      env: `${env}_USERNAME`,
    },
    password: {
      doc: 'Password at an external broker. Better `!secret NAME` than the word itself.',
      format: nullable(text),
      default: null,
      env: `${env}_PASSWORD`,
      sensitive: true,
    },
    tls: {
      ca: {
        doc: 'Authorities that may sign the certificate of an external broker (PEM). null: those that Node.js knows.',
        format: nullable(path),
        default: null,
        env: `${env}_TLS_CA`,
      },
      cert: {
        doc: 'Client certificate for an external broker (PEM).',
        format: nullable(path),
        default: null,
        env: `${env}_TLS_CERT`,
      },
      key: {
        doc: 'Private key of the client certificate (PEM).',
        format: nullable(path),
        default: null,
        env: `${env}_TLS_KEY`,
      },
      verify: {
        doc: 'Check the certificate of an external broker. false lets anyone in between read and write.',
        format: flag,
        default: true,
        env: `${env}_TLS_VERIFY`,
      },
    },
    keepaliveS: {
      doc: 'A broker that is silent for one and a half times as long counts as gone.',
      format: integer({ min: 1, max: 65_535, unit: 'seconds' }),
      default: 30,
      env: `${env}_KEEPALIVE_S`,
    },
    reconnect: {
      minMs: {
        doc: 'Wait before the first new attempt to reach an external broker; it doubles from one to the next.',
        format: integer({ min: 10, max: 3_600_000, unit: 'milliseconds' }),
        default: 500,
        env: `${env}_RECONNECT_MIN_MS`,
      },
      maxMs: {
        doc: 'Longest wait between two attempts.',
        format: integer({ min: 10, max: 3_600_000, unit: 'milliseconds' }),
        default: 30_000,
        env: `${env}_RECONNECT_MAX_MS`,
      },
    },
  } satisfies Schema;
}
