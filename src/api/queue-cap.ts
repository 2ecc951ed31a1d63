/** A bound for the queue, so that a storm of enqueues ends in refusals and not in a full disk. It is kept to within a few seconds. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/pool.ts';
import { countQueued } from '../db/queue/queue-depth.ts';
import { QueueFullError } from '../domain/errors.ts';

const RECOUNT_INTERVAL_MS = 2_000;
/** A full queue is counted anew this often, so that it opens soon after it was worked off. */
const FULL_RECOUNT_INTERVAL_MS = 200;
/** Counting may take this share of the time. */
const MAX_COUNTING_SHARE = 50;
const RETRY_AFTER_SECONDS = 5;
/** So long a caller waits for a count: with the enqueue that follows it is told within two seconds that tables are locked. */
const MOST_WAIT_MS = 300;

export class QueueCap {
  readonly #database: Database;
  readonly #maxQueued: number;
  readonly #onTrouble: (error: unknown) => void;
  /** At the last count, and what this process has queued since. */
  #counted: number | undefined;
  #added = 0;
  #countedAtMs = 0;
  #tookMs = 0;
  #counting: Promise<void> | undefined;

  /** @param onTrouble told why it could not count; enqueues are admitted meanwhile, and find out themselves what is wrong */
  constructor(database: Database, maxQueued: number, onTrouble: (error: unknown) => void) {
    this.#database = database;
    this.#maxQueued = maxQueued;
    this.#onTrouble = onTrouble;
  }

  /** @throws QueueFullError when so many more would be too many */
  async admit(adding: number): Promise<void> {
    const isFull = () => (this.#counted ?? 0) + this.#added + adding > this.#maxQueued;
    const ageMs = performance.now() - this.#countedAtMs;
    if (this.#counted === undefined || (isFull() && ageMs > FULL_RECOUNT_INTERVAL_MS)) await this.#recountSoon();
    else if (ageMs > Math.max(RECOUNT_INTERVAL_MS, this.#tookMs * MAX_COUNTING_SHARE)) void this.#recount();
    if (!isFull()) return;
    throw new QueueFullError(`${this.#maxQueued} actions wait, and no more may (AOL_MAX_QUEUED)`, RETRY_AFTER_SECONDS);
  }

  added(count: number): void {
    this.#added += count;
  }

  async #recountSoon(): Promise<void> {
    const limit = new AbortController();
    await Promise.race([this.#recount(), delay(MOST_WAIT_MS, undefined, limit).catch(() => undefined)]);
    limit.abort();
  }

  #recount(): Promise<void> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<void> {
    const startedMs = performance.now();
    const addedBefore = this.#added;
    try {
      this.#counted = await countQueued(this.#database, this.#maxQueued + 1);
      this.#added -= addedBefore;
    } catch (error) {
      this.#onTrouble(error);
    }
    this.#countedAtMs = performance.now();
    this.#tookMs = this.#countedAtMs - startedMs;
  }
}
