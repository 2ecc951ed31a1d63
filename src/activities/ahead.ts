/** Effects that are prepared where they were claimed, while Temporal is asked to begin them. */

import type { ClaimedEffect } from '../db/queue/claim-due.ts';
import type { EffectClaim } from '../db/queue/gate.ts';
import { type Preparation, type PreparePorts, prepareEffect } from './prepare-effect.ts';

export interface AheadEffect {
  readonly row: ClaimedEffect;
  readonly preparation: Promise<Preparation>;
}

export interface Ahead {
  /** Begins to prepare what this process has just claimed. Returns when all is rendered; storing goes on. */
  prepare(tick: Omit<EffectClaim, 'actionId'>, rows: readonly ClaimedEffect[]): void;
  /** What was prepared for this claim, once. Undefined when it was not, or is forgotten: then it is to be done. */
  take(claim: EffectClaim): AheadEffect | undefined;
}

/** So many effects are prepared ahead and not yet taken, at most; the rest is prepared where it begins. */
const MOST_AHEAD = 200;
/** Those of one claim: its workflow's first effects, rendered before anything else can happen in this process. */
const MOST_OF_A_CLAIM = 50;
/** What Temporal has not begun after this long is forgotten. */
const KEPT_MS = 10_000;

/**
 * An effect whose earlier claims died with their worker is left to its activity, which knows whether it has to go alone. One
 * that kills its worker here is counted when its claim is taken up again (`countLostClaims`).
 */
export function createAhead(ports: PreparePorts): Ahead {
  const effects = new Map<string, AheadEffect & { readonly claimedAtMs: number }>();

  const forget = (nowMs: number) => {
    for (const [key, { claimedAtMs }] of effects) {
      if (nowMs - claimedAtMs < KEPT_MS) return;
      effects.delete(key);
    }
  };

  return {
    prepare(tick, rows) {
      const claimedAtMs = performance.now();
      forget(claimedAtMs);
      const room = Math.min(MOST_OF_A_CLAIM, MOST_AHEAD - effects.size);
      for (const row of rows.filter(({ claimCount }) => claimCount === 1).slice(0, Math.max(0, room))) {
        const preparation = prepareEffect(ports, tick.tickId, row);
        effects.set(keyOf({ ...tick, actionId: row.id }), { row, preparation, claimedAtMs });
      }
    },
    take(claim) {
      const key = keyOf(claim);
      const found = effects.get(key);
      effects.delete(key);
      return found;
    },
  };
}

function keyOf({ tickId, token, actionId }: EffectClaim): string {
  return `${tickId}/${token}/${actionId}`;
}
