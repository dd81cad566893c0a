/** A camera whose frames have numbers, and the book of who answered which. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';

export interface FramesJob {
  readonly url: string;
  readonly topic: string;
  /** JPEG, sent in turn. */
  readonly pictures: readonly Buffer[];
}

export interface NumberedFrames {
  /** Keeps so many frames without a result on the way, until `pause`. */
  flood(window: number): void;
  /** Sends so many frames a second whatever comes back, until `pause`. */
  film(framesPerSecond: number): void;
  pause(): void;
  /** Waits until every frame that was sent has a result, or the time is over. */
  drain(withinMs: number): Promise<void>;
  /** Results so far, by the id of the gateway. */
  answers(): Map<string, number>;
  /** Frames so far: sent, without a result, with more than one. */
  book(): { sent: number; unanswered: number; repeated: number };
  close(): Promise<void>;
}

/** Everything travels at QoS 1; the number is the frame's id, a user property of MQTT 5. */
export async function numberedFrames({ url, topic, pictures }: FramesJob): Promise<NumberedFrames> {
  const client = await connectAsync(url, { protocolVersion: 5 });
  const judges = new Map<string, string[]>();
  let sent = 0;
  let window = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = () => {
    const id = String(sent++);
    const payload = pictures[sent % pictures.length] ?? Buffer.alloc(0);
    const properties = { contentType: 'image/jpeg', userProperties: { 'frame-id': id } };
    client.publish(topic, payload, { qos: 1, properties });
  };
  const fill = () => {
    while (sent - judges.size < window) send();
  };
  client.on('message', (resultTopic, payload) => {
    const { frame }: { frame: { id: string } } = JSON.parse(payload.toString());
    judges.set(frame.id, [...(judges.get(frame.id) ?? []), resultTopic.split('/')[1] ?? '']);
    fill();
  });
  await client.subscribeAsync('edgeward/+/+/net/result', { qos: 1 });

  return {
    flood(frames) {
      window = frames;
      fill();
    },
    film(framesPerSecond) {
      timer = setInterval(send, 1000 / framesPerSecond);
    },
    pause() {
      window = 0;
      clearInterval(timer);
    },
    async drain(withinMs) {
      const deadline = performance.now() + withinMs;
      while (judges.size < sent && performance.now() < deadline) await delay(10);
    },
    answers() {
      const counts = new Map<string, number>();
      for (const gateway of [...judges.values()].flat()) counts.set(gateway, (counts.get(gateway) ?? 0) + 1);
      return counts;
    },
    book() {
      const repeated = [...judges.values()].filter(({ length }) => length > 1).length;
      return { sent, unanswered: sent - judges.size, repeated };
    },
    async close() {
      clearInterval(timer);
      await client.endAsync(true);
    },
  };
}
