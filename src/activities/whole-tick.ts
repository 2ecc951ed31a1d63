/** A tick in one activity. */

import type {
  BookkeepingActivities,
  ClaimTickInput,
  ClaimTickResult,
  ProveTickInput,
} from '../contracts/engine/activities.ts';

/**
 * Where a claim holds nothing but proofs, the same activity proves them: one step of the workflow instead of two. Effects come
 * first; the workflow then asks for the proofs. A second run finds what the first one left, as ever.
 *
 * @param onFailure told when the proving failed; the workflow then asks for it again
 */
export function provingAtOnce(
  activities: BookkeepingActivities,
  onFailure: (tick: ProveTickInput, error: unknown) => void,
): BookkeepingActivities {
  return {
    ...activities,
    async claimTick(input: ClaimTickInput): Promise<ClaimTickResult> {
      const claim = await activities.claimTick(input);
      if (claim.kind !== 'claimed' || claim.effects.length > 0) return claim;
      const claimedAtMs = performance.now();
      const { token, pacing } = claim;
      const tick = { lane: input.holder.lane, tickId: input.tickId, token };
      const summary = await activities.proveTick(tick).catch((error: unknown) => {
        onFailure(tick, error);
        return undefined;
      });
      // The workflow must know of the claim, and asks for the proofs itself, as often as it takes.
      if (!summary) return claim;
      const elapsedMs = Math.floor(performance.now() - claimedAtMs);
      return { ...claim, summary, pacing: { ...pacing, claimInMs: Math.max(0, pacing.claimInMs - elapsedMs) } };
    },
  };
}
