/** The first attempts of ticks that this process has begun: by the claim, before Temporal knows of them, and joined by the activity. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { EffectAnswer, TickInput, TickProgress } from '../contracts/engine/activities.ts';
import { type ClaimedAction, renewClaims } from '../db/queue/claimed-action.ts';
import { CLAIM_TTL_MS } from '../domain/limits.ts';
import { type AttemptPorts, runAttempt } from './attempt.ts';
import type { AttemptEnd } from './leaving.ts';
import { inSlices } from './slices.ts';
import { createTickStore } from './tick-store.ts';
import type { WakeFullLane } from './wake-full-lane.ts';

export interface EffectsAtWork extends Pick<WakeFullLane, 'looks' | 'looked'> {
  /** Begins the first attempts of what this process has in hand. Returns at once. */
  begin(tick: TickInput, actions: readonly ClaimedAction[]): TickAtWork;
  /** A tick that was begun here, and whose end was not told yet. */
  find(tick: Pick<TickInput, 'tickId' | 'token'>): TickAtWork | undefined;
  /** Resolves when nothing is at work; for an orderly end. */
  settled(): Promise<void>;
}

export interface AtWorkPorts extends AttemptPorts {
  readonly store: Pick<ArtifactStore, 'put' | 'putAll' | 'get'>;
  readonly wakeFullLane: WakeFullLane;
}

/** Attempts that end within this time are told to the workflow together. */
const GATHER_MS = 50;
/** So long the workflow of a tick waits for its effects to begin. */
const LONGEST_START_MS = 100;
/** The activity that waits is asked for again after this long. */
const LONGEST_WAIT_MS = 30_000;
/** What has ended and nobody asked for is forgotten after this long. */
const KEPT_MS = 60_000;
/** A third of the time that a claim is good for. */
const RENEW_MS = CLAIM_TTL_MS / 3;
/**
 * So many effects of a tick wait in it for their next attempt, and the others in the queue: when many fail together, one claim for them
 * all costs far less than an activity each, and lanes beside them keep the machine. As many as a tick has by default.
 */
const MOST_RETRIES_IN_TICK = 3;
/** So many ends are named to the workflow; of a larger tick only their numbers matter. */
const MOST_NAMED = 200;

export function createEffectsAtWork(ports: AtWorkPorts): EffectsAtWork {
  const ticks = new Map<string, TickAtWork>();
  let renewal: NodeJS.Timeout | undefined;
  const renew = () => {
    const ids = [...ticks.values()].flatMap((tick) => tick.ids());
    if (ids.length === 0) {
      clearInterval(renewal);
      renewal = undefined;
      return;
    }
    // A claim that runs out meanwhile is taken back, and the gate says so.
    renewClaims(ports.db, ports.worker, ids).catch(() => undefined);
  };
  const runningIn = (lane: string) =>
    [...ticks.values()].reduce((sum, tick) => sum + (tick.lane === lane ? tick.running : 0), 0);
  return {
    looks: ports.wakeFullLane.looks,
    looked: ports.wakeFullLane.looked,
    begin(input, actions) {
      const key = `${input.tickId}/${input.token}`;
      const tick = new TickAtWork(input.lane, () => ticks.delete(key));
      ticks.set(key, tick);
      renewal ??= setInterval(renew, RENEW_MS).unref();
      const store = { ...ports.store, ...createTickStore(ports.store, input.tickId, actions.length) };
      const attempts = inSlices(actions, ({ id, ...action }) =>
        runAttempt(
          { ...ports, store },
          { lane: input.lane, tickId: input.tickId, token: input.token, actionId: id },
          { id, ...action },
          {
            stopped: tick.stopped,
            mayWaitInTick: () => tick.takesRetry(),
            onPrepared: store.ended,
            onPerforming: () => tick.performs(id),
          },
        ),
      );
      for (const [index, attempt] of attempts.entries()) {
        const id = actions[index]?.id ?? '';
        tick.add(id, attempt, () => ports.wakeFullLane.ended(input.lane, runningIn(input.lane)));
      }
      return tick;
    },
    find: ({ tickId, token }) => ticks.get(`${tickId}/${token}`),
    async settled() {
      await Promise.all([...ticks.values()].map((tick) => tick.settled()));
    },
  };
}

