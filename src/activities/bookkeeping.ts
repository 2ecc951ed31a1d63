/** The local activities of a tick: claim, and prove. */

import type { ArtifactStore } from '../artifacts/port.ts';
import type {
  BookkeepingActivities,
  ClaimTickInput,
  ClaimTickResult,
  ProveTickInput,
  Showing,
  TickInput,
  TickSummary,
} from '../contracts/engine/activities.ts';
import type { Database } from '../db/pool.ts';
import { abandonEffect } from '../db/queue/attempts.ts';
import { claimWithActions, type WorkerIdentity } from '../db/queue/claim.ts';
import { type ClaimedAction, isSuspect, takeUp } from '../db/queue/claimed-action.ts';
import { type AttemptResult, closeAttempts } from '../db/queue/close.ts';
import type { EffectsAtWork } from './effects-at-work.ts';
import { translating } from './errors.ts';
import type { Observer } from './observer.ts';
import { type ProofPorts, proveAction } from './prove-action.ts';
import { createTickStore } from './tick-store.ts';

export interface BookkeepingPorts extends ProofPorts {
  readonly artifacts: Pick<ArtifactStore, 'put' | 'putAll'>;
  readonly db: Database;
  readonly worker: WorkerIdentity;
  readonly observer: Observer;
  readonly showing: () => Showing;
  readonly effects: Pick<EffectsAtWork, 'looks' | 'looked' | 'begin'>;
  /** Starts the workflow of a tick's effects; one that runs already is left alone. */
  readonly startTick: (tick: TickInput, tickNumber: number) => Promise<void>;
}

/** Proofs of one tick that are held in memory, and stored, at the same time. */
const CONCURRENT_PROOFS = 250;

/** Makes the bookkeeping activities. Each is idempotent by tick id: a second run finds what the first one left. */
export function createBookkeepingActivities(ports: BookkeepingPorts): BookkeepingActivities {
  return {
    claimTick: translating((input) => claimAndGoOn(ports, input)),
    proveTick: translating((tick) => ports.observer.prove(tick, () => proveHeld(ports, tick))),
    abandonEffect: translating((input) => abandonEffect(ports.db, input)),
  };
}

/** Effects begin before anything else is done, and before Temporal knows of them; then the proofs. */
async function claimAndGoOn(ports: BookkeepingPorts, input: ClaimTickInput): Promise<ClaimTickResult> {
  const { lane } = input.holder;
  let proofs: readonly ClaimedAction[] = [];
  let isMore = false;
  const claim = await ports.observer.claim(input, async () => {
    ports.effects.looks(lane);
    const { result, actions, ...claimed } = await claimWithActions(ports.db, input, ports.worker);
    isMore = claimed.isMore;
    ports.effects.looked(lane, isMore && result.pacing.isFull === true);
    proofs = actions?.filter(({ mode }) => mode === 'PROOF') ?? [];
    if (result.kind === 'claimed' && result.effects.length > 0) {
      const { token, effects, maxTickMs, tickNumber } = result;
      const tick = { lane, tickId: input.tickId, token, effects, maxTickMs, showing: ports.showing() };
      if (actions) {
        const effectsAtWork = ports.effects.begin(
          tick,
          actions.filter(({ mode }) => mode === 'REAL'),
        );
        // Temporal's part comes while they are out. Where more is due, the next claim must not wait for that.
        if (!isMore) await effectsAtWork.allPerform();
      }
      await ports.startTick(tick, tickNumber);
    }
    return { ...result, showing: ports.showing() };
  });
  if (claim.kind !== 'claimed' || proofs.length === 0) return claim;
  const tick = { lane, tickId: input.tickId, token: claim.token };
  const claimedAtMs = performance.now();
  try {
    const summary = await ports.observer.prove(tick, () => proveTick(ports, tick, proofs, isMore));
    const elapsedMs = Math.floor(performance.now() - claimedAtMs);
    return {
      ...claim,
      summary,
      pacing: { ...claim.pacing, claimInMs: Math.max(0, claim.pacing.claimInMs - elapsedMs) },
    };
  } catch (error) {
    // The workflow must know of the claim, and asks for the proofs itself, as often as it takes.
    ports.observer.unproved(tick, error);
    return claim;
  }
}

/**
 * The claim ran before, here or in a worker that died, perhaps through one of these actions. Those that workers died with twice go
 * one by one: each is taken in hand before it is touched and has ended before the next begins, so that the one that kills its worker
 * takes no other with it.
 */
async function proveHeld(ports: BookkeepingPorts, tick: ProveTickInput): Promise<TickSummary> {
  const inHand = { ...tick, worker: ports.worker.worker };
  const held = (await takeUp(ports.db, inHand)).filter(({ mode }) => mode === 'PROOF');
  const suspects = held.filter(isSuspect);
  const summary = await proveTick(
    ports,
    tick,
    held.filter((action) => !isSuspect(action)),
    false,
  );
  if (suspects.length === 0) return summary;
  for (const { id } of suspects) {
    await proveTick(ports, tick, await takeUp(ports.db, inHand, [id]), false);
  }
  return closeAttempts(ports.db, tick, []);
}

async function proveTick(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  actions: readonly ClaimedAction[],
  isMore: boolean,
): Promise<TickSummary> {
  const results: AttemptResult[] = [];
  for (let first = 0; first < actions.length; first += CONCURRENT_PROOFS) {
    results.push(...(await proveTogether(ports, tick, actions.slice(first, first + CONCURRENT_PROOFS))));
  }
  return closeAttempts(ports.db, tick, results, isMore);
}

async function proveTogether(
  ports: BookkeepingPorts,
  tick: ProveTickInput,
  actions: readonly ClaimedAction[],
): Promise<AttemptResult[]> {
  const artifacts = createTickStore(ports.artifacts, tick.tickId, actions.length);
  const proofs = actions.map((action) =>
    ports.observer
      .proof(tick, action, () => proveAction({ ...ports, artifacts }, action))
      .finally(() => artifacts.ended()),
  );
  return Promise.all(proofs);
}
