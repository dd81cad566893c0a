import type { Schema } from './convict-schema.ts';
import { flag, integer } from './format.ts';

/** Hard cases, kept for the next training. */
export const samplesSchema = {
  enabled: {
    doc:
      'Keep the pictures and readings that a pipeline is not sure of, or that somebody corrects, in the state ' +
      'directory. They may show people, and who may read the directory sees them: ask who must be asked first.',
    format: flag,
    default: false,
    env: 'EDGEWARD_SAMPLES_ENABLED',
  },
  maxBytes: {
    doc: 'Of all samples on disk. Beyond it the oldest goes, and is counted.',
    format: integer({ min: 65_536, max: 2 ** 40, unit: 'bytes' }),
    default: 256 * 2 ** 20,
    env: 'EDGEWARD_SAMPLES_MAX_BYTES',
  },
  maxCount: {
    doc: 'Samples on disk. Beyond it the oldest goes, and is counted.',
    format: integer({ min: 1, max: 100_000 }),
    default: 1_000,
    env: 'EDGEWARD_SAMPLES_MAX_COUNT',
  },
  perMinute: {
    doc: 'Uncertain frames kept a minute; more are dropped and counted. Corrections are always kept.',
    format: integer({ min: 1, max: 60_000 }),
    default: 60,
    env: 'EDGEWARD_SAMPLES_PER_MINUTE',
  },
  recentBytes: {
    doc: 'Memory for the last frames, so that one that is not kept can still be corrected. 0: none.',
    format: integer({ min: 0, max: 2 ** 30, unit: 'bytes' }),
    default: 16 * 2 ** 20,
    env: 'EDGEWARD_SAMPLES_RECENT_BYTES',
  },
  uplink: {
    doc:
      'Publish every sample on <base>/<gateway id>/samples/<pipeline> too, and forward it to the second broker: ' +
      'the pictures leave this machine.',
    format: flag,
    default: false,
    env: 'EDGEWARD_SAMPLES_UPLINK',
  },
} satisfies Schema;
