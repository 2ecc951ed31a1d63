/** How often something is done, by how long it takes: what is quick each time, what is slow for a share of the time. */

const SHARE = 20;
/** However slow it is. */
const LONGEST_PAUSE_MS = 5_000;

export class AdaptiveInterval {
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
