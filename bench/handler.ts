/** The handler that every system runs: it notes when a job first began, and does as it is told. */

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Behaviour, nowNs, type Reply } from './protocol.ts';

const HANG_MS = 120_000;

export class Handler {
  behaviour: Behaviour = { kind: 'work', ms: 0 };
  /** Tells the main process of each beginning; off while that would slow the jobs down. */
  isWatched = false;
  private readonly first = new Map<number, number>();
  private readonly waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /**
   * For handlers that may wait.
   *
   * @param signal ends the waiting of a job that hangs, with an error
   */
  async run(job: number, signal?: AbortSignal): Promise<void> {
    this.begin(job);
    if (this.hangs(job)) await delay(HANG_MS, undefined, { ...(signal && { signal }) });
    else if (this.behaviour.kind === 'work' && this.behaviour.ms > 0) await delay(this.behaviour.ms);
  }

  /** For AOL's `render`, which may not. */
  runSync(job: number): void {
    this.begin(job);
    if (this.hangs(job)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
  }

  began(count: number): Promise<void> {
    if (this.first.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ count, resolve }));
  }

  beginnings(): (readonly [number, number])[] {
    return [...this.first];
  }

  private hangs(job: number): boolean {
    return this.behaviour.kind === 'hang' && job >= (this.behaviour.fromJob ?? 0);
  }

  private begin(job: number): void {
    const at = nowNs();
    if (!this.first.has(job)) this.first.set(job, at);
    if (this.isWatched) process.send?.({ kind: 'began', job, at } satisfies Reply);
    for (const [index, { count, resolve }] of this.waiting.entries()) {
      if (this.first.size < count) continue;
      this.waiting.splice(index, 1);
      resolve();
    }
  }
}
