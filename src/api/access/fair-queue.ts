/** Gives each piece of work a turn of the event loop of its own, so that a stop that arrives meanwhile is read between two of them. */

export class FairQueue {
  readonly #waiting = new Set<() => void>();
  #isPlanned = false;

  /** Calls back when it is the caller's turn: at once where nobody else has this turn of the loop, else in the order they came. */
  next(begin: () => void): void {
    if (this.#isPlanned) {
      this.#waiting.add(begin);
      return;
    }
    this.#plan();
    begin();
  }

  /** The same as a promise. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.next(resolve));
  }

  #plan(): void {
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const [begin] = this.#waiting;
      if (begin === undefined) return;
      this.#waiting.delete(begin);
      this.#plan();
      begin();
    });
  }
}
