/** A time limit that a busy process does not reach by being busy. */

const LONGEST_TURN_MS = 50;

export interface TurnLimit {
  /** Rejects when the time is over. */
  readonly reached: Promise<never>;
  /** Ends it: it is never reached. */
  close(): void;
}

/**
 * Starts a limit on waiting for somebody else. A turn of the event loop in which this process did other work counts
 * {@link LONGEST_TURN_MS} of it: nobody is late because we were too busy to hear the answer.
 *
 * @param tooLate what it rejects with
 */
export function startTurnLimit(limitMs: number, tooLate: () => Error): TurnLimit {
  let timer: ReturnType<typeof setTimeout>;
  const reached = new Promise<never>((_, reject) => {
    const wait = (leftMs: number) => {
      timer = setTimeout(
        () => (leftMs > LONGEST_TURN_MS ? wait(leftMs - LONGEST_TURN_MS) : reject(tooLate())),
        Math.min(leftMs, LONGEST_TURN_MS),
      );
    };
    wait(limitMs);
  });
  return { reached, close: () => clearTimeout(timer) };
}
