import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Component, gatewayDevice, sourceDevice } from '../../src/bus/home-assistant.ts';
import { slug } from '../../src/bus/slug.ts';
import { createTopics } from '../../src/bus/topics.ts';
import type { Entity } from '../../src/entity.ts';

const topics = createTopics({ base: 'edgeward', gateway: 'gw' });
const gateway = { id: 'gw', name: 'Workshop', version: '1.2.3' };
const score: Entity = {
  key: 'score',
  platform: 'sensor',
  name: 'score',
  from: 'state',
  template: '{{ value_json.score }}',
  unit: '%',
  stateClass: 'measurement',
};

function deskWith(...entities: Entity[]) {
  const pipeline = { name: 'digits', entities, pictures: true };
  return sourceDevice(topics, gateway, { name: 'desk', entry: 'cameras', pipelines: [pipeline] });
}

function componentOf(entity: Entity): Component {
  const found = Object.values(deskWith(entity).payload.components).find(
    ({ name }) => name === `digits ${entity.name}`,
  );
  if (!found) throw new Error('no such component');
  return found;
}

describe('the gateway as a device', () => {
  const { id, payload } = gatewayDevice(topics, gateway, [{ name: 'digits' }]);

  it('says who it is and who announces it', () => {
    expect(id).toBe('edgeward_gw');
    expect(payload.device).toEqual({
      identifiers: ['edgeward_gw'],
      name: 'Workshop',
      manufacturer: 'edgeward',
      model: 'Gateway',
      sw_version: '1.2.3',
    });
    expect(payload.origin).toEqual({ name: 'edgeward', sw_version: '1.2.3' });
  });

  it('shows its connection, which is never unavailable, because it is what availability is made of', () => {
    expect(payload.components.status).toEqual({
      platform: 'binary_sensor',
      unique_id: 'edgeward_gw_status',
      name: 'Connection',
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      state_topic: 'edgeward/gw/status',
      payload_on: 'online',
      payload_off: 'offline',
    });
    expect(payload).not.toHaveProperty('availability');
  });

  it('shows the version of each model as an update', () => {
    expect(payload.components.model_digits).toMatchObject({
      platform: 'update',
      unique_id: 'edgeward_gw_model_digits',
      state_topic: 'edgeward/gw/models/digits/state',
      command_topic: 'edgeward/gw/request/model/update',
      payload_install: '{"model":"digits","by":"Home Assistant"}',
      availability: [{ topic: 'edgeward/gw/status' }],
    });
    expect(payload.components.model_digits_rollback).toMatchObject({
      platform: 'button',
      command_topic: 'edgeward/gw/request/model/rollback',
      payload_press: '{"model":"digits","by":"Home Assistant"}',
    });
    expect(payload.components.model_digits_event).toMatchObject({
      platform: 'event',
      state_topic: 'edgeward/gw/models/digits/event',
      event_types: ['swapped', 'rolled_back', 'rejected'],
    });
  });

  it('links to a page of its own only where there is one', () => {
    expect(payload.device).not.toHaveProperty('configuration_url');
    const url = 'http://gw.local:9464/healthz';
    expect(gatewayDevice(topics, { ...gateway, url }, []).payload.device.configuration_url).toBe(url);
  });
});

describe('a source as a device', () => {
  it('lies behind its gateway, and says by which entry it came', () => {
    const { id, payload } = deskWith(score);
    expect(id).toBe('edgeward_gw_source_desk');
    expect(payload.device).toMatchObject({
      identifiers: [id],
      name: 'desk',
      model: 'cameras',
      model_id: 'desk',
      via_device: 'edgeward_gw',
    });
  });

  it('has a problem while it does not send', () => {
    expect(deskWith().payload.components.problem).toMatchObject({
      platform: 'binary_sensor',
      device_class: 'problem',
      state_topic: 'edgeward/gw/desk/availability',
      payload_on: 'offline',
      payload_off: 'online',
      availability: [{ topic: 'edgeward/gw/status' }],
    });
  });

  it('shows the values of each pipeline while both the gateway and the source are online', () => {
    expect(componentOf(score)).toEqual({
      platform: 'sensor',
      unique_id: 'edgeward_gw_entity_desk_digits_score',
      name: 'digits score',
      state_topic: 'edgeward/gw/desk/digits/state',
      value_template: '{{ value_json.score }}',
      unit_of_measurement: '%',
      state_class: 'measurement',
      availability: [{ topic: 'edgeward/gw/status' }, { topic: 'edgeward/gw/desk/availability' }],
      availability_mode: 'all',
    });
  });

  it('shows the last annotated picture where a pipeline draws', () => {
    expect(deskWith().payload.components.picture_digits).toMatchObject({
      platform: 'image',
      image_topic: 'edgeward/gw/desk/digits/image',
      content_type: 'image/jpeg',
      availability_mode: 'all',
    });
    const blind = { name: 'digits', entities: [score], pictures: false };
    const device = sourceDevice(topics, gateway, { name: 'desk', entry: 'cameras', pipelines: [blind] });
    expect(Object.keys(device.payload.components)).toEqual(['problem', 'entity_digits_score']);
  });

  it('reads a binary sensor as Home Assistant writes the booleans of a template', () => {
    const entity = { ...score, platform: 'binary_sensor', deviceClass: 'occupancy' } as const;
    expect(componentOf(entity)).toMatchObject({
      device_class: 'occupancy',
      payload_on: 'True',
      payload_off: 'False',
    });
  });

  it('gives an event the event_type that Home Assistant looks for', () => {
    const { key, name } = score;
    const event = { key, name, platform: 'event', from: 'event', eventTypes: ['ng', 'ok'] } as const;
    expect(componentOf(event)).toMatchObject({
      platform: 'event',
      state_topic: 'edgeward/gw/desk/digits/event',
      event_types: ['ng', 'ok'],
      value_template: expect.stringContaining('event_type=value_json.type'),
    });
  });

  it('never names an option that has no value', () => {
    const { payload } = deskWith(score, { key: 'plain', platform: 'sensor', name: 'plain', from: 'result' });
    expect(JSON.parse(JSON.stringify(payload))).toEqual(payload);
  });
});

describe('ids', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

  it('hold only what Home Assistant takes in a topic, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (parts) => {
        expect(slug(...parts)).toMatch(/^[a-zA-Z0-9_-]+$/);
      }),
    );
  });

  it('differ where the parts differ, also where the parts hold what joins them', () => {
    const awkward = fc.oneof(name, fc.stringMatching(/^[ab_]{1,3}$/));
    fc.assert(
      fc.property(
        fc.array(awkward, { minLength: 1, maxLength: 4 }),
        fc.array(awkward, { minLength: 1, maxLength: 4 }),
        (one, other) => {
          fc.pre(JSON.stringify(one) !== JSON.stringify(other));
          expect(slug(...one)).not.toBe(slug(...other));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are unique in a device, also for pipelines and keys that run into each other', () => {
    const entity = (key: string): Entity => ({ ...score, key });
    const { payload } = sourceDevice(topics, gateway, {
      name: 'desk',
      entry: 'cameras',
      pipelines: [
        { name: 'a', entities: [entity('b_c'), entity('c')], pictures: true },
        { name: 'a_b', entities: [entity('c')], pictures: true },
      ],
    });
    const ids = Object.values(payload.components).map(({ unique_id }) => unique_id);
    expect(ids).toHaveLength(6);
    expect(new Set(ids).size).toBe(6);
  });
});
