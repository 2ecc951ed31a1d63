/** Gives pieces of work their turns of the event loop, so that a stop that arrives meanwhile is read between two of them. */

/** Requests that came together begin together, and what they ask of the database is asked together; but no more than this many. */
const MOST_A_TURN = 4;
/** Nor any more when those before them took so long. */
const TURN_MS = 2;

interface Waiting {
  readonly begin: () => void;
  readonly needsWholeTurn: boolean;
}

export class FairQueue {
  readonly #waiting = new Set<Waiting>();
  readonly #nowMs: () => number;
  #isPlanned = false;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Calls back when it is the caller's turn: at once where nobody else has this turn of the loop, else in the order they came. */
  next(begin: () => void): void {
    this.#enter({ begin, needsWholeTurn: false });
  }

  /** For a piece of long work: resolves when it is the caller's turn, which no other shares. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#enter({ begin: resolve, needsWholeTurn: true }));
  }

  #enter(waiting: Waiting): void {
    if (this.#isPlanned) {
      this.#waiting.add(waiting);
      return;
    }
    this.#plan();
    waiting.begin();
  }

  #plan(): void {
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (this.#waiting.size === 0) return;
      this.#plan();
      this.#serve();
    });
  }

  #serve(): void {
    const startedMs = this.#nowMs();
    let begun = 0;
    for (const waiting of this.#waiting) {
      if (waiting.needsWholeTurn && begun > 0) return;
      this.#waiting.delete(waiting);
      waiting.begin();
      begun += 1;
      if (waiting.needsWholeTurn || begun >= MOST_A_TURN || this.#nowMs() - startedMs >= TURN_MS) return;
    }
  }
}
