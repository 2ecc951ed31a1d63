/** The two local activities of a tick: claim, and prove. */

import type { ArtifactStore } from '../artifacts/port.ts';
import type { BookkeepingActivities, ProveTickInput, TickInput, TickSummary } from '../contracts/engine/activities.ts';
import type { Database } from '../db/pool.ts';
import { abandonEffect, closeOverrun, countLostClaims } from '../db/queue/attempts.ts';
import { claimWithProofs, type WorkerIdentity } from '../db/queue/claim.ts';
import { type ClaimedAction, claimedActions } from '../db/queue/claimed-action.ts';
import { type AttemptResult, closeAttempts, countCrash } from '../db/queue/close.ts';
import { MAX_CRASHES } from '../domain/limits.ts';
import type { Ahead } from './ahead.ts';
import { translating } from './errors.ts';
import type { Observer } from './observer.ts';
import { type ProofPorts, proveAction } from './prove-action.ts';
import { createTickStore } from './tick-store.ts';

export interface BookkeepingPorts extends ProofPorts {
  readonly artifacts: Pick<ArtifactStore, 'put' | 'putAll'>;
  readonly db: Database;
  readonly worker: WorkerIdentity;
  readonly observer: Observer;
  /** Starts the workflows of a tick's effects, and answers those that nobody had started before. */
  readonly startEffects: (tick: TickInput, tickNumber: number) => Promise<readonly string[]>;
  readonly ahead: Pick<Ahead, 'prepare'>;
}

/** Proofs of one tick that are held in memory, and stored, at the same time. */
const CONCURRENT_PROOFS = 250;

/** Makes the bookkeeping activities. Each is idempotent by tick id: a second run finds what the first one left. */
export function createBookkeepingActivities(ports: BookkeepingPorts): BookkeepingActivities {
  // Claimed in this process and not yet begun to prove. Whatever else is proved may be a second run: where the history has
  // the claim already (a tick with effects too), a replay after a crash does not run it again, so it cannot say `resumed`.
  const fresh = new FreshClaims();
  const claimedHere = new RecentTicks();
  return {
    claimTick: translating(async (input) => {
      const { result, proofs, effects: mine } = await claimWithProofs(ports.db, input, ports.worker);
      // A tick of effects alone is not proved.
      if (proofs && proofs.length > 0) fresh.add(input.tickId, { proofs, isMore: result.pacing.nextDueInMs === 0 });
      if (result.kind === 'claimed' && input.startsEffects && result.effects.length > 0) {
        const { token, effects, maxTickMs } = result;
        const tick = { lane: input.holder.lane, tickId: input.tickId, token, effects, maxTickMs };
        if (mine) {
          claimedHere.add(tick.tickId);
          // Rendered before they are started: one that kills this worker was started by nobody then.
          ports.ahead.prepare(tick, mine);
        }
        const started = await ports.startEffects(tick, result.tickNumber);
        if (!mine && !claimedHere.has(tick.tickId)) await countLostClaims(ports.db, tick, started);
      }
      return result;
    }),
    proveTick: translating(async (tick) => {
      const claimed = fresh.take(tick.tickId);
      try {
        if (!claimed) return await proveOneByOne(ports, tick);
        const proofs = claimed.proofs ?? (await claimedActions(ports.db, tick.tickId, tick.token));
        return await proveTick(ports, tick, proofs, claimed.isMore);
      } catch (error) {
        // This process lives: what failed (the database was away) was no crash, and must not be counted as one.
        fresh.add(tick.tickId, {});
        throw error;
      }
    }),
    closeOverrun: translating(({ tickId }) => closeOverrun(ports.db, tickId)),
    abandonEffect: translating((input) => abandonEffect(ports.db, input)),
  };
}

/** More ticks than a worker ever has open: what is forgotten is read again. */
const MOST_CLAIMS_KEPT = 50;

/** The last ticks whose effects this process claimed: where it claims one again, it has not died in between. */
class RecentTicks {
  private readonly ids = new Set<string>();

  add(tickId: string): void {
    this.ids.add(tickId);
    for (const oldest of [...this.ids].slice(0, this.ids.size - MOST_CLAIMS_KEPT)) this.ids.delete(oldest);
  }

  has(tickId: string): boolean {
    return this.ids.has(tickId);
  }
}

interface FreshClaim {
  /** Absent: they are read again. */
  readonly proofs?: readonly ClaimedAction[];
  /** Whether more was due than it claimed. */
  readonly isMore?: boolean;
}

/** Ticks that this process claimed and has not begun to prove, with their proofs while they need not be read again. */
class FreshClaims {
  private readonly ticks = new Map<string, FreshClaim>();

  add(tickId: string, claim: FreshClaim): void {
    this.ticks.set(tickId, claim);
    const tooMany = Math.max(0, this.ticks.size - MOST_CLAIMS_KEPT);
    for (const forgotten of [...this.ticks.keys()].slice(0, tooMany)) this.ticks.set(forgotten, {});
  }

  take(tickId: string): FreshClaim | undefined {
    const claim = this.ticks.get(tickId);
    this.ticks.delete(tickId);
    return claim;
  }
}

async function proveTick(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  actions: readonly ClaimedAction[],
  isMore: boolean | undefined,
): Promise<TickSummary> {
  const results: AttemptResult[] = [];
  for (let first = 0; first < actions.length; first += CONCURRENT_PROOFS) {
    results.push(...(await proveTogether(ports, tick, actions.slice(first, first + CONCURRENT_PROOFS))));
  }
  return closeAttempts(ports.db, tick, results, isMore);
}

function proveTogether(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  actions: readonly ClaimedAction[],
): Promise<AttemptResult[]> {
  const artifacts = createTickStore(ports.artifacts, tick.tickId, actions.length);
  const proofs = actions.map((action) =>
    observedProof({ ...ports, artifacts }, tick, action).finally(() => artifacts.ended()),
  );
  return Promise.all(proofs);
}

/**
 * The claim ran before and its worker died, perhaps through one of these actions. Each is counted before it is touched
 * and its outcome committed before the next begins, so the one that kills its worker takes no other with it.
 */
async function proveOneByOne(ports: BookkeepingPorts, tick: ProveTickInput): Promise<TickSummary> {
  for (const action of await claimedActions(ports.db, tick.tickId, tick.token)) {
    const result = action.claimCount >= MAX_CRASHES ? crashed(action) : await proveAgain(ports, tick, action);
    await closeAttempts(ports.db, tick, [result]);
  }
  return closeAttempts(ports.db, tick, []);
}

async function proveAgain(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  action: ClaimedAction,
): Promise<AttemptResult> {
  await countCrash(ports.db, action.id, tick.tickId, tick.token);
  return observedProof(ports, tick, action);
}

function observedProof(
  ports: ProofPorts & Pick<BookkeepingPorts, 'observer'>,
  tick: ProveTickInput,
  action: ClaimedAction,
): Promise<AttemptResult> {
  return ports.observer.proof(tick, action, () => proveAction(ports, action));
}

function crashed(action: ClaimedAction): AttemptResult {
  const message = `its worker died ${MAX_CRASHES} times while it ran`;
  return { to: 'DLQ', id: action.id, reason: 'crashed', message, durationMs: 0 };
}
