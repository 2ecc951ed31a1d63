/** A live list that stands still, so that nothing slides under the cursor of the one who decides. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActionSummary, ActionSummaryList } from '../../src/contracts/http/action.ts';

type Read = Pick<ActionSummaryList, 'items' | 'nextCursor'>;

/** What stands on the page, and whether the server had more of it when it was read. */
export interface Held {
  readonly actions: readonly ActionSummary[];
  readonly goesOn: boolean;
}

export function heldOf({ items, nextCursor }: Read): Held {
  return { actions: items, goesOn: nextCursor !== null };
}

/** Each keeps its place. What the server had more of moves up behind the last one; what came in between is left out. */
export function heldAfter(before: Held, read: Read): Held {
  if (before.actions.length === 0) return heldOf(read);
  const fresh = new Map(read.items.map((action) => [action.id, action]));
  const actions = before.actions.map((action) => fresh.get(action.id) ?? action);
  if (!before.goesOn) return { actions, goesOn: false };
  const shown = new Set(actions.map(({ id }) => id));
  const last = read.items.findLastIndex(({ id }) => shown.has(id));
  return { actions: [...actions, ...read.items.slice(last + 1)], goesOn: read.nextCursor !== null };
}

/** Those that no longer wait, because somebody else decided. What may stand on a later page of the server is none of them. */
export function goneOf({ actions }: Held, { items, nextCursor }: Read): ReadonlySet<string> {
  const there = new Set(items.map(({ id }) => id));
  const lastThere = actions.findLastIndex(({ id }) => there.has(id));
  const end = nextCursor === null ? actions.length : lastThere + 1;
  return new Set(
    actions
      .slice(0, end)
      .map(({ id }) => id)
      .filter((id) => !there.has(id)),
  );
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
  // A reading may be older than the decision: what was dropped is there again only when it has changed since.
  const dropped = useRef(new Map<string, string>());
  const items = list.items.filter(({ id, updatedAt }) => updatedAt > (dropped.current.get(id) ?? ''));
  const read = { items, nextCursor: list.nextCursor };
  useEffect(() => setHeld((before) => heldAfter(before, read)), [list]);
  const shown = new Set(held.actions.map(({ id }) => id));
  return {
    actions: held.actions,
    gone: goneOf(held, read),
    fresh: items.filter(({ id }) => !shown.has(id)).length,
    goesOn: held.goesOn,
    renew: () => setHeld(heldOf(read)),
    drop(ids) {
      const leaving = new Set(ids);
      for (const { id, updatedAt } of held.actions) if (leaving.has(id)) dropped.current.set(id, updatedAt);
      setHeld((before) => ({ ...before, actions: before.actions.filter(({ id }) => !leaving.has(id)) }));
    },
  };
}
