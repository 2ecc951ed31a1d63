/** Steps that can be stopped: side by side, or raced against a signal. */

/** Runs steps side by side. When one fails the others are aborted, and its error is thrown after all have ended. */
export async function together<S extends { readonly signal: AbortSignal }, A, B>(
  all: S,
  [one, other]: readonly [(step: S) => Promise<A>, (step: S) => Promise<B>],
): Promise<[A, B]> {
  const failure = new AbortController();
  const step = { ...all, signal: AbortSignal.any([all.signal, failure.signal]) };
  const abortOthers = (thrown: unknown) => {
    failure.abort(thrown);
    throw thrown;
  };
  const steps = [one(step).catch(abortOthers), other(step).catch(abortOthers)] as const;
  await Promise.allSettled(steps);
  all.signal.throwIfAborted();
  failure.signal.throwIfAborted();
  return await Promise.all(steps);
}

/** The work's result, or what the signal was aborted with, whichever comes first. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    onAbort(signal, abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Calls once when the signal is aborted; at once when it is already. */
export function onAbort(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) {
    call();
  } else {
    signal.addEventListener('abort', call, { once: true });
  }
}
