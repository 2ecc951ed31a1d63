/** Places for effects at work in one process, shared by its lanes. */

export interface Semaphore {
  /** Waits for a place of the lane; the answer gives it back. */
  take(lane: string, signal: AbortSignal): Promise<() => void>;
}

interface Waiting {
  readonly lane: string;
  grant(): void;
}

/**
 * A lane may hold as many places as are free beside its own. So one whose provider hangs takes half at most, two take three quarters,
 * and there is always room for the next lane. First come, first served within a lane.
 */
export function createSemaphore(capacity: number): Semaphore {
  const held = new Map<string, number>();
  const waiting = new Set<Waiting>();
  let free = capacity;

  const mayTake = (lane: string) => free > 0 && (held.get(lane) ?? 0) < free;
  const hold = (lane: string, change: number) => {
    free -= change;
    held.set(lane, (held.get(lane) ?? 0) + change);
    if (held.get(lane) === 0) held.delete(lane);
  };
  const give = (lane: string) => () => {
    hold(lane, -1);
    for (const one of waiting) if (mayTake(one.lane)) one.grant();
  };

  return {
    take(lane, signal) {
      if (mayTake(lane)) {
        hold(lane, 1);
        return Promise.resolve(give(lane));
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(one);
          reject(signal.reason);
        };
        const one: Waiting = {
          lane,
          grant() {
            waiting.delete(one);
            signal.removeEventListener('abort', leave);
            hold(lane, 1);
            resolve(give(lane));
          },
        };
        if (signal.aborted) reject(signal.reason);
        else {
          waiting.add(one);
          signal.addEventListener('abort', leave, { once: true });
        }
      });
    },
  };
}
