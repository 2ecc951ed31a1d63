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

/** A type in a lane of which more goes by itself after a change. `*` is each that has no level of its own. */
export interface Loosened {
  readonly lane: string;
  readonly type: string;
  readonly from: AutonomyLevel;
  readonly to: AutonomyLevel;
}

/**
 * The first type in a lane of which more goes by itself when `before` becomes `after`. A level of a lane counts before that of all lanes,
 * so that one row decides about types which it does not name: each type that a row names is looked at in each lane that one names.
 */
export function firstLoosened(before: readonly SetLevel[], after: readonly SetLevel[]): Loosened | undefined {
  const both = [...before, ...after];
  const types = new Set(['*', ...both.map(({ type }) => type)]);
  const [levelBefore, levelAfter] = [levelsOf(before), levelsOf(after)];
  for (const lane of new Set(['*', ...both.map((row) => row.lane)])) {
    for (const type of types) {
      const [from, to] = [levelBefore(lane, type), levelAfter(lane, type)];
      if (isLooser(from, to)) return { lane, type, from, to };
    }
  }
  return undefined;
}

/** {@link levelInForce} for many questions. A level that this version does not know is taken for the strictest. */
function levelsOf(rows: readonly SetLevel[]): (lane: string, type: string) => AutonomyLevel {
  const set = new Map(rows.map(({ lane, type, level }) => [`${lane} ${type}`, level]));
  return (lane, type) => {
    const level =
      set.get(`${lane} ${type}`) ?? set.get(`${lane} *`) ?? set.get(`* ${type}`) ?? set.get('* *') ?? 'auto';
    return AUTONOMY_LEVELS.find((known) => known === level) ?? 'draft';
  };
}
