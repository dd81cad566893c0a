import type { Entity } from '../../entity.ts';
import type { Mark } from '../../models/model.ts';
import type { JsonObject } from '../contract.ts';
import { rounded } from '../rounded.ts';
import type { SceneOptions } from './options.ts';
import type { Sight } from './scene.ts';
import type { Track } from './tracker.ts';

/** A track as results and events tell it. */
export function trackJson({ id, label, score, box }: Track, zones: readonly string[]): JsonObject {
  return {
    track: id,
    label,
    score: rounded(score),
    box: { x: rounded(box.x), y: rounded(box.y), width: rounded(box.width), height: rounded(box.height) },
    zones,
  };
}

/** What is true of a source, as its retained state tells it. */
export function stateOf({ whole, zones }: Sight): JsonObject {
  return {
    ...whole,
    zones: Object.fromEntries(Object.entries(zones).map(([name, each]) => [name, { ...each }])),
  };
}

export function eventsOf(
  { passages }: Sight,
  more: (track: Track) => JsonObject = () => ({}),
): ({ type: string } & JsonObject)[] {
  return passages.map(({ type, track, dwellS, zone }) => ({
    type,
    track: track.id,
    label: track.label,
    ...(zone === undefined ? {} : { zone }),
    ...(type === 'left' ? { dwellS } : {}),
    ...more(track),
  }));
}

/** Masks, zones with how many are in them, and boxes with what is in them and how sure the detector is. */
export function marksOf(
  { tracks, zones }: Sight,
  options: Pick<SceneOptions, 'zones' | 'masks'>,
  text: (track: Track) => string,
  tone: Mark['tone'],
): Mark[] {
  return [
    ...options.masks.map((outline): Mark => ({ outline, label: '', tone: 'mask' })),
    ...Object.entries(options.zones).map(
      ([name, outline]): Mark => ({ outline, label: `${name} ${zones[name]?.count ?? 0}`, tone: 'zone' }),
    ),
    ...tracks.map(
      (track): Mark => ({
        box: clipped(track),
        label: `${text(track)} ${Math.round(track.score * 100)} %`,
        tone,
      }),
    ),
  ];
}

/** What Home Assistant shows of the whole picture and of each zone. */
export function sceneEntities(
  zones: readonly string[],
  what: string,
  eventTypes: readonly string[],
): Entity[] {
  const places = [undefined, ...zones];
  const shown = places.flatMap((zone): Entity[] => {
    const path = zone === undefined ? 'value_json' : `value_json.zones['${zone}']`;
    const [key, name] = zone === undefined ? ['', ''] : [`_${keyOf(zone)}`, ` ${zone}`];
    return [
      {
        key: `occupied${key}`,
        platform: 'binary_sensor',
        name: `occupancy${name}`,
        from: 'state',
        template: `{{ ${path}.occupied }}`,
        deviceClass: 'occupancy',
      },
      {
        key: `count${key}`,
        platform: 'sensor',
        name: `${what}${name}`,
        from: 'state',
        template: `{{ ${path}.count }}`,
        stateClass: 'measurement',
      },
      {
        key: `dwell${key}`,
        platform: 'sensor',
        name: `dwell time${name}`,
        from: 'state',
        template: `{{ ${path}.dwellS }}`,
        deviceClass: 'duration',
        unit: 's',
        stateClass: 'measurement',
      },
    ];
  });
  return [...shown, { key: 'event', platform: 'event', name: 'event', from: 'event', eventTypes }];
}

/** A name as part of an entity's key, `[a-z0-9_]+`, distinct for distinct names. */
export function keyOf(name: string): string {
  const plain = name.toLowerCase();
  return /^[a-z0-9]+$/.test(plain) && plain === name
    ? plain
    : `x${Buffer.from(name, 'utf8').toString('hex')}`;
}

function clipped({ box }: Track) {
  const [x, y] = [Math.max(0, box.x), Math.max(0, box.y)];
  return {
    x,
    y,
    width: Math.min(1, box.x + box.width) - x,
    height: Math.min(1, box.y + box.height) - y,
  };
}
