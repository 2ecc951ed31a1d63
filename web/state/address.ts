/** The address bar: which page is shown, and the filters in its query. Nothing else decides that. */

import { computed, signal } from '@preact/signals';

const current = signal(new URL(location.href));

/** `/actions/0192…` */
export const path = computed(() => current.value.pathname);
export const query = computed(() => current.value.searchParams);

/** Follows links within the dashboard, and the browser's own back and forward. */
export function followAddress(): void {
  addEventListener('popstate', () => {
    current.value = new URL(location.href);
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || isModified(event)) return;
    if (link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.hash !== '' && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

function isModified(event: MouseEvent): boolean {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

/** Shows another page. */
export function go(address: string): void {
  if (address === location.pathname + location.search) return;
  history.pushState(null, '', address);
  current.value = new URL(location.href);
}

/** Changes filters; an empty value takes one out. A page of a list belongs to its filters, so it starts anew. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const url = new URL(location.href);
  if (!('cursor' in changes)) url.searchParams.delete('cursor');
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  // Turning a page can be undone by "back"; typing into a filter would leave one step for each letter.
  if ('cursor' in changes) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  current.value = url;
}

/** `/actions?status=DLQ` */
export function addressOf(pathname: string, filters: Readonly<Record<string, string | undefined>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value) search.set(name, value);
  const text = search.toString();
  return text === '' ? pathname : `${pathname}?${text}`;
}
