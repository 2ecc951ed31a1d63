/** What is due in a range of days, as far as a page can show it. */

import type { ActionFilter } from '../../src/client/client.ts';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { dayOf, rangeOf } from '../parts/days.ts';
import { client } from '../state/session.ts';

export type CalendarFilter = Pick<ActionFilter, 'lane' | 'account' | 'type' | 'mode'>;

export interface Entries {
  readonly byDay: ReadonlyMap<string, readonly ActionSummary[]>;
  /** False: there are more than are shown. */
  readonly isComplete: boolean;
}

const WAITING = ['PENDING', 'AWAITING_APPROVAL'] as const;
const OTHERS = ['RUNNING', 'RETRY', 'SUCCESS', 'UNCONFIRMED', 'DLQ'] as const;
const PAGE_SIZE = 200;
const MAX_PAGES = 5;

/** What waits from the first on; of what was at work already, the newest. What was cancelled is left out. */
export async function readEntries(from: string, to: string, filter: CalendarFilter): Promise<Entries> {
  const range = rangeOf(from, to);
  const shared = { ...filter, dueFrom: range.from, dueTo: range.to };
  const parts = await Promise.all([
    readPages({ ...shared, status: WAITING, order: 'due' }),
    // What is due later has not been at work.
    from > dayOf(new Date()) ? NOTHING : readPages({ ...shared, status: OTHERS }),
  ]);
  const byDay = new Map<string, ActionSummary[]>();
  for (const action of parts.flatMap(({ items }) => items).toSorted(byTime)) {
    const day = dayOf(new Date(action.runAt));
    byDay.set(day, [...(byDay.get(day) ?? []), action]);
  }
  return { byDay, isComplete: parts.every(({ isComplete }) => isComplete) };
}

interface Part {
  readonly items: readonly ActionSummary[];
  readonly isComplete: boolean;
}

const NOTHING: Part = { items: [], isComplete: true };

async function readPages(filter: ActionFilter): Promise<Part> {
  const items: ActionSummary[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const list = await client.listActionSummaries({ ...filter, cursor, limit: PAGE_SIZE });
    items.push(...list.items);
    if (list.nextCursor === null) return { items, isComplete: true };
    cursor = list.nextCursor;
  }
  return { items, isComplete: false };
}

function byTime(a: ActionSummary, b: ActionSummary): number {
  return a.runAt.localeCompare(b.runAt) || a.id.localeCompare(b.id);
}
