/** Who listens to events: each gets every committed row of the log once, in order, from one reader that runs while somebody does. */

import { setTimeout as delay } from 'node:timers/promises';
import type { LogEntry } from '../../contracts/http/log.ts';
import { highestPrunedLog, readLogWriters } from '../../db/look/events.ts';
import type { Database } from '../../db/pool.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { LogTail, type Stretch } from './tail.ts';

export type FeedItem =
  | { readonly event: 'ready' | 'reset'; readonly id: number }
  | { readonly event: 'log'; readonly id: number; readonly entry: LogEntry };

export interface FollowOptions {
  /** Go on after this id; undefined begins now. */
  readonly after: number | undefined;
  readonly signal: AbortSignal;
}

const AWAY_INTERVAL_MS = 500;

export class EventFeed {
  readonly #database: Database;
  readonly #onTrouble: (error: unknown) => void;
  #tail: LogTail | undefined;
  #followers = 0;

  constructor(database: Database, onTrouble: (error: unknown) => void) {
    this.#database = database;
    this.#onTrouble = onTrouble;
  }

  /**
   * First `ready`, or `reset` when rows after that id are gone and its place is now; then each row once, until the signal. Those
   * that come together are handed out together.
   *
   * @throws UnavailableError when PostgreSQL is away at the beginning; later it waits for it
   */
  async *follow({ after, signal }: FollowOptions): AsyncGenerator<readonly FeedItem[], void> {
    const { lastId } = await readLogWriters(this.#database);
    const pruned = await highestPrunedLog(this.#database);
    const tail = this.#join();
    try {
      while (tail.upTo === undefined && !signal.aborted) await either(tail.news, signal);
      const isLost = after !== undefined && (after > lastId || after < pruned);
      let place = after === undefined || isLost ? (tail.upTo ?? lastId) : after;
      yield [{ event: isLost ? 'reset' : 'ready', id: place }];
      while (!signal.aborted) {
        const { news } = tail;
        const { entries, upTo } = await this.#stretch(tail, place, signal);
        if (entries.length > 0) yield entries.map((entry) => ({ event: 'log', id: entry.id, entry }));
        if (upTo === place) await either(news, signal);
        place = upTo;
      }
    } finally {
      this.#leave();
    }
  }

  async #stretch(tail: LogTail, place: number, signal: AbortSignal): Promise<Stretch> {
    try {
      return await tail.stretchAfter(place);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      await delay(AWAY_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      return { entries: [], upTo: place };
    }
  }

  #join(): LogTail {
    this.#followers += 1;
    this.#tail ??= new LogTail(this.#database, this.#onTrouble);
    return this.#tail;
  }

  #leave(): void {
    this.#followers -= 1;
    if (this.#followers > 0) return;
    this.#tail?.stop();
    this.#tail = undefined;
  }
}

/** Whichever is first; it leaves no listener behind. */
async function either(news: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([news, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
