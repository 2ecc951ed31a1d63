/** What a named token is bound to. */

export interface Scope {
  /** The lanes that it sees and touches; null is all lanes. */
  readonly lanes: readonly string[] | null;
  /** The action types that it queues and decides about; null is all types. */
  readonly types: readonly string[] | null;
}

export const UNBOUND: Scope = { lanes: null, types: null };

export function coversLane({ lanes }: Scope, lane: string): boolean {
  return lanes === null || lanes.includes(lane);
}
