import { parseOptions } from '../../config/convict.ts';
import type { Schema } from '../../config/convict-schema.ts';
import { flag, integer, isFormat, nullable, number, oneOf, text, textLike } from '../../config/format.ts';
import { identifier } from '../../config/mqtt-formats.ts';
import type { ModelUpdateConfig, ProbationConfig, ShadowConfig } from '../../config/types.ts';
import { probationSchema, shadowSchema } from '../../config/update-schemas.ts';
import { GatewayError } from '../../errors.ts';

/** A request for an update, checked, with what it leaves open filled in from the configuration. */
export interface UpdateRequest {
  /** Exactly this version; without it the newest of the channel. */
  readonly version?: string;
  readonly channel: 'stable' | 'beta';
  /** ms since 1970. */
  readonly notBefore: number;
  /** Per cent of the gateways that are meant. */
  readonly rollout: number;
  readonly minFreeBytes: number;
  /** A folder with a repository, or a bundle in one. */
  readonly from?: string;
  /** Also a version that has disappointed here before. */
  readonly retry: boolean;
  readonly shadow: ShadowConfig;
  readonly probation: ProbationConfig;
  /** Who asked, as far as is known: the bus does not say it. */
  readonly by: string;
  readonly transaction?: unknown;
}

const date = textLike('a date of ISO 8601', (value) => !Number.isNaN(Date.parse(value)));

/** The same leaves, each of which may be left out. */
function optional<S extends Schema>(schema: S): { [K in keyof S]: Schema[string] } {
  const leaves = Object.entries(schema).map(([key, leaf]) => {
    const { format, doc } = leaf as { format: unknown; doc: string };
    if (!isFormat(format)) throw new TypeError(`Expected a format for ${key}`);
    return [key, { doc, format: nullable(format), default: null }];
  });
  return Object.fromEntries(leaves);
}

const requestSchema = {
  model: { doc: 'Entry of `models`.', format: identifier, default: '' },
  version: { doc: 'Exactly this version.', format: nullable(text), default: null },
  channel: {
    doc: 'Releases that are taken.',
    format: nullable(oneOf('stable', 'beta')),
    default: null,
  },
  notBefore: { doc: 'Nothing happens before.', format: nullable(date), default: null },
  rollout: {
    doc: 'Per cent of the gateways that are meant.',
    format: number({ min: 0, max: 100 }),
    default: 100,
  },
  minFreeBytes: {
    doc: 'Memory that must be free.',
    format: integer({ min: 0, max: 2 ** 50, unit: 'bytes' }),
    default: 0,
  },
  from: { doc: 'A folder with a repository, or a bundle in one.', format: nullable(text), default: null },
  retry: { doc: 'Also a version that has disappointed before.', format: flag, default: false },
  by: { doc: 'Who asks.', format: nullable(text), default: null },
  shadow: optional(shadowSchema),
  probation: optional(probationSchema),
} satisfies Schema;

/**
 * @param topic where the request came by.
 * @throws REQUEST_INVALID with everything that is wrong with it.
 */
export function parseUpdateRequest(
  body: Readonly<Record<string, unknown>>,
  { config, topic }: { config: ModelUpdateConfig; topic: string },
): UpdateRequest {
  const { transaction, ...asked } = body;
  const { version, channel, notBefore, from, by, shadow, probation, rollout, minFreeBytes, retry } =
    parse(asked);
  return {
    ...(version === null ? {} : { version }),
    ...(from === null ? {} : { from }),
    ...(transaction === undefined ? {} : { transaction }),
    channel: channel ?? config.channel,
    notBefore: notBefore === null ? 0 : Date.parse(notBefore),
    rollout,
    minFreeBytes,
    retry,
    by: by === null ? topic : `${topic} (${by.slice(0, 100)})`,
    shadow: { ...config.shadow, ...said(shadow) },
    probation: { ...config.probation, ...said(probation) },
  };
}

function parse(asked: Readonly<Record<string, unknown>>) {
  try {
    return parseOptions(requestSchema, asked, 'request');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError('REQUEST_INVALID', message, { cause });
  }
}

function said(section: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== null));
}
