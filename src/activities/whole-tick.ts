/** A tick in one activity. */

import type { BookkeepingActivities, ClaimTickInput, ClaimTickResult } from '../contracts/activities.ts';

/**
 * Where a claim holds nothing but proofs, the same activity proves them: one step of the workflow instead of two. Effects come
 * first, and the workflow starts those; it then asks for the proofs. A second run finds what the first one left, as ever.
 */
export function provingAtOnce(activities: BookkeepingActivities): BookkeepingActivities {
  return {
    ...activities,
    async claimTick(input: ClaimTickInput): Promise<ClaimTickResult> {
      const claim = await activities.claimTick(input);
      if (claim.kind !== 'claimed' || claim.effects.length > 0) return claim;
      const claimedAtMs = performance.now();
      const { token, pacing } = claim;
      const { tickId } = input;
      const proving = activities.proveTick({ lane: input.holder.lane, tickId, token });
      const summary = await proving.catch(() => undefined);
      // The workflow must know of the claim, and asks for the proofs itself, as often as it takes.
      if (!summary) return claim;
      const elapsedMs = Math.floor(performance.now() - claimedAtMs);
      return { ...claim, summary, pacing: { ...pacing, claimInMs: Math.max(0, pacing.claimInMs - elapsedMs) } };
    },
  };
}
