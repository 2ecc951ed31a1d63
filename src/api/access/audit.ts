/** Refusals become rows of the audit: the first of a kind at once, what follows as a number once a minute. */

import { appendRefusal, appendSignIn, type Refusal } from '../../db/decide/audit.ts';
import type { Database } from '../../db/pool.ts';
import { errorText } from '../../domain/errors.ts';

const WINDOW_MS = 60_000;
/** So many kinds have rows of their own in a window; a flood of more is one row. */
const MAX_KINDS = 100;
const REST: Refusal = { status: 0, actor: 'anonymous', address: 'many', method: '*', route: 'more kinds of refusals' };

interface Counted {
  readonly refusal: Refusal;
  /** Not yet in a row. */
  times: number;
}

export class Audit {
  readonly #database: Database;
  readonly #onLost: (reason: string) => void;
  readonly #window: NodeJS.Timeout;
  #kinds = new Map<string, Counted>();
  /** Rows that are on their way. */
  readonly #writes = new Set<Promise<boolean>>();

  /** @param onLost told what could not be written; it is tried again with the next window */
  constructor(database: Database, onLost: (reason: string) => void) {
    this.#database = database;
    this.#onLost = onLost;
    this.#window = setInterval(() => void this.flush(), WINDOW_MS);
    this.#window.unref();
  }

  /** Returns at once. */
  refused(refusal: Refusal): void {
    const { status, actor, address, method, route } = refusal;
    const key = [status, actor, address, method, route].join(' ');
    const isFirst = !this.#kinds.has(key);
    const counted = this.#count(key, refusal, 1);
    if (isFirst && counted.refusal !== REST) void this.#write(key, counted);
  }

  async signedIn(actor: string, address: string): Promise<void> {
    await appendSignIn(this.#database, actor, address).catch((error: unknown) => this.#onLost(errorText(error)));
  }

  /** Ends the window: what was only counted becomes rows. When it returns, each row was tried of what was refused before. */
  async flush(): Promise<void> {
    // What fails of these is counted, and tried again here.
    await Promise.all(this.#writes);
    const ended = this.#kinds;
    this.#kinds = new Map();
    let isWritten = true;
    for (const [key, counted] of ended) {
      if (counted.times === 0) continue;
      // Where one could not be written, the others wait for the next window with it.
      if (isWritten) isWritten = await this.#write(key, counted);
      else this.#count(key, counted.refusal, counted.times);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#window);
    await this.flush();
  }

  #write(key: string, counted: Counted): Promise<boolean> {
    const write = this.#append(key, counted).finally(() => this.#writes.delete(write));
    this.#writes.add(write);
    return write;
  }

  /** Whether it is written. */
  async #append(key: string, counted: Counted): Promise<boolean> {
    const { refusal, times } = counted;
    counted.times = 0;
    try {
      await appendRefusal(this.#database, refusal, times);
      return true;
    } catch (error) {
      // The window of which it was may have ended meanwhile.
      this.#count(key, refusal, times);
      this.#onLost(errorText(error));
      return false;
    }
  }

  #count(key: string, refusal: Refusal, times: number): Counted {
    const hasRoom = this.#kinds.has(key) || this.#kinds.size < MAX_KINDS;
    const kind = hasRoom ? key : 'rest';
    const counted = this.#kinds.get(kind) ?? { refusal: hasRoom ? refusal : REST, times: 0 };
    counted.times += times;
    this.#kinds.set(kind, counted);
    return counted;
  }
}
