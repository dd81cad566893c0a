import { brokerFaults } from './broker-checks.ts';
import { describe, type Fault, suggest } from './problem.ts';
import type { Config, PipelineConfig } from './types.ts';

/** What is wrong though every value is right by itself: things that do not fit together. */
export function crossCheck(config: Config): Fault[] {
  const pipelines = Object.entries(config.pipelines);
  return [
    ...brokerFaults(config.bus),
    ...repeatedTopics(config),
    ...ownTopics(config),
    ...pipelines.flatMap(([name, pipeline]) => unknownNames(config, name, pipeline)),
  ];
}

/** A frame of such a topic would be judged twice under two names. */
function repeatedTopics({ sources }: Config): Fault[] {
  const owners = new Map<string, string>();
  return Object.entries(sources).flatMap(([name, { topic }]) => {
    const owner = owners.get(topic);
    if (owner === undefined) owners.set(topic, name);
    if (owner === undefined || topic === '') return [];
    const path = ['sources', name, 'topic'];
    return [{ path, expected: 'a topic of its own', received: `the one of sources.${owner}` }];
  });
}

/** The gateway must not take its own pictures for frames. */
function ownTopics({ gateway, topics, sources }: Config): Fault[] {
  const own = `${topics.base}/${gateway.id}`.split('/');
  return Object.entries(sources).flatMap(([name, { topic }]) => {
    const levels = topic.split('/');
    const isOwn = own.every((level, i) => levels[i] === level || levels[i] === '{source}');
    if (!isOwn || levels.length <= own.length) return [];
    const expected = `a topic outside ${own.join('/')}/, where the gateway itself publishes,`;
    return [{ path: ['sources', name, 'topic'], expected, received: describe(topic) }];
  });
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
