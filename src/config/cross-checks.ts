import { brokerFaults, uplinkFaults } from './broker-checks.ts';
import { describe, type Fault, suggest } from './problem.ts';
import type { Config, PipelineConfig } from './types.ts';

/** What is wrong though every value is right by itself: things that do not fit together. */
export function crossCheck(config: Config): Fault[] {
  const pipelines = Object.entries(config.pipelines);
  return [
    ...brokerFaults(config.bus),
    ...uplinkFaults(config.uplink),
    ...repeatedTopics(config),
    ...unlikeTopics(config),
    ...ownTopics(config),
    ...updateFaults(config),
    ...sampleFaults(config),
    ...pipelines.flatMap(([name, pipeline]) => unknownNames(config, name, pipeline)),
  ];
}

/** Every topic of every source, and where it stands. */
function sourceTopics({ sources }: Config): { name: string; topic: string; path: (string | number)[] }[] {
  return Object.entries(sources).flatMap(([name, { topic, topics }]) => [
    { name, topic, path: ['sources', name, 'topic'] },
    ...topics.map((more, i) => ({ name, topic: more, path: ['sources', name, 'topics', i] })),
  ]);
}

/** A frame of such a topic would be judged twice, or under two names. */
function repeatedTopics(config: Config): Fault[] {
  const owners = new Map<string, string>();
  return sourceTopics(config).flatMap(({ name, topic, path }) => {
    const owner = owners.get(topic);
    if (owner === undefined) owners.set(topic, name);
    if (owner === undefined || topic === '') return [];
    return [{ path, expected: 'a topic of its own', received: `the one of sources.${owner}` }];
  });
}

/** Where one topic names the source, each does: else one sender would be two. */
function unlikeTopics(config: Config): Fault[] {
  const named = (topic: string) => topic.split('/').includes('{source}');
  return sourceTopics(config).flatMap(({ name, topic, path }) => {
    const first = config.sources[name]?.topic ?? '';
    if (topic === '' || named(topic) === named(first)) return [];
    const expected = `a topic ${named(first) ? 'with' : 'without'} {source}, as topic has,`;
    return [{ path, expected, received: describe(topic) }];
  });
}

/** The gateway must not take its own pictures for frames. */
function ownTopics(config: Config): Fault[] {
  const { gateway, topics } = config;
  const own = `${topics.base}/${gateway.id}`.split('/');
  return sourceTopics(config).flatMap(({ topic, path }) => {
    const levels = topic.split('/');
    const isOwn = own.every((level, i) => levels[i] === level || levels[i] === '{source}');
    if (!isOwn || levels.length <= own.length) return [];
    const expected = `a topic outside ${own.join('/')}/, where the gateway itself publishes,`;
    return [{ path, expected, received: describe(topic) }];
  });
}

/** Without a root nothing can be verified; a model without a bundle needs a repository. */
function updateFaults({ updates: { url, root }, models }: Config): Fault[] {
  const untrusted =
    url !== null && root === null
      ? [{ path: ['updates', 'root'], expected: 'root.json of the repository', received: 'nothing' }]
      : [];
  const homeless = Object.entries(models).flatMap(([name, { bundle }]) =>
    bundle === null && root === null
      ? [
          {
            path: ['models', name, 'bundle'],
            expected: 'builtin:NAME or the path of a bundle, or updates.root',
            received: 'nothing',
          },
        ]
      : [],
  );
  return [...untrusted, ...homeless];
}

function sampleFaults({ samples, uplink }: Config): Fault[] {
  if (!samples.uplink) return [];
  const path = ['samples', 'uplink'];
  return [
    ...(samples.enabled ? [] : [{ path, expected: 'samples.enabled', received: 'false' }]),
    ...(uplink.url === null ? [{ path, expected: 'a broker in uplink.url', received: 'null' }] : []),
  ];
}

function unknownNames(config: Config, name: string, { sources, models }: PipelineConfig): Fault[] {
  const missing = (path: (string | number)[], kind: 'models' | 'sources', value: string): Fault[] => {
    const known = Object.keys(config[kind]);
    if (known.includes(value)) return [];
    const hint = suggest(value, known) ?? `there are no ${kind}`;
    return [{ path, expected: `an entry of ${kind}`, received: describe(value), hint }];
  };
  const all = sources.indexOf('*');
  const wrongAll =
    all >= 0 && sources.length > 1
      ? [{ path: ['pipelines', name, 'sources', all], expected: '* to stand alone', received: 'more' }]
      : [];
  return [
    ...wrongAll,
    ...sources.flatMap((source, i) =>
      source === '*' ? [] : missing(['pipelines', name, 'sources', i], 'sources', source),
    ),
    ...Object.entries(models).flatMap(([role, model]) =>
      missing(['pipelines', name, 'models', role], 'models', model),
    ),
  ];
}
