import type { Entity } from '../entity.ts';
import { modelComponents } from './model-entities.ts';
import { slug } from './slug.ts';
import type { Topics } from './topics.ts';

/** The gateway as a device of Home Assistant. */
export interface GatewayDescription {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** A page of the gateway that the people of the house can open. */
  readonly url?: string;
}

export interface ModelDescription {
  readonly name: string;
}

/** One source and what judges its frames: a device behind the gateway. */
export interface SourceDescription {
  readonly name: string;
  /** The entry of the configuration's `sources` that it came by. */
  readonly entry: string;
  readonly pipelines: readonly PipelineDescription[];
}

interface PipelineDescription {
  readonly name: string;
  readonly entities: readonly Entity[];
  /** It may publish annotated pictures. */
  readonly pictures: boolean;
}

/** The configuration of one entity under the names of Home Assistant. */
export interface Component {
  readonly platform: string;
  readonly unique_id?: string;
  readonly [option: string]: unknown;
}

/** A message of device discovery, https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload */
export interface DevicePayload {
  readonly device: {
    readonly identifiers: readonly string[];
    readonly name: string;
    readonly manufacturer: string;
    readonly model: string;
    readonly model_id?: string;
    readonly sw_version?: string;
    readonly via_device?: string;
    readonly configuration_url?: string;
  };
  readonly origin: { readonly name: string; readonly sw_version: string };
  readonly components: Readonly<Record<string, Component>>;
  readonly qos: 1;
}

/** A device and the level of its topic, `<prefix>/device/<id>/config`. */
export interface Device {
  readonly id: string;
  readonly payload: DevicePayload;
}

/** What `origin.name` and the manufacturer are: by it a gateway knows its own. */
export const originName = 'edgeward';

/** The gateway: whether it is there, and the version of each model. */
export function gatewayDevice(
  topics: Topics,
  gateway: GatewayDescription,
  models: readonly ModelDescription[],
): Device {
  const id = gatewayDeviceId(gateway);
  const connection: Component = {
    platform: 'binary_sensor',
    unique_id: slug('edgeward', gateway.id, 'status'),
    name: 'Connection',
    device_class: 'connectivity',
    entity_category: 'diagnostic',
    state_topic: topics.status,
    payload_on: 'online',
    payload_off: 'offline',
  };
  const updates = models.flatMap(({ name }) => modelComponents(topics, name));
  return {
    id,
    payload: {
      device: {
        identifiers: [id],
        name: gateway.name,
        manufacturer: originName,
        model: 'Gateway',
        sw_version: gateway.version,
        ...(gateway.url === undefined ? {} : { configuration_url: gateway.url }),
      },
      origin: originOf(gateway),
      components: { status: connection, ...Object.fromEntries(updates) },
      qos: 1,
    },
  };
}

/** A source: whether it sends, and for each pipeline its values and the last annotated picture. */
export function sourceDevice(topics: Topics, gateway: GatewayDescription, source: SourceDescription): Device {
  const { name, entry, pipelines } = source;
  const id = slug('edgeward', gateway.id, 'source', name);
  const problem: Component = {
    platform: 'binary_sensor',
    unique_id: slug('edgeward', gateway.id, 'source', name, 'problem'),
    name: 'Problem',
    device_class: 'problem',
    entity_category: 'diagnostic',
    state_topic: topics.availability(name),
    payload_on: 'offline',
    payload_off: 'online',
    availability: [{ topic: topics.status }],
  };
  const judged = pipelines.flatMap((pipeline) => pipelineComponents(topics, name, pipeline));
  return {
    id,
    payload: {
      device: {
        identifiers: [id],
        name,
        manufacturer: originName,
        model: entry,
        model_id: name,
        via_device: gatewayDeviceId(gateway),
      },
      origin: originOf(gateway),
      components: { problem, ...Object.fromEntries(judged) },
      qos: 1,
    },
  };
}

function pipelineComponents(
  topics: Topics,
  source: string,
  pipeline: PipelineDescription,
): [string, Component][] {
  const component = (kind: 'entity' | 'picture', key: readonly string[], component: Component) => {
    const whileOnline = {
      unique_id: slug('edgeward', topics.gateway, kind, source, pipeline.name, ...key),
      availability: [{ topic: topics.status }, { topic: topics.availability(source) }],
      availability_mode: 'all',
    };
    return [slug(kind, pipeline.name, ...key), { ...component, ...whileOnline }] as [string, Component];
  };
  const entities = pipeline.entities.map((entity) =>
    component('entity', [entity.key], {
      platform: entity.platform,
      name: `${pipeline.name} ${entity.name}`,
      state_topic: topics[entity.from](source, pipeline.name),
      ...optionsOf(entity),
    }),
  );
  if (!pipeline.pictures) return entities;
  const picture = component('picture', [], {
    platform: 'image',
    name: `${pipeline.name} picture`,
    image_topic: topics.image(source, pipeline.name),
    content_type: 'image/jpeg',
  });
  return [...entities, picture];
}

export function gatewayDeviceId({ id }: Pick<GatewayDescription, 'id'>): string {
  return slug('edgeward', id);
}

function originOf({ version }: GatewayDescription): DevicePayload['origin'] {
  return { name: originName, sw_version: version };
}

function optionsOf(entity: Entity): Readonly<Record<string, unknown>> {
  const template = entity.template ?? (entity.platform === 'event' ? eventTemplate : undefined);
  const options = {
    value_template: template,
    device_class: entity.deviceClass,
    unit_of_measurement: entity.unit,
    state_class: entity.stateClass,
    icon: entity.icon,
    event_types: entity.eventTypes,
    // How Home Assistant writes the booleans of a template.
    ...(entity.platform === 'binary_sensor' ? { payload_on: 'True', payload_off: 'False' } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** A pipeline's event says `type`, and Home Assistant reads `event_type`. */
const eventTemplate = '{{ dict(value_json, event_type=value_json.type) | tojson }}';
