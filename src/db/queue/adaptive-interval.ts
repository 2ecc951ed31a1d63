/** What is quick is done each time. What became slow, because there is so much to pass, is done seldom: it gets a share of the time. */

const SHARE = 20;
/** However slow it is. */
const LONGEST_PAUSE_MS = 5_000;

export class Seldom {
  readonly #cheapMs: number;
  #notBeforeMs = 0;

  /** @param cheapMs what takes no longer is quick */
  constructor(cheapMs: number) {
    this.#cheapMs = cheapMs;
  }

  get isTime(): boolean {
    return performance.now() >= this.#notBeforeMs;
  }

  /** It was done just now, and took so long. */
  took(ms: number): void {
    this.#notBeforeMs = performance.now() + Math.min(LONGEST_PAUSE_MS, SHARE * Math.max(0, ms - this.#cheapMs));
  }
}
