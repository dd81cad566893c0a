import type { IPublishPacket, UserProperties } from 'mqtt-packet';
import type { Message } from './bus.ts';

/** The message that a PUBLISH packet carries. The payload is not copied. */
export function toMessage(packet: IPublishPacket): Message {
  const { contentType, userProperties } = packet.properties ?? {};
  return {
    topic: packet.topic,
    payload: toBuffer(packet.payload),
    qos: packet.qos,
    retain: packet.retain,
    // A will has no such flag.
    dup: packet.dup === true,
    ...(contentType === undefined ? {} : { contentType }),
    ...(userProperties === undefined ? {} : { userProperties: lastOfEach(userProperties) }),
  };
}

export function toBuffer(payload: string | Uint8Array): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  if (Buffer.isBuffer(payload)) return payload;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

/** MQTT 5 lets a key of the user properties occur more than once [MQTT5-3.3.2.3.7]. */
function lastOfEach(properties: UserProperties): Record<string, string> {
  const entries = Object.entries(properties).map(([key, value]): [string, string] => [
    key,
    typeof value === 'string' ? value : (value.at(-1) ?? ''),
  ]);
  return Object.fromEntries(entries);
}
