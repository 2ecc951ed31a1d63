/** The one reader of the log's new rows in this process. It keeps the newest, for those who are nearly up to date. */

import { setTimeout as delay } from 'node:timers/promises';
import type { LogEntry } from '../../contracts/http/log.ts';
import { Horizon, readEvents, readLogWriters, waitForDisk } from '../../db/look/events.ts';
import type { Database } from '../../db/pool.ts';

export interface Stretch {
  /** Every row after the place that was asked for, up to `upTo`, and no other. */
  readonly entries: readonly LogEntry[];
  readonly upTo: number;
}

const LOOK_INTERVAL_MS = 100;
/** While somebody writes, the horizon moves as soon as they are done. */
const BEHIND_INTERVAL_MS = 20;
const AWAY_INTERVAL_MS = 500;
const PAGE_SIZE = 500;
const MAX_RECENT = 2_000;

export class LogTail {
  readonly #database: Database;
  readonly #onTrouble: (error: unknown) => void;
  readonly #stopped = new AbortController();
  readonly #horizon = new Horizon();
  #recent: LogEntry[] = [];
  /** `#recent` holds all rows above `#after`, up to `#upTo`; undefined before the first horizon. */
  #after = 0;
  #upTo: number | undefined;
  #news = Promise.withResolvers<void>();

  /** @param onTrouble told when it cannot read; it goes on trying */
  constructor(database: Database, onTrouble: (error: unknown) => void) {
    this.#database = database;
    this.#onTrouble = onTrouble;
    void this.#read(this.#stopped.signal);
  }

  stop(): void {
    this.#stopped.abort();
    this.#news.resolve();
  }

  /** Up to where it has read. */
  get upTo(): number | undefined {
    return this.#upTo;
  }

  /** Resolves when it has read further, or is stopped. */
  get news(): Promise<void> {
    return this.#news.promise;
  }

  /** What comes after a place, from memory or, for who is far behind, a page from the database. */
  async stretchAfter(place: number): Promise<Stretch> {
    const known = this.#upTo ?? place;
    if (place >= known) return { entries: [], upTo: place };
    if (place >= this.#after) {
      // Who listens is mostly near the end.
      const next = this.#recent.findLastIndex((entry) => entry.id <= place) + 1;
      return { entries: this.#recent.slice(next), upTo: known };
    }
    return this.#page(place, known);
  }

  async #page(after: number, upTo: number): Promise<Stretch> {
    const entries = await readEvents(this.#database, { after, upTo, limit: PAGE_SIZE });
    const last = entries.length === PAGE_SIZE ? entries.at(-1) : undefined;
    return { entries, upTo: last?.id ?? upTo };
  }

  async #read(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await this.#look().catch((error: unknown) => {
        this.#onTrouble(error);
        return AWAY_INTERVAL_MS;
      });
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<number> {
    this.#horizon.see(await readLogWriters(this.#database));
    const horizon = this.#horizon.id;
    if (horizon !== undefined && horizon !== this.#upTo) await waitForDisk(this.#database);
    if (horizon !== undefined && this.#upTo === undefined) {
      this.#after = horizon;
      this.#take({ entries: [], upTo: horizon });
    }
    while (horizon !== undefined && this.#upTo !== undefined && this.#upTo < horizon) {
      this.#take(await this.#page(this.#upTo, horizon));
    }
    return this.#horizon.isBehind ? BEHIND_INTERVAL_MS : LOOK_INTERVAL_MS;
  }

  #take({ entries, upTo }: Stretch): void {
    this.#recent.push(...entries);
    const dropped = this.#recent.splice(0, this.#recent.length - MAX_RECENT);
    this.#after = dropped.at(-1)?.id ?? this.#after;
    this.#upTo = upTo;
    const { resolve } = this.#news;
    this.#news = Promise.withResolvers();
    resolve();
  }
}
