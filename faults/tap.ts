import { type Packet, parser } from 'mqtt-packet';

/**
 * Reads what a gateway and an external broker say to each other, and keeps the promise against them: a frame is
 * acknowledged only when its result has been accepted. It also tells a frame that the gateway lost from one that a
 * killed broker took with it.
 */
export class Tap {
  /** Frames whose result the broker has accepted. */
  readonly #accepted = new Set<string>();
  /** Frames that the gateway has acknowledged to the broker. */
  readonly #acknowledged = new Set<string>();
  /** Frames that were given to the gateway over a connection that lasts, and are not acknowledged. */
  readonly #given = new Set<Map<number, string>>();
  /** Frames that were acknowledged before their result was accepted. */
  early = 0;

  /** Whether the gateway has let go of a frame without an answer, or holds it still. */
  isLostByGateway(id: string): boolean {
    const held = [...this.#given].some((frames) => [...frames.values()].includes(id));
    return held || (this.#acknowledged.has(id) && !this.#accepted.has(id));
  }

  /** For one connection; MQTT 3.1.1 or 5. */
  connection = () => {
    const given = new Map<number, string>();
    const told = new Map<number, string>();
    this.#given.add(given);
    const fromServer = reader((packet) => {
      if (packet.cmd === 'publish') note(given, packet.messageId, packet.payload, 'id');
      if (packet.cmd === 'puback') this.#accept(take(told, packet.messageId));
    });
    const fromClient = reader((packet) => {
      if (packet.cmd === 'publish') note(told, packet.messageId, packet.payload, 'frame');
      if (packet.cmd === 'puback') this.#acknowledge(take(given, packet.messageId));
    });
    return { fromServer, fromClient, closed: () => void this.#given.delete(given) };
  };

  #accept(id: string | undefined): void {
    if (id !== undefined) this.#accepted.add(id);
  }

  #acknowledge(id: string | undefined): void {
    if (id === undefined) return;
    this.#acknowledged.add(id);
    if (!this.#accepted.has(id)) this.early++;
  }
}

function reader(onPacket: (packet: Packet) => void): (bytes: Buffer) => void {
  const read = parser({ protocolVersion: 5 }).on('packet', onPacket);
  return (bytes) => void read.parse(bytes);
}

/** Frames say their id as `id`, results as `frame.id`; what is neither is not of interest. */
function note(
  into: Map<number, string>,
  messageId: number | undefined,
  payload: string | Buffer,
  kind: 'id' | 'frame',
): void {
  if (messageId === undefined || payload.length === 0 || payload.toString()[0] !== '{') return;
  const said: { id?: string; frame?: { id: string } } = JSON.parse(payload.toString());
  const id = kind === 'id' ? said.id : said.frame?.id;
  if (id !== undefined) into.set(messageId, id);
}

function take(from: Map<number, string>, messageId: number | undefined): string | undefined {
  const id = from.get(messageId ?? 0);
  from.delete(messageId ?? 0);
  return id;
}
