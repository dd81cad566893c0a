/** One value that Home Assistant shows of a source: a JSON path into result or state. */
export interface Entity {
  /** `[a-z0-9_]+`, unique in the pipeline. */
  readonly key: string;
  readonly platform: 'sensor' | 'binary_sensor' | 'event';
  readonly name: string;
  readonly from: 'result' | 'state' | 'event';
  /**
   * Template of Home Assistant for the value, as `{{ value_json.class }}`. Of a binary sensor it gives True or
   * False; of an event, JSON with `event_type`.
   */
  readonly template?: string;
  readonly deviceClass?: string;
  readonly unit?: string;
  readonly stateClass?: 'measurement' | 'total' | 'total_increasing';
  readonly icon?: string;
  /** Platform `event` only. */
  readonly eventTypes?: readonly string[];
}

const platforms = ['sensor', 'binary_sensor', 'event'];
const origins = ['result', 'state', 'event'];

/** What is wrong with a value that Home Assistant is to show beside those before it; empty if nothing. */
export function entityFaults(entity: Entity, before: readonly Entity[]): string[] {
  const { key, platform, from, name, template, eventTypes = [] } = entity;
  const fault = (expected: string, received: unknown) =>
    `Expected ${expected} of entity ${key} but received ${JSON.stringify(received)}`;
  return [
    ...(/^[a-z0-9_]+$/.test(key) ? [] : [fault('a-z, 0-9 and _ for key', key)]),
    ...(before.every((other) => other.key !== key)
      ? []
      : [fault('another key than that of the entity before', key)]),
    ...(name ? [] : [fault('a name', name)]),
    ...(platforms.includes(platform) ? [] : [fault(`${platforms.join(', ')} for platform`, platform)]),
    ...(origins.includes(from) ? [] : [fault(`${origins.join(', ')} for from`, from)]),
    ...(platform === 'event' && eventTypes.length === 0 ? [fault('eventTypes', eventTypes)] : []),
    ...(platform !== 'event' && !template ? [fault('a template', template)] : []),
  ];
}
