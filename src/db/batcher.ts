/** Makes one call of many that come at the same time: from the same event, or while earlier calls are under way. */

/** How many joint calls are under way at once: one that waits for a lock does not hold up the next. */
const WIDTH = 2;

export interface GatherOptions {
  readonly mostAtOnce: number;
  readonly isForAll: (error: unknown) => boolean;
  /** How long items wait for calls under way; absent: as long as they take. */
  readonly wait?: WaitLimits;
}

export interface WaitLimits {
  /** No call under way ends for so long: whatever they are made of stands still. */
  readonly standstillMs: number;
  readonly standstill: () => Error;
  /** However well they go on. */
  readonly mostMs: number;
  readonly tooMany: () => Error;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly cameAtMs: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * A function that hands its items to `together`: those that come from one event together, at its end; those that come while
 * calls are under way together in the next one. When a joint call fails, each of its items is tried alone, so that one's
 * failure is its own; unless `isForAll` says that the error is that of all.
 *
 * @param together answers one thing for each item, in their order
 */
export function gather<Item, Answer>(
  together: (items: readonly Item[]) => Promise<readonly Answer[]>,
  options: GatherOptions,
): (item: Item) => Promise<Answer> {
  const waiting: Waiting<Item, Answer>[] = [];
  let underWay = 0;
  let isPlanned = false;
  /** When a call last began or ended. */
  let movedAtMs = 0;
  let watch: NodeJS.Timeout | undefined;

  const settle = async (batch: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await together(batch.map(({ item }) => item));
      for (const [index, one] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) one.reject(new Error('a joint call answered too little'));
        else one.resolve(answer);
      }
    } catch (error) {
      if (batch.length > 1 && !options.isForAll(error)) await Promise.all(batch.map((one) => settle([one])));
      else for (const one of batch) one.reject(error);
    }
  };

  const goOn = (): void => {
    isPlanned = false;
    while (underWay < WIDTH && waiting.length > 0) {
      underWay += 1;
      movedAtMs = performance.now();
      void settle(waiting.splice(0, options.mostAtOnce)).then(() => {
        underWay -= 1;
        movedAtMs = performance.now();
        goOn();
      });
    }
    if (waiting.length > 0) return;
    clearTimeout(watch);
    watch = undefined;
  };

  /** Looks after those who wait until nobody does. The first of them waits longest. */
  const watchOver = (limits: WaitLimits): void => {
    const nowMs = performance.now();
    const endOf = ({ cameAtMs }: Waiting<Item, Answer>) =>
      Math.min(Math.max(cameAtMs, movedAtMs) + limits.standstillMs, cameAtMs + limits.mostMs);
    while (waiting[0] && endOf(waiting[0]) <= nowMs) {
      const late = waiting.shift();
      late?.reject(nowMs - late.cameAtMs >= limits.mostMs ? limits.tooMany() : limits.standstill());
    }
    watch = waiting[0] && setTimeout(watchOver, endOf(waiting[0]) - nowMs, limits);
  };

  return (item) =>
    new Promise((resolve, reject) => {
      const { wait } = options;
      waiting.push({ item, cameAtMs: performance.now(), resolve, reject });
      if (wait) watch ??= setTimeout(watchOver, wait.standstillMs, wait);
      if (isPlanned || underWay >= WIDTH) return;
      isPlanned = true;
      setImmediate(goOn);
    });
}
