/** The load client and its oracle: a file of every enqueue that was acknowledged, on disk before the next thing happens. */

import { fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { AolClient } from '../../../src/client/client.ts';
import { type EnqueueInput, enqueueRequestSchema } from '../../../src/contracts/http/action.ts';
import { enqueue } from '../../../src/db/decide/cancel.ts';
import type { Database } from '../../../src/db/pool.ts';
import type { Random } from './random.ts';

/** `once`: the receiver deduplicates, and the payload says so. `each`: it does not. */
export type Kind = 'once' | 'each' | 'proof';

const oracleLineSchema = z.object({ id: z.string(), kind: z.enum(['once', 'each', 'proof']), at: z.number() });
export type Acknowledged = z.output<typeof oracleLineSchema>;

export interface LoadPlan {
  readonly kinds: readonly [Kind, ...Kind[]];
  /** Between two enqueues. */
  readonly everyMs: number;
  /** How long the receiver takes to answer, so that something is in flight whenever a fault hits. */
  readonly answerMs: readonly [number, number];
  /** Enqueues nothing while this says that enough waits. */
  readonly isEnough?: () => boolean;
}

export const MIXED: LoadPlan = { kinds: ['once', 'once', 'each', 'proof'], everyMs: 60, answerMs: [50, 400] };

const MOST_AT_ONCE = 30;

export interface LoadOptions {
  readonly client: AolClient;
  readonly db: Database;
  readonly random: Random;
  readonly folder: string;
  readonly receiverUrl: string;
}

export class Load {
  /** Enqueues that were begun. */
  asked = 0;
  readonly acknowledged: Acknowledged[] = [];
  readonly #options: LoadOptions;
  readonly #oracleFile: string;
  readonly #oracle: number;
  readonly #open = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#oracleFile = join(options.folder, 'oracle.jsonl');
    this.#oracle = openSync(this.#oracleFile, 'a', 0o600);
  }

  /** A webhook that the receiver answers in this way. */
  webhook(mode: 'once' | 'each', way: string, more: Partial<EnqueueInput> = {}): EnqueueInput {
    const url = `${this.#options.receiverUrl}/${mode}/${way}`;
    return {
      type: 'CALL_WEBHOOK',
      mode: 'REAL',
      payload: { url, body: { number: this.asked }, dedupes: mode === 'once' },
      ...more,
    };
  }

  /** Enqueues one and writes it down when it was acknowledged. Answers its id, or undefined when it was not. */
  async enqueue(kind: Kind, input: EnqueueInput): Promise<string | undefined> {
    this.asked += 1;
    const action = await this.#options.client.enqueue(input).catch(() => undefined);
    if (!action) return undefined;
    this.#writeDown(action.id, kind);
    return action.id;
  }

  /** Through the library, for types that only a worker of our own knows. */
  async enqueueDirectly(kind: Kind, input: EnqueueInput): Promise<string> {
    this.asked += 1;
    const [result] = await enqueue(this.#options.db, [enqueueRequestSchema.parse(input)], 'faults');
    if (result?.kind !== 'created') throw new Error('it was not enqueued');
    this.#writeDown(result.row.id, kind);
    return result.row.id;
  }

  /** Many in one transaction, through the library, which wakes nobody. Answers their ids. */
  async enqueueMany(kind: Kind, inputs: readonly EnqueueInput[]): Promise<string[]> {
    return this.enqueueTogether(inputs.map((input) => ({ kind, input })));
  }

  /** The same, of several kinds. */
  async enqueueTogether(asked: readonly { readonly kind: Kind; readonly input: EnqueueInput }[]): Promise<string[]> {
    this.asked += asked.length;
    const requests = asked.map(({ input }) => enqueueRequestSchema.parse(input));
    const results = await enqueue(this.#options.db, requests, 'faults');
    const lines = asked.flatMap(({ kind }, index): Acknowledged[] => {
      const result = results[index];
      return result?.kind === 'created' ? [{ id: result.row.id, kind, at: Date.now() }] : [];
    });
    this.#writeDownAll(lines);
    return lines.map(({ id }) => id);
  }

  #writeDown(id: string, kind: Kind): void {
    this.#writeDownAll([{ id, kind, at: Date.now() }]);
  }

  #writeDownAll(lines: readonly Acknowledged[]): void {
    writeSync(this.#oracle, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fsyncSync(this.#oracle);
    this.acknowledged.push(...lines);
  }

  /** Enqueues on and on until {@link stop}; a second start changes nothing. */
  start(plan: LoadPlan = MIXED): void {
    this.#running ??= this.#run(plan);
  }

  /** Begins no more, and waits for those that were begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#open);
  }

  /** The file, read again. */
  oracle(): Acknowledged[] {
    return readFileSync(this.#oracleFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => oracleLineSchema.parse(JSON.parse(line)));
  }

  async #run(plan: LoadPlan): Promise<void> {
    const { random } = this.#options;
    while (!this.#stopped) {
      if (plan.isEnough?.()) {
        await delay(plan.everyMs);
        continue;
      }
      const kind = random.pick(plan.kinds);
      const ms = random.whole(...plan.answerMs);
      const input: EnqueueInput =
        kind === 'proof'
          ? { type: 'POST_SOCIAL', payload: { platform: 'mastodon', content: `number ${this.asked}` } }
          : this.webhook(kind, `ok?ms=${ms}`);
      const one: Promise<void> = this.enqueue(kind, input).then(() => void this.#open.delete(one));
      this.#open.add(one);
      if (this.#open.size >= MOST_AT_ONCE) await Promise.race(this.#open);
      await delay(plan.everyMs);
    }
  }
}
