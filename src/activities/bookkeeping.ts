/** The two local activities of a tick: claim, and prove. */

import type { ArtifactStore } from '../artifacts/port.ts';
import type { BookkeepingActivities, ProveTickInput, TickInput, TickSummary } from '../contracts/activities.ts';
import { claimTick, type WorkerIdentity } from '../db/claim.ts';
import { type AttemptResult, type ClaimedAction, claimedActions, closeAttempts, countCrash } from '../db/close.ts';
import { abandonEffect, closeOverrun } from '../db/effects.ts';
import type { Database } from '../db/pool.ts';
import { MAX_CRASHES } from '../domain/limits.ts';
import { translating } from './errors.ts';
import type { Observer } from './observer.ts';
import { type ProofPorts, proveAction } from './prove-action.ts';
import { createTickStore } from './tick-store.ts';

export interface BookkeepingPorts extends ProofPorts {
  readonly artifacts: Pick<ArtifactStore, 'put' | 'putAll'>;
  readonly db: Database;
  readonly worker: WorkerIdentity;
  readonly observer: Observer;
  /** Starts the workflows of a tick's effects. Those that were started before count as started. */
  readonly startEffects: (tick: TickInput, tickNumber: number) => Promise<void>;
}

/** Proofs of one tick that are held in memory, and stored, at the same time. */
const CONCURRENT_PROOFS = 250;

/** Makes the bookkeeping activities. Each is idempotent by tick id: a second run finds what the first one left. */
export function createBookkeepingActivities(ports: BookkeepingPorts): BookkeepingActivities {
  // Claimed in this process and not yet begun to prove. Whatever else is proved may be a second run: where the history has
  // the claim already (a tick with effects too), a replay after a crash does not run it again, so it cannot say `resumed`.
  const fresh = new Set<string>();
  return {
    claimTick: translating(async (input) => {
      const claim = await claimTick(ports.db, input, ports.worker);
      if (claim.kind !== 'claimed') return claim;
      if (!claim.resumed) fresh.add(input.tickId);
      if (input.startsEffects && claim.effects.length > 0) {
        const { token, effects, maxTickMs } = claim;
        const tick = { lane: input.holder.lane, tickId: input.tickId, token, effects, maxTickMs };
        await ports.startEffects(tick, claim.tickNumber);
      }
      return claim;
    }),
    proveTick: translating(async (tick) => {
      try {
        return await proveTick(ports, tick, { isFresh: fresh.delete(tick.tickId) });
      } catch (error) {
        // This process lives: what failed (the database was away) was no crash, and must not be counted as one.
        fresh.add(tick.tickId);
        throw error;
      }
    }),
    closeOverrun: translating(({ tickId }) => closeOverrun(ports.db, tickId)),
    abandonEffect: translating((input) => abandonEffect(ports.db, input)),
  };
}

async function proveTick(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  { isFresh }: { readonly isFresh: boolean },
): Promise<TickSummary> {
  const actions = await claimedActions(ports.db, tick.tickId, tick.token);
  if (!isFresh) return proveOneByOne(ports, tick, actions);
  const results: AttemptResult[] = [];
  for (let first = 0; first < actions.length; first += CONCURRENT_PROOFS) {
    results.push(...(await proveTogether(ports, tick, actions.slice(first, first + CONCURRENT_PROOFS))));
  }
  return closeAttempts(ports.db, tick, results);
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
async function proveOneByOne(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  actions: readonly ClaimedAction[],
): Promise<TickSummary> {
  for (const action of actions) {
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
