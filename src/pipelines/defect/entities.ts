import type { Entity } from '../../entity.ts';

/** What Home Assistant shows of a line. */
export function defectEntities(): readonly Entity[] {
  return [
    { ...measured('verdict', 'verdict'), icon: 'mdi:check-decagram' },
    { ...measured('score', 'score'), stateClass: 'measurement' },
    { ...measured('parts', 'parts'), stateClass: 'total_increasing' },
    { ...measured('ng', 'NG parts'), stateClass: 'total_increasing' },
    { ...measured('unsure', 'unsure parts'), stateClass: 'total_increasing' },
    { ...percent('yield', 'yield') },
    { ...percent('rate', 'defect rate') },
    alarm('rate_alarm', 'defect rate alarm', 'rateAlarm'),
    alarm('overloaded', 'overloaded', 'overloaded'),
    {
      key: 'event',
      platform: 'event',
      name: 'event',
      from: 'event',
      eventTypes: ['ng', 'rate_alarm', 'overloaded'],
    },
  ];
}

function measured(key: string, name: string): Entity {
  return { key, platform: 'sensor', name, from: 'state', template: `{{ value_json.${key} }}` };
}

function percent(key: string, name: string): Entity {
  const template = `{{ (value_json.${key} * 100) | round(2) }}`;
  return { ...measured(key, name), template, unit: '%', stateClass: 'measurement' };
}

function alarm(key: string, name: string, field: string): Entity {
  const template = `{{ value_json.${field} }}`;
  return { key, platform: 'binary_sensor', name, from: 'state', template, deviceClass: 'problem' };
}
