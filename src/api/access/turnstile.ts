/** Lets so many through at once, and the others in the order they came, so that a storm of one kind of call leaves time for the rest. */

import { UnavailableError } from '../../domain/errors.ts';

/** Where nobody leaves for so long something holds all of them up: with the enqueue that follows, a caller is told within two seconds. */
const MOST_STANDSTILL_MS = 500;
/** However well it moves. */
const MOST_WAIT_MS = 5_000;

export class Turnstile {
  readonly #width: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;
  /** When somebody last went in or out. */
  #movedAtMs = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /**
   * Resolves when it is the caller's turn; what it answers ends the turn.
   *
   * @throws UnavailableError when nobody's turn ends for half a second, or the caller's does not come within five
   */
  async enter(): Promise<() => void> {
    if (this.#inside >= this.#width) await this.#turn();
    else this.#goIn();
    let isInside = true;
    return () => {
      if (isInside) this.#leave();
      isInside = false;
    };
  }

  #turn(): Promise<void> {
    const cameAtMs = performance.now();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const begin = () => {
        clearTimeout(timer);
        // A turn of the event loop lies between them, in which others are served.
        setImmediate(resolve);
      };
      const watch = () => {
        const untilMs = Math.min(this.#movedAtMs + MOST_STANDSTILL_MS, cameAtMs + MOST_WAIT_MS);
        const leftMs = untilMs - performance.now();
        if (leftMs > 0) {
          timer = setTimeout(watch, leftMs);
          return;
        }
        this.#waiting.delete(begin);
        const waitedMs = Math.round(performance.now() - cameAtMs);
        reject(new UnavailableError('postgres', `the queue is too slow: ${waitedMs} ms went by`));
      };
      this.#waiting.add(begin);
      timer = setTimeout(watch, MOST_STANDSTILL_MS);
    });
  }

  #goIn(): void {
    this.#inside += 1;
    this.#movedAtMs = performance.now();
  }

  #leave(): void {
    this.#movedAtMs = performance.now();
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
