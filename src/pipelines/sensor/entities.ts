import type { Entity } from '../../entity.ts';
import type { SensorOptions } from './options.ts';

/** What Home Assistant shows of a source: the alarm, the score, and each channel with its signal. */
export function entitiesOf({ channels }: SensorOptions): Entity[] {
  return [
    {
      key: 'problem',
      platform: 'binary_sensor',
      name: 'alarm',
      from: 'state',
      template: "{{ value_json.alarm != 'none' }}",
      deviceClass: 'problem',
    },
    {
      key: 'alarm',
      platform: 'sensor',
      name: 'alarm level',
      from: 'state',
      template: '{{ value_json.alarm }}',
      icon: 'mdi:alert',
    },
    {
      key: 'score',
      platform: 'sensor',
      name: 'score',
      from: 'state',
      template: '{{ value_json.score if value_json.scoreValid else None }}',
      stateClass: 'measurement',
      icon: 'mdi:chart-bell-curve',
    },
    {
      key: 'event',
      platform: 'event',
      name: 'event',
      from: 'event',
      eventTypes: ['warning', 'critical', 'cleared', 'sensor_off', 'sensor_on', 'drifted'],
    },
    ...Object.entries(channels).flatMap(([name, { unit }]): Entity[] => [
      {
        key: `value_${name}`,
        platform: 'sensor',
        name,
        from: 'state',
        template: `{{ value_json.channels.${name}.value }}`,
        stateClass: 'measurement',
        ...(unit ? { unit } : {}),
      },
      {
        key: `signal_${name}`,
        platform: 'binary_sensor',
        name: `${name} sensor`,
        from: 'state',
        template: `{{ value_json.channels.${name}.signal == 'off' }}`,
        deviceClass: 'problem',
      },
    ]),
  ];
}
