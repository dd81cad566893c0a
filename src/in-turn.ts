/** Runs tasks one after the other, as they come. One that fails keeps none behind it from running. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as `task` does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves when all that came until now has ended. */
  async ended(): Promise<void> {
    await this.#last;
  }
}
