/** Calls that wait for the status of an action to change. They share one reader of the log; none of them asks the database by itself. */

import type { FastifyRequest } from 'fastify';
import { knownWord } from '../contracts/words.ts';
import type { ActionRow } from '../db/action-row.ts';
import { ACTION_STATUSES, isFinal } from '../domain/states.ts';
import type { ConcurrencyLimit } from './access/concurrency-limit.ts';
import type { EventFeed } from './events/feed.ts';

export interface WaitOptions {
  readonly waitMs: number;
  /** The status that the caller knows; absent: the one at the beginning. */
  readonly seen: string | undefined;
  /** Reads the action: at the beginning, after each row of the log about it, and when the time is over. */
  readonly read: () => Promise<ActionRow>;
}

/** Whoever waits again in that time finds the reader at work. */
const LINGER_MS = 5_000;

export class StatusWaits {
  readonly #feed: EventFeed;
  readonly #places: ConcurrencyLimit;
  /** By the action that they wait for. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  #reader: Reader | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(feed: EventFeed, places: ConcurrencyLimit) {
    this.#feed = feed;
    this.#places = places;
  }

  /**
   * The action as soon as its status is another one, or it is final; else when the time is over, or its caller or this process goes.
   *
   * @throws TooManyRequestsError when as many wait as may
   * @throws UnavailableError when PostgreSQL is away
   */
  async forChange(request: FastifyRequest, id: string, { waitMs, seen, read }: WaitOptions): Promise<ActionRow> {
    const waiter = new Waiter();
    const leave = this.#places.enter(request, waiter.end);
    const timer = setTimeout(waiter.end, waitMs);
    this.#add(id, waiter);
    try {
      await this.#reading(waiter);
      let row = await read();
      const before = seen ?? row.status;
      while (row.status === before && !isOver(row.status) && !waiter.isEnded && !this.#isClosed) {
        await waiter.news();
        await this.#reading(waiter);
        if (!request.raw.destroyed) row = await read();
      }
      return row;
    } finally {
      clearTimeout(timer);
      this.#remove(id, waiter);
      leave();
    }
  }

  /** Lets everybody go, with the action as it is. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#lingering);
    for (const waiter of this.#all()) waiter.end();
    this.#reader?.stopped.abort();
  }

  #add(id: string, waiter: Waiter): void {
    clearTimeout(this.#lingering);
    this.#waiting.set(id, (this.#waiting.get(id) ?? new Set()).add(waiter));
  }

  #remove(id: string, waiter: Waiter): void {
    const others = this.#waiting.get(id);
    others?.delete(waiter);
    if (others?.size === 0) this.#waiting.delete(id);
    if (this.#waiting.size > 0) return;
    this.#lingering = setTimeout(() => this.#reader?.stopped.abort(), LINGER_MS).unref();
  }

  #all(): Waiter[] {
    return [...this.#waiting.values()].flatMap((waiters) => [...waiters]);
  }

  /** Whatever is committed from then on is told; so what is read afterwards misses nothing. */
  async #reading(waiter: Waiter): Promise<void> {
    if (waiter.isEnded || this.#isClosed) return;
    if (this.#reader === undefined || this.#reader.stopped.signal.aborted) this.#reader = this.#startReading();
    await Promise.race([this.#reader.ready, waiter.ended]);
  }

  #startReading(): Reader {
    const stopped = new AbortController();
    const ready = Promise.withResolvers<void>();
    const read = async () => {
      for await (const items of this.#feed.follow({ after: undefined, signal: stopped.signal })) {
        ready.resolve();
        for (const item of items) if (item.event === 'log') this.#tell(item.entry.actionId);
      }
    };
    const end = (error?: unknown) => {
      stopped.abort();
      ready.reject(error);
      // Each begins another reader, or learns why there is none.
      for (const waiter of this.#all()) waiter.tell();
    };
    // Nobody may wait for it any more.
    ready.promise.catch(() => undefined);
    read().then(() => ready.resolve(), end);
    return { ready: ready.promise, stopped };
  }

  #tell(actionId: string | null): void {
    if (actionId === null) return;
    for (const waiter of this.#waiting.get(actionId) ?? []) waiter.tell();
  }
}

interface Reader {
  /** Resolves when it reads; rejects when it cannot. */
  readonly ready: Promise<void>;
  readonly stopped: AbortController;
}

class Waiter {
  readonly #ended = Promise.withResolvers<void>();
  #told = Promise.withResolvers<void>();
  isEnded = false;

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  readonly tell = (): void => this.#told.resolve();

  readonly end = (): void => {
    this.isEnded = true;
    this.#ended.resolve();
    this.#told.resolve();
  };

  /** Resolves when it was told something since the last time, or has ended. */
  async news(): Promise<void> {
    await this.#told.promise;
    if (!this.isEnded) this.#told = Promise.withResolvers();
  }
}

function isOver(status: string): boolean {
  const known = knownWord(ACTION_STATUSES, status);
  return known !== undefined && isFinal(known);
}
