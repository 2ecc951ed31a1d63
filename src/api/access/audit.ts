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
    const known = this.#kinds.get(key);
    if (known) {
      known.times += 1;
      return;
    }
    const isOneTooMany = this.#kinds.size >= MAX_KINDS;
    const counted = (isOneTooMany && this.#kinds.get('rest')) || { refusal: isOneTooMany ? REST : refusal, times: 0 };
    counted.times += 1;
    this.#kinds.set(isOneTooMany ? 'rest' : key, counted);
    if (!isOneTooMany) void this.#write(counted);
  }

  async signedIn(actor: string, address: string): Promise<void> {
    await appendSignIn(this.#database, actor, address).catch((error: unknown) => this.#onLost(errorText(error)));
  }

  /** Ends the window: what was only counted becomes rows. */
  async flush(): Promise<void> {
    const ended = [...this.#kinds.values()].filter(({ times }) => times > 0);
    this.#kinds = new Map();
    for (const counted of ended) await this.#write(counted);
  }

  async close(): Promise<void> {
    clearInterval(this.#window);
    await this.flush();
  }

  async #write(counted: Counted): Promise<void> {
    const { refusal, times } = counted;
    counted.times = 0;
    try {
      await appendRefusal(this.#database, refusal, times);
    } catch (error) {
      counted.times += times;
      this.#onLost(errorText(error));
    }
  }
}
