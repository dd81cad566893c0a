/**
 * Runs the tasks of one topic one after the other, and those of different topics at once. Storing a message takes
 * time, and the messages of a topic must leave in the order in which they came [MQTT-4.6.0-6].
 */
export class TopicOrder {
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Runs `task` when its turn has come. It must call `next` once. */
  run(topic: string, task: (next: () => void) => void): void {
    const waiting = this.#waiting.get(topic);
    const start = () => task(() => this.#next(topic));
    if (waiting) {
      waiting.push(start);
      return;
    }
    this.#waiting.set(topic, []);
    start();
  }

  #next(topic: string): void {
    const start = this.#waiting.get(topic)?.shift();
    if (start) start();
    else this.#waiting.delete(topic);
  }
}
