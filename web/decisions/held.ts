/** A live list that stands still, so that nothing slides under the cursor of the one who decides. */

import { useEffect, useState } from 'preact/hooks';
import type { ActionSummary, ActionSummaryList } from '../../src/contracts/http/action.ts';

type Read = Pick<ActionSummaryList, 'items' | 'nextCursor'>;

/** What stands on the page, and whether the server had more of it when it was read. */
export interface Held {
  readonly actions: readonly ActionSummary[];
  readonly goesOn: boolean;
  /** What was decided here: each id, and when the action had changed last as it was shown. */
  readonly dropped: ReadonlyMap<string, string>;
}

export function heldOf({ items, nextCursor }: Read, dropped: Held['dropped'] = new Map()): Held {
  return { actions: items, goesOn: nextCursor !== null, dropped };
}

/** A reading may be older than a decision: what was decided here is there again only when it has changed since. */
function stillWaiting({ dropped }: Held, { items, nextCursor }: Read): Read {
  return { items: items.filter(({ id, updatedAt }) => updatedAt > (dropped.get(id) ?? '')), nextCursor };
}

/** Each keeps its place. What the server had more of moves up behind the last one; what came in between is left out. */
export function heldAfter(before: Held, read: Read): Held {
  const { items, nextCursor } = stillWaiting(before, read);
  if (before.actions.length === 0) return heldOf({ items, nextCursor }, before.dropped);
  const fresh = new Map(items.map((action) => [action.id, action]));
  const actions = before.actions.map((action) => fresh.get(action.id) ?? action);
  if (!before.goesOn) return { ...before, actions };
  const shown = new Set(actions.map(({ id }) => id));
  const last = items.findLastIndex(({ id }) => shown.has(id));
  return { ...before, actions: [...actions, ...items.slice(last + 1)], goesOn: nextCursor !== null };
}

/** Takes out what was just decided here. */
export function heldWithout(before: Held, ids: readonly string[]): Held {
  const leaving = new Set(ids);
  const decided = before.actions.filter(({ id }) => leaving.has(id));
  return {
    actions: before.actions.filter(({ id }) => !leaving.has(id)),
    goesOn: before.goesOn,
    dropped: new Map([...before.dropped, ...decided.map(({ id, updatedAt }) => [id, updatedAt] as const)]),
  };
}

/** Those that no longer wait, because somebody else decided. What may stand on a later page of the server is none of them. */
export function goneOf(held: Held, read: Read): ReadonlySet<string> {
  const there = new Set(stillWaiting(held, read).items.map(({ id }) => id));
  const lastThere = held.actions.findLastIndex(({ id }) => there.has(id));
  const end = read.nextCursor === null ? held.actions.length : lastThere + 1;
  return new Set(
    held.actions
      .slice(0, end)
      .map(({ id }) => id)
      .filter((id) => !there.has(id)),
  );
}

/** Those that wait and are not shown. */
export function freshOf(held: Held, read: Read): readonly ActionSummary[] {
  const shown = new Set(held.actions.map(({ id }) => id));
  return stillWaiting(held, read).items.filter(({ id }) => !shown.has(id));
}

export interface HeldList {
  readonly actions: readonly ActionSummary[];
  readonly gone: ReadonlySet<string>;
  /** How many are there that are not shown. */
  readonly fresh: number;
  /** Whether more of it is on its way, where nothing is shown. */
  readonly goesOn: boolean;
  /** Shows what is there now. */
  readonly renew: () => void;
  /** Takes out what was just decided here. */
  readonly drop: (ids: readonly string[]) => void;
}

export function useHeldList(list: Read): HeldList {
  const [held, setHeld] = useState(() => heldOf(list));
  // This may run after a decision that came while the list was drawn: it asks what is held then.
  useEffect(() => setHeld((before) => heldAfter(before, list)), [list]);
  return {
    actions: held.actions,
    gone: goneOf(held, list),
    fresh: freshOf(held, list).length,
    goesOn: held.goesOn,
    renew: () => setHeld((before) => heldAfter({ ...before, actions: [] }, list)),
    drop: (ids) => setHeld((before) => heldWithout(before, ids)),
  };
}
