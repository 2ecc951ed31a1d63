/** Filters that somebody has given a name. They are kept in this browser; as a link they can be sent to others. */

import { signal } from '@preact/signals';
import { z } from 'zod';

const savedSchema = z.array(z.object({ name: z.string(), path: z.string(), search: z.string() }));
export type SavedFilter = z.output<typeof savedSchema>[number];

const KEY = 'aol-saved-filters';
const MOST_SAVED = 50;

export const savedFilters = signal<readonly SavedFilter[]>(stored());

function stored(): readonly SavedFilter[] {
  try {
    const parsed = savedSchema.safeParse(JSON.parse(localStorage.getItem(KEY) ?? '[]'));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}

/** A name stands once on a page: the same again replaces it. */
export function saveFilter(filter: SavedFilter): void {
  const others = savedFilters.value.filter(({ name, path }) => name !== filter.name || path !== filter.path);
  keep([...others, filter].slice(-MOST_SAVED));
}

export function forgetFilter(filter: SavedFilter): void {
  keep(savedFilters.value.filter((one) => one !== filter));
}

function keep(next: readonly SavedFilter[]): void {
  savedFilters.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // A browser that stores nothing forgets them when the page is closed.
  }
}
