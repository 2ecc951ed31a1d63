/** So many at a time, the others in the order they came. */

import { TooManyAtOnceError } from '../../domain/errors.ts';

export interface SemaphoreOptions {
  readonly permits: number;
  /** How long one waits for its permit. */
  readonly longestWaitMs: number;
  /** What one is told whose time was over: `too many searches at once`. */
  readonly refusal: string;
}

export class Semaphore {
  readonly #options: SemaphoreOptions;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#free = options.permits;
  }

  /**
   * Does the work as soon as there is a permit, which ends with the work.
   *
   * @throws TooManyAtOnceError when there is none in time
   */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #wait(): Promise<void> {
    const { longestWaitMs, refusal } = this.#options;
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        this.#waiting.delete(begin);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(begin);
        reject(new TooManyAtOnceError('postgres', `${refusal}; try again`));
      }, longestWaitMs);
      this.#waiting.add(begin);
    });
  }
}
