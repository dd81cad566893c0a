export interface Turn {
  /** Resolves when all that came before has passed. */
  readonly mine: Promise<void>;
  /** Lets the next one go. */
  pass(): void;
}

/** Results of a source leave in the order in which its frames came, though their nets may overtake. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  take(source: string): Turn {
    const mine = this.#last.get(source) ?? Promise.resolve();
    let resolve = () => {};
    const passed = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#last.set(source, passed);
    return {
      mine,
      pass: () => {
        if (this.#last.get(source) === passed) this.#last.delete(source);
        resolve();
      },
    };
  }
}
