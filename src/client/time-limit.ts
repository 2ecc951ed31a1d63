/** The time that a try of a call may take. */

/**
 * Aborts when the time is over, or when the caller's own signal does. Its timer and its promise are held until it is closed:
 * garbage collection may take the timer within `AbortSignal.any([AbortSignal.timeout(…)])`, and a fetch may forget its signal
 * while the body comes (both in Node).
 */
export class TimeLimit {
  /** Rejects, with the reason, when the limit is reached. */
  readonly reached: Promise<never>;
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    const { signal } = this.#controller;
    this.reached = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    this.#timer = setTimeout(() => {
      this.#controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
    }, ms);
    this.#outer = outer;
    outer?.addEventListener('abort', this.#stop);
    if (outer?.aborted) this.#stop();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#stop);
  }

  readonly #stop = () => this.#controller.abort(this.#outer?.reason);
}
