/** How far a type of action may go by itself in a lane. The stricter of this and the lane's flags holds. */

/** From the strictest: proofs only; a person allows each; by the lane's flags alone. */
export const AUTONOMY_LEVELS = ['draft', 'approve', 'auto'] as const;
export type AutonomyLevel = (typeof AUTONOMY_LEVELS)[number];

/** Whether a change lets more go by itself: that is an admin's. */
export function isLooser(from: AutonomyLevel, to: AutonomyLevel): boolean {
  return AUTONOMY_LEVELS.indexOf(to) > AUTONOMY_LEVELS.indexOf(from);
}

interface SetLevel {
  readonly lane: string;
  readonly type: string;
  readonly level: string;
}

/**
 * What of that which is set counts for a type in a lane: the lane's own before that of all lanes, then the type's own before that
 * of all types (`aol_autonomy_level` in the database). Undefined: nothing is set, which is `auto`.
 */
export function levelInForce<Row extends SetLevel>(rows: readonly Row[], lane: string, type: string): Row | undefined {
  const inOrder = [
    [lane, type],
    [lane, '*'],
    ['*', type],
    ['*', '*'],
  ];
  return inOrder.flatMap(([ofLane, ofType]) => rows.filter((row) => row.lane === ofLane && row.type === ofType))[0];
}
