import type { Schema } from './convict-schema.ts';
import { anyMapping, integer, listOf, nullable, oneOf, recordOf, textLike } from './format.ts';
import { contentType, identifier, sourceTopic, topicFilter } from './mqtt-formats.ts';
import { isPasswordHash } from './password.ts';
import { bundle, module } from './path-formats.ts';
import { modelUpdateSchema } from './update-schemas.ts';

const passwordHash = textLike('a hash that `edgeward config hash-password` printed', isPasswordHash);

/** One of `bus.embedded.users`. */
export const userSchema = {
  passwordHash: {
    doc: 'Hash of the password; null for a user who comes with a client certificate of that common name.',
    format: nullable(passwordHash),
    default: null,
    sensitive: true,
  },
  publish: {
    doc: 'Topic filters to which this user may publish; {user} stands for the name.',
    format: listOf(topicFilter),
    default: [],
  },
  subscribe: {
    doc: 'Topic filters to which this user may subscribe; {user} stands for the name.',
    format: listOf(topicFilter),
    default: [],
  },
} satisfies Schema;

/** One of `models`. */
export const modelSchema = {
  bundle: {
    doc:
      'The bundle to run until an update brings a newer one: a path, or builtin:NAME. ' +
      'null: what the repository of `updates` has.',
    format: nullable(bundle),
    default: null,
  },
  instances: {
    doc: 'Processes that run this model; null: one a core.',
    format: nullable(integer({ min: 1, max: 64 })),
    default: null,
  },
  threads: {
    doc: 'Threads in each of these processes. More processes make more frames a second, more threads a faster one.',
    format: integer({ min: 1, max: 64 }),
    default: 1,
  },
  maxBatch: {
    doc: 'Inputs that one run of the net takes at most.',
    format: integer({ min: 1, max: 256 }),
    default: 8,
  },
  maxDelayMs: {
    doc: 'How long an idle model waits for a batch to fill. 0: it runs what is there at once.',
    format: integer({ min: 0, max: 60_000, unit: 'milliseconds' }),
    default: 0,
  },
  timeoutMs: {
    doc: 'A process that does not answer in this time is ended and started again.',
    format: integer({ min: 10, max: 600_000, unit: 'milliseconds' }),
    default: 5000,
  },
  maxQueue: {
    doc: 'Inputs that wait for this model at most; more are refused.',
    format: integer({ min: 1, max: 100_000 }),
    default: 512,
  },
  swap: {
    doc:
      'overlap: a new version starts beside the old one, which works until the other has proved itself. ' +
      'replace: the old one ends first and frames wait, for memories that cannot hold both.',
    format: oneOf('overlap', 'replace'),
    default: 'overlap',
  },
  update: modelUpdateSchema,
} satisfies Schema;

/** One of `sources`. */
export const sourceSchema = {
  topic: {
    doc:
      'Where frames arrive. {source} names the source: cameras/{source}/frame makes each camera one of its own. ' +
      'Without it there is one, with the name of this entry.',
    format: sourceTopic,
    default: '',
  },
  topics: {
    doc:
      'More topics of the same source, for sensors whose values come apart. With {source} in topic, each of ' +
      'them names it too.',
    format: listOf(sourceTopic),
    default: [],
  },
  qos: {
    doc: 'Quality of service of the subscription. Less than 1 may lose frames.',
    format: oneOf(0, 1, 2),
    default: 1,
  },
  contentType: {
    doc:
      'What the frames are, for senders that cannot say it: image/jpeg, or image/x-rgb; width=640; height=480. ' +
      'null: as the message says, else as its first bytes show.',
    format: nullable(contentType),
    default: null,
  },
  offlineAfterS: {
    doc: 'A source that sends nothing for so long is shown as offline.',
    format: integer({ min: 1, max: 31_536_000, unit: 'seconds' }),
    default: 60,
  },
} satisfies Schema;

const sourceOrAll = textLike(
  'the name of a source, or *',
  (name) => name === '*' || identifier.accepts(name),
);

/** One of `pipelines`. */
export const pipelineSchema = {
  use: { doc: 'What decides about the frames.', format: module, default: '' },
  sources: {
    doc: "Entries of `sources`; ['*'] is all of them.",
    format: listOf(sourceOrAll),
    default: ['*'],
  },
  models: {
    doc: 'For each role of the pipeline, the entry of `models` that plays it.',
    format: recordOf(identifier),
    default: {},
  },
  mailbox: {
    doc:
      'latest: the newest frame of a source wins, older ones that wait are dropped. ' +
      'every: each frame is judged, and acknowledged to its sender only after its result. ' +
      'null: as the pipeline needs; defect and sensor take every, the other built-ins latest.',
    format: nullable(oneOf('latest', 'every')),
    default: null,
  },
  maxInFlight: {
    doc: 'Frames of one source that are decided at once; null: 2 with latest, 64 with every.',
    format: nullable(integer({ min: 1, max: 4096 })),
    default: null,
  },
  timeoutMs: {
    doc: 'Time for one frame, the wait for its models included.',
    format: integer({ min: 10, max: 600_000, unit: 'milliseconds' }),
    default: 10_000,
  },
  maxAgeMs: {
    doc:
      'Frames that are older when their turn comes are not judged, but counted as FRAME_STALE; with every they are ' +
      'answered so. The age counts from the capture time where the sender tells it (keep the clocks together), ' +
      'at least from the arrival. null: any age.',
    format: nullable(integer({ min: 1, max: 86_400_000, unit: 'milliseconds' })),
    default: null,
  },
  options: {
    doc: 'What the pipeline lets you choose; see its documentation.',
    format: anyMapping,
    default: {},
  },
} satisfies Schema;
