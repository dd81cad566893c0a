import type { Image } from '../image.ts';

/** One picture or reading of one source. */
export interface Frame {
  /** As the sender named it, else made from the content, so that a repeated frame has the same id. */
  readonly id: string;
  readonly source: string;
  /** Where it arrived; absent where it did not come over MQTT. */
  readonly topic?: string;
  /** ms since 1970. */
  readonly receivedAt: number;
  readonly capturedAt?: number;
  readonly payload: Buffer;
  readonly contentType: string;
  /** The payload as a picture; only where the content type is one. */
  readonly image?: Image;
}
