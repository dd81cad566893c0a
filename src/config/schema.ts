import { busSchema } from './bus-schema.ts';
import type { Schema } from './convict-schema.ts';
import { modelSchema, pipelineSchema, sourceSchema } from './entry-schemas.ts';
import { flag, integer, mapOf, nullable, oneOf, port, text } from './format.ts';
import { gatewayId, identifier, sourceName, topicPrefix } from './mqtt-formats.ts';
import { path } from './path-formats.ts';
import { samplesSchema } from './samples-schema.ts';
import { updatesSchema } from './update-schemas.ts';
import { uplinkSchema } from './uplink-schema.ts';

/**
 * The whole configuration: every key with what it means, what it may be and what it is by default.
 * `edgeward config reference` prints it.
 */
export const schema = {
  gateway: {
    id: {
      doc: 'Second level of every topic. null: the name of this machine.',
      format: nullable(gatewayId),
      default: null,
      env: 'EDGEWARD_GATEWAY_ID',
    },
    name: {
      doc: 'For people, in Home Assistant for example. null: the id.',
      format: nullable(text),
      default: null,
      env: 'EDGEWARD_GATEWAY_NAME',
    },
    stateDir: {
      doc:
        "Where the embedded broker's store and the models live. null: what systemd grants ($STATE_DIRECTORY), " +
        'else ./state in the working directory.',
      format: nullable(path),
      default: null,
      env: 'EDGEWARD_GATEWAY_STATE_DIR',
    },
  },
  topics: {
    base: {
      doc: 'First level of every topic that the gateway publishes: <base>/<gateway id>/…',
      format: topicPrefix,
      default: 'edgeward',
      env: 'EDGEWARD_TOPICS_BASE',
    },
  },
  bus: busSchema,
  uplink: uplinkSchema,
  homeAssistant: {
    enabled: {
      doc: 'Announce the gateway, its sources and models to Home Assistant.',
      format: flag,
      default: true,
      env: 'EDGEWARD_HOME_ASSISTANT_ENABLED',
    },
    prefix: {
      doc: 'Where Home Assistant looks for announcements.',
      format: topicPrefix,
      default: 'homeassistant',
      env: 'EDGEWARD_HOME_ASSISTANT_PREFIX',
    },
  },
  http: {
    enabled: {
      doc: 'Serve /healthz, /readyz and /metrics.',
      format: flag,
      default: true,
      env: 'EDGEWARD_HTTP_ENABLED',
    },
    host: {
      doc: 'Address to bind to. Beyond this machine set a token, or keep it behind a proxy.',
      format: text,
      default: '127.0.0.1',
      env: 'EDGEWARD_HTTP_HOST',
    },
    port: { doc: '0: any free port.', format: port, default: 9464, env: 'EDGEWARD_HTTP_PORT' },
    token: {
      doc:
        'What `Authorization: Bearer` has to carry for /metrics and for the reasons of /healthz and /readyz. ' +
        'Better `!secret NAME` than the word itself. null: nothing.',
      format: nullable(text),
      default: null,
      env: 'EDGEWARD_HTTP_TOKEN',
      sensitive: true,
    },
  },
  log: {
    level: {
      doc: 'Least level that is written. trace has a line for every frame.',
      format: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
      default: 'info',
      env: 'EDGEWARD_LOG_LEVEL',
    },
    format: {
      doc: 'auto: for people on a terminal, one JSON object a line otherwise.',
      format: oneOf('auto', 'json', 'pretty'),
      default: 'auto',
      env: 'EDGEWARD_LOG_FORMAT',
    },
  },
  limits: {
    maxPixels: {
      doc: 'Width times height of the largest picture that is decoded.',
      format: integer({ min: 1, max: 1_000_000_000, unit: 'pixels' }),
      default: 25_000_000,
      env: 'EDGEWARD_LIMITS_MAX_PIXELS',
    },
    maxSources: {
      doc: 'Sources that topics with {source} may bring to life.',
      format: integer({ min: 1, max: 65_536 }),
      default: 256,
      env: 'EDGEWARD_LIMITS_MAX_SOURCES',
    },
    errorsPerMinute: {
      doc: 'Error messages published a minute and source; the rest is only counted.',
      format: integer({ min: 0, max: 60_000 }),
      default: 10,
      env: 'EDGEWARD_LIMITS_ERRORS_PER_MINUTE',
    },
  },
  updates: updatesSchema,
  samples: samplesSchema,
  models: {
    doc: 'The nets, by a name of your choice.',
    format: mapOf(modelSchema, identifier),
    default: {},
    example: { digits: { bundle: 'builtin:digits' } },
  },
  sources: {
    doc: 'Where frames come from, by a name of your choice.',
    format: mapOf(sourceSchema, sourceName),
    default: {},
    example: { cameras: { topic: 'cameras/{source}/frame' } },
  },
  pipelines: {
    doc: 'What is decided about the frames, by a name of your choice.',
    format: mapOf(pipelineSchema, identifier),
    default: {},
    example: { digits: { use: 'classify', models: { classifier: 'digits' } } },
  },
} satisfies Schema;
