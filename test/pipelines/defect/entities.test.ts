import { expect, it } from 'vitest';
import { sourceDevice } from '../../../src/bus/home-assistant.ts';
import { createTopics } from '../../../src/bus/topics.ts';
import { defectEntities } from '../../../src/pipelines/defect/entities.ts';

it('hands on to Home Assistant all that an event of a line says, not its kind alone', () => {
  const topics = createTopics({ base: 'edgeward', gateway: 'gw' });
  const pipelines = [{ name: 'inspect', entities: defectEntities(), pictures: true }];
  const gateway = { id: 'gw', name: 'gw', version: '1.0.0' };
  const { payload } = sourceDevice(topics, gateway, { name: 'press', entry: 'lines', pipelines });
  expect(payload.components.entity_inspect_event).toMatchObject({
    platform: 'event',
    event_types: ['ng', 'rate_alarm', 'overloaded'],
    value_template: '{{ dict(value_json, event_type=value_json.type) | tojson }}',
  });
});
