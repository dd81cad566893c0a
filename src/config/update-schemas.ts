import type { Schema } from './convict-schema.ts';
import { flag, integer, listOf, nullable, number, oneOf, textLike } from './format.ts';
import { identifier } from './mqtt-formats.ts';
import { path } from './path-formats.ts';

const repositoryUrl = textLike(
  'a URL with http:, https: or file:',
  (text) => URL.canParse(text) && ['http:', 'https:', 'file:'].includes(new URL(text).protocol),
);

const share = number({ min: 0, max: 1 });
const times = number({ min: 1, max: 1000 });
const seconds = integer({ min: 0, max: 2_592_000, unit: 'seconds' });

/** Section `updates`. */
export const updatesSchema = {
  url: {
    doc: 'The repository of signed models, as `edgeward repo` makes it. null: no updates over the network.',
    format: nullable(repositoryUrl),
    default: null,
    env: 'EDGEWARD_UPDATES_URL',
  },
  root: {
    doc: 'root.json of that repository: what this gateway trusts at first. null: nothing can be updated.',
    format: nullable(path),
    default: null,
    env: 'EDGEWARD_UPDATES_ROOT',
  },
  intervalS: {
    doc: 'The repository is asked this often, up to a fifth sooner or later by chance; null: only on request.',
    format: nullable(integer({ min: 1, max: 31_536_000, unit: 'seconds' })),
    default: 21_600,
    env: 'EDGEWARD_UPDATES_INTERVAL_S',
  },
  groups: {
    doc: 'Requests to <base>/fleet/<group>/request/model/update are meant for this gateway too.',
    format: listOf(identifier),
    default: [],
    env: 'EDGEWARD_UPDATES_GROUPS',
  },
  folders: {
    doc: 'Where a repository without a network may lie, on a stick for example; requests may name folders in these.',
    format: listOf(path),
    default: ['/media', '/run/media', '/mnt'],
    env: 'EDGEWARD_UPDATES_FOLDERS',
  },
  maxBytes: {
    doc: 'Size of the largest bundle that is fetched.',
    format: integer({ min: 1024, max: 2 ** 40, unit: 'bytes' }),
    default: 2 ** 29,
    env: 'EDGEWARD_UPDATES_MAX_BYTES',
  },
  bytesPerSecond: {
    doc: 'Greatest rate at which bundles are fetched; null: as fast as it goes.',
    format: nullable(integer({ min: 1024, max: 2 ** 40 })),
    default: null,
    env: 'EDGEWARD_UPDATES_BYTES_PER_SECOND',
  },
  storeBytes: {
    doc: 'Bundles kept beside those that are active, previous or pinned, in all.',
    format: integer({ min: 0, max: 2 ** 50, unit: 'bytes' }),
    default: 2 ** 29,
    env: 'EDGEWARD_UPDATES_STORE_BYTES',
  },
} satisfies Schema;

export const shadowSchema = {
  frames: {
    doc: 'Live frames that a new version judges beside the one in charge before it may replace it; 0: none.',
    format: integer({ min: 0, max: 1_000_000 }),
    default: 0,
  },
  timeoutS: { doc: 'How long these frames may take to come.', format: seconds, default: 600 },
  cpu: {
    doc: 'Share of one core that it may take meanwhile.',
    format: number({ min: 0.01, max: 1 }),
    default: 0.25,
  },
  minAgreement: { doc: 'Least share of frames on which both agree.', format: share, default: 0.9 },
  maxDrift: { doc: 'Greatest mean difference of their scores.', format: share, default: 0.15 },
  maxSlowdown: {
    doc: 'How many times the time of the version in charge it may take.',
    format: times,
    default: 3,
  },
} satisfies Schema;

export const probationSchema = {
  seconds: { doc: 'How long a version is watched after it was put in charge.', format: seconds, default: 60 },
  minFrames: {
    doc: 'Observations before a rate is judged.',
    format: integer({ min: 1, max: 500 }),
    default: 30,
  },
  maxCrashes: {
    doc: 'Crashes and timeouts that are forgiven.',
    format: integer({ min: 0, max: 1000 }),
    default: 0,
  },
  maxErrorRise: {
    doc: 'By how much the share of inputs that it fails on may be above that of the version before.',
    format: share,
    default: 0.05,
  },
  maxSlowdown: {
    doc: 'How many times the time of the version before an input may take.',
    format: times,
    default: 2,
  },
  maxAlarmShift: {
    doc: 'By how much the share of frames with an alarm may differ from that of the version before.',
    format: share,
    default: 0.25,
  },
} satisfies Schema;

/** `update` of one of `models`. */
export const modelUpdateSchema = {
  name: {
    doc: 'What the model is called in the repository; null: as its bundle says, else as this entry.',
    format: nullable(identifier),
    default: null,
  },
  channel: {
    doc: 'Releases that are taken; beta is all of them.',
    format: oneOf('stable', 'beta'),
    default: 'stable',
  },
  automatic: {
    doc: 'Take what is found when the repository is asked at its interval; false: only show that it is there.',
    format: flag,
    default: true,
  },
  shadow: shadowSchema,
  probation: probationSchema,
} satisfies Schema;
