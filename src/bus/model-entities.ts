import type { Component } from './home-assistant.ts';
import { slug } from './slug.ts';
import type { Topics } from './topics.ts';

/** Home Assistant takes no other keys than its own. */
const ownKeys = [
  'installed_version',
  'latest_version',
  'title',
  'release_summary',
  'in_progress',
  'update_percentage',
];
const pick = ownKeys.map((key) => `${key}=value_json.${key}`).join(', ');

/** What Home Assistant shows of a model: its version and the way to the next, the way back, and what happened. */
export function modelComponents(topics: Topics, model: string): [string, Component][] {
  const ask = JSON.stringify({ model, by: 'Home Assistant' });
  const shared = (...kind: string[]) => ({
    unique_id: slug('edgeward', topics.gateway, 'model', model, ...kind),
    entity_category: 'diagnostic',
    availability: [{ topic: topics.status }],
  });
  return [
    [
      slug('model', model),
      {
        platform: 'update',
        name: `Model ${model}`,
        state_topic: topics.modelState(model),
        value_template: `{{ dict(${pick}) | tojson }}`,
        command_topic: topics.request('model/update'),
        payload_install: ask,
        ...shared(),
      },
    ],
    [
      slug('model', model, 'rollback'),
      {
        platform: 'button',
        name: `Model ${model} back to the version before`,
        command_topic: topics.request('model/rollback'),
        payload_press: ask,
        ...shared('rollback'),
      },
    ],
    [
      slug('model', model, 'event'),
      {
        platform: 'event',
        name: `Model ${model} event`,
        state_topic: topics.modelEvent(model),
        event_types: ['swapped', 'rolled_back', 'rejected'],
        value_template: '{{ dict(value_json, event_type=value_json.type) | tojson }}',
        ...shared('event'),
      },
    ],
  ];
}
