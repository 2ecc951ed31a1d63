/** Turning the pages of a list. A page is all that the browser holds, so a list may be as long as it likes. */

import { count } from '../../src/contracts/words.ts';
import { query, setQuery } from '../state/address.ts';

interface PagerProps {
  readonly list: {
    readonly items: readonly unknown[];
    readonly nextCursor: string | null;
    readonly total: number;
    readonly totalIsExact: boolean;
  };
  readonly what: string;
  /** How turning back to the first page, and on to the next, is called. */
  readonly turns?: readonly [first: string, next: string];
}

export function Pager({ list, what, turns: [first, next] = ['Newest', 'Older'] }: PagerProps) {
  const isFirst = !query.value.has('cursor');
  const total = `${count(list.total)}${list.totalIsExact ? '' : '+'}`;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <span class="number">
        {count(list.items.length)} of {total} {what}
      </span>
      <span class="row">
        <button
          type="button"
          class="button"
          data-size="small"
          disabled={isFirst}
          onClick={() => setQuery({ cursor: '' })}
        >
          {first}
        </button>
        <button
          type="button"
          class="button"
          data-size="small"
          disabled={list.nextCursor === null}
          onClick={() => {
            setQuery({ cursor: list.nextCursor ?? '' });
            scrollTo(0, 0);
          }}
        >
          {next}
        </button>
      </span>
    </nav>
  );
}
