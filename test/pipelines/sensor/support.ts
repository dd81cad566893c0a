import { parseOptions } from '../../../src/config/convict.ts';
import { createLog } from '../../../src/log.ts';
import type { Model } from '../../../src/models/model.ts';
import sensor from '../../../src/pipelines/builtin/sensor.ts';
import type { Decision, JsonObject } from '../../../src/pipelines/contract.ts';
import type { Frame } from '../../../src/pipelines/frame.ts';
import { type SensorOptions, sensorSchema } from '../../../src/pipelines/sensor/options.ts';

const log = await createLog({ level: 'silent', format: 'json' });

/** Options as the configuration gives them, defaults filled in. */
export function optionsOf(options: object): SensorOptions {
  return parseOptions(sensorSchema, options, 'pipelines.test.options');
}

export interface Subject {
  /** Sends a payload of `atS` seconds. */
  send(payload: unknown, atS: number, more?: Partial<Frame>): Promise<Decision>;
}

/** The pipeline as the runner would drive it. */
export async function subjectOf(options: object, net?: Model): Promise<Subject> {
  const instance = await sensor.create({ options: optionsOf(options), log, stateDir: '', announce() {} });
  const signal = new AbortController().signal;
  return {
    send(payload, atS, more = {}) {
      const bytes = Buffer.isBuffer(payload)
        ? payload
        : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
      const frame: Frame = {
        id: `${atS}`,
        source: 'pump',
        receivedAt: atS * 1000,
        payload: bytes,
        contentType: 'application/json',
        ...more,
      };
      return instance.process(frame, { models: net ? { net } : {}, signal });
    },
  };
}

export function typesOf({ events = [] }: Decision): string[] {
  return events.map(({ type, channel }) => (channel ? `${type} ${channel}` : type));
}

export function channel({ result }: Decision, name: string): JsonObject {
  return (result.channels as Record<string, JsonObject>)[name] ?? {};
}
