/** How far a type of action may go by itself in a lane. The stricter of this and the lane's flags holds. */

/** From the strictest: proofs only; a person allows each; by the lane's flags alone. */
export const AUTONOMY_LEVELS = ['draft', 'approve', 'auto'] as const;
export type AutonomyLevel = (typeof AUTONOMY_LEVELS)[number];

/** Whether a change lets more go by itself: that is an admin's. */
export function isLooser(from: AutonomyLevel, to: AutonomyLevel): boolean {
  return AUTONOMY_LEVELS.indexOf(to) > AUTONOMY_LEVELS.indexOf(from);
}
