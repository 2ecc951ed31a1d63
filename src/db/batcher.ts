/** Makes one call of many that come at the same time: from the same event, or while earlier calls are under way. */

/** How many joint calls are under way at once: one that waits for a lock does not hold up the next. */
const WIDTH = 2;

export interface GatherOptions {
  readonly mostAtOnce: number;
  readonly isForAll: (error: unknown) => boolean;
  /** How long an item waits for calls under way, and what it fails with then; absent: as long as they take. */
  readonly wait?: { readonly limitMs: number; readonly error: () => Error };
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly limit: NodeJS.Timeout | undefined;
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
      const batch = waiting.splice(0, options.mostAtOnce);
      for (const { limit } of batch) clearTimeout(limit);
      void settle(batch).then(() => {
        underWay -= 1;
        goOn();
      });
    }
  };

  const giveUp = (one: Waiting<Item, Answer>, error: Error): void => {
    waiting.splice(waiting.indexOf(one), 1);
    one.reject(error);
  };

  return (item) =>
    new Promise((resolve, reject) => {
      const { wait } = options;
      const limit = wait && setTimeout(() => giveUp(one, wait.error()), wait.limitMs);
      const one: Waiting<Item, Answer> = { item, limit, resolve, reject };
      waiting.push(one);
      if (isPlanned || underWay >= WIDTH) return;
      isPlanned = true;
      setImmediate(goOn);
    });
}
