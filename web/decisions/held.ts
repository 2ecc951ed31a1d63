import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';

export interface HeldList {
  /** What stands on the page: in its place until somebody asks for what is new. */
  readonly actions: readonly ActionSummary[];
  /** Ids of those that no longer wait, because somebody else decided. */
  readonly gone: ReadonlySet<string>;
  /** How many are there that are not shown. */
  readonly fresh: number;
  /** Shows what is there now, and, after a decision of one's own, what is read next. */
  readonly renew: () => void;
}

/** Keeps a live list still, so that nothing slides under the cursor of the one who decides. */
export function useHeldList(items: readonly ActionSummary[]): HeldList {
  const [shown, setShown] = useState(items);
  const isRenewing = useRef(false);
  useEffect(() => {
    setShown((before) => {
      if (isRenewing.current || before.length === 0) return items;
      return before.map((action) => items.find(({ id }) => id === action.id) ?? action);
    });
    isRenewing.current = false;
  }, [items]);
  const ids = new Set(shown.map(({ id }) => id));
  return {
    actions: shown,
    gone: new Set(shown.filter(({ id }) => items.every((item) => item.id !== id)).map(({ id }) => id)),
    fresh: items.filter(({ id }) => !ids.has(id)).length,
    renew() {
      isRenewing.current = true;
      setShown(items);
    },
  };
}