/** The first attempts of one tick. What has ended is told once, to whoever asks next. */
export class TickAtWork {
  readonly lane: string;
  readonly #forget: () => void;
  readonly #atWork = new Map<string, Promise<void>>();
  /** Those that are not performed yet. */
  readonly #before = new Set<string>();
  readonly #allPerform = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  /** Aborted when nothing waits here any longer for its next attempt. */
  readonly #isHurried = new AbortController();
  readonly #ended = new Map<string, EffectAnswer>();
  #again: string[] = [];
  #retries = 0;
  #changed = Promise.withResolvers<void>();

  constructor(lane: string, forget: () => void) {
    this.lane = lane;
    this.#forget = forget;
  }

  ids(): string[] {
    return [...this.#atWork.keys()];
  }

  get running(): number {
    return this.#atWork.size;
  }

  /** Aborted by a cancel of the tick's workflow. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  stop(reason: Error): void {
    this.#stop.abort(reason);
    this.#isHurried.abort();
  }

  /** Resolves when each is performed or has ended; for what can wait until this process has less to do, and no longer than a moment. */
  async allPerform(): Promise<void> {
    if (this.#before.size === 0) return;
    const limit = new AbortController();
    await Promise.race([this.#allPerform.promise, delay(LONGEST_START_MS, undefined, limit).catch(() => undefined)]);
    limit.abort();
  }

  performs(actionId: string): void {
    this.#before.delete(actionId);
    if (this.#before.size === 0) this.#allPerform.resolve();
  }

  /** Whether one more may wait for its next attempt in the tick. */
  takesRetry(): boolean {
    this.#retries += 1;
    return this.#retries <= MOST_RETRIES_IN_TICK;
  }

  add(actionId: string, attempt: Promise<AttemptEnd>, onEnd: () => void): void {
    this.#before.add(actionId);
    const ended = attempt
      .then(
        async (end) => {
          this.performs(actionId);
          if (end.kind === 'again') {
            // Its activity would only find that it is too early, and many of them at once take the machine from other lanes. The wait
            // fails only by being hurried, which ends it.
            await delay(end.delayMs, undefined, { signal: this.#isHurried.signal }).catch(() => undefined);
            this.#again.push(actionId);
          } else this.#ended.set(actionId, end.kind === 'gone' ? 'gone' : end.to);
        },
        // What failed (the database was away) is tried again by an activity of its own.
        () => {
          this.performs(actionId);
          this.#again.push(actionId);
        },
      )
      .then(() => {
        this.#atWork.delete(actionId);
        if (this.running === 0) setTimeout(this.#forget, KEPT_MS).unref();
        onEnd();
        this.#changed.resolve();
      });
    this.#atWork.set(actionId, ended);
  }

  /** Resolves when all have ended, when some are due to be attempted again, or after half a minute; sooner when the signal aborts. */
  async progress(signal: AbortSignal): Promise<Omit<TickProgress, 'alone'>> {
    const overdue = Promise.withResolvers<void>();
    const timer = setTimeout(overdue.resolve, LONGEST_WAIT_MS);
    signal.addEventListener('abort', () => overdue.resolve(), { once: true });
    const untilOverdue = overdue.promise.then(() => true);
    let isOverdue = signal.aborted;
    while (this.running > 0 && this.#again.length === 0 && !isOverdue) {
      this.#changed = Promise.withResolvers<void>();
      isOverdue = await Promise.race([this.#changed.promise.then(() => false), untilOverdue]);
    }
    clearTimeout(timer);
    if (this.running > 0 && this.#again.length > 0) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const again = this.#again;
    this.#again = [];
    if (this.running === 0) this.#forget();
    return {
      atWork: [...this.#atWork.keys()],
      again,
      ended: Object.fromEntries([...this.#ended].slice(0, MOST_NAMED)),
    };
  }

  async settled(): Promise<void> {
    this.#isHurried.abort();
    await Promise.all(this.#atWork.values());
  }
}
