import { basename, resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { GatewayError } from '../../errors.ts';
import { resolveBundle } from '../../models/builtin.ts';
import { readBundle } from '../../models/bundle.ts';
import type { Manifest } from '../../models/manifest.ts';

/** What a gateway is to be measured with. */
export interface Subject {
  /** For people. */
  readonly name: string;
  /** Its pipeline is named `bench` and takes `bench/{source}/frame`. */
  readonly config: object;
}

/**
 * A model in the plainest pipeline that runs it on every frame.
 * @param model a path, or builtin:NAME.
 * @throws BUNDLE_INVALID, REQUEST_INVALID for a model that does not judge single pictures.
 */
export async function modelSubject(model: string): Promise<Subject> {
  const bundle = resolve(resolveBundle(model));
  const { manifest } = await readBundle(bundle);
  return {
    name: `${manifest.name} ${manifest.version}`,
    config: around({ net: { bundle, maxQueue: 4096 } }, pipelineOf(manifest)),
  };
}

/**
 * A pipeline of a configuration, with its options and models as they stand there.
 * @param name default: the only one.
 * @throws CONFIG_INVALID, REQUEST_INVALID if there is no such pipeline, it takes no pictures, or its
 *   models come from updates.
 */
export function pipelineSubject(file: string, name: string | undefined): Subject {
  const { models, pipelines } = loadConfig({ file, env: process.env });
  const names = Object.keys(pipelines);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const pipeline = chosen === undefined ? undefined : pipelines[chosen];
  if (!pipeline) {
    const text = `Expected one of ${names.join(', ') || 'its pipelines'} for --pipeline but received`;
    throw new GatewayError('REQUEST_INVALID', `${text} ${name ?? 'none'}`);
  }
  if (pipeline.use === 'sensor') {
    throw new GatewayError('REQUEST_INVALID', `Expected a pipeline of pictures but received ${chosen}`);
  }
  const used = new Set(Object.values(pipeline.models));
  const its = Object.fromEntries(Object.entries(models).filter(([model]) => used.has(model)));
  const absent = Object.keys(its).find((model) => its[model]?.bundle === null);
  if (absent !== undefined) {
    const text = `Expected a bundle for models.${absent} but received null: what an update brings is not at hand`;
    throw new GatewayError('REQUEST_INVALID', text);
  }
  return {
    name: `pipeline ${chosen} of ${basename(file)}`,
    config: around(its, { ...pipeline, sources: ['*'] }),
  };
}

/** Cameras drop frames rather than lag (`latest`): what is missing is what was too much. */
function around(models: object, pipeline: object): object {
  return {
    gateway: { id: 'bench' },
    homeAssistant: { enabled: false },
    limits: { maxSources: 65_536 },
    models,
    sources: { cameras: { topic: 'bench/{source}/frame' } },
    pipelines: { bench: { ...pipeline, mailbox: 'latest' } },
  };
}

function pipelineOf({ name, inputs, outputs }: Manifest): object {
  const kinds = Object.values(outputs).map(({ kind }) => kind);
  const takesPictures = Object.values(inputs).every(({ kind }) => kind === 'picture');
  if (takesPictures && kinds.includes('classes')) return { use: 'classify', models: { classifier: 'net' } };
  if (takesPictures && kinds.includes('detector')) {
    const options = { motion: { enabled: false }, detectEveryMs: 0 };
    return { use: 'detect', models: { detector: 'net' }, options };
  }
  throw new GatewayError(
    'REQUEST_INVALID',
    `Expected a model that classifies pictures or finds things in them but received ${name}`,
  );
}
