/** Which page an address shows. */

import { type ComponentChild, type ComponentType, h } from 'preact';
import type { IconName } from '../parts/icon.tsx';
import { later } from '../parts/later.tsx';
import { AutonomyPage } from './autonomy.tsx';
import { NowherePage } from './nowhere.tsx';

const AccountsPage = later('Accounts', async () => (await import('./accounts.tsx')).AccountsPage);
const ActionPage = later('Action', async () => (await import('./of-actions.ts')).ActionPage);
const ActionsPage = later('Actions', async () => (await import('./of-actions.ts')).ActionsPage);
const AdaptersPage = later('Adapters', async () => (await import('./adapters.tsx')).AdaptersPage);
const CalendarPage = later('Calendar', async () => (await import('./calendar.tsx')).CalendarPage);
const DecisionsPage = later('Decisions', async () => (await import('./decisions.tsx')).DecisionsPage);
const EnqueuePage = later('Enqueue', async () => (await import('./enqueue.tsx')).EnqueuePage);
const LogsPage = later('Logs', async () => (await import('./logs.tsx')).LogsPage);
const SettingsPage = later('Settings', async () => (await import('./settings.tsx')).SettingsPage);
const TicksPage = later('Ticks', async () => (await import('./ticks.tsx')).TicksPage);

interface PageEntry {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  readonly view: ComponentType;
}

/** In the order of the navigation. */
export const PAGES: readonly PageEntry[] = [
  { path: '/', title: 'Autonomy', icon: 'autonomy', view: AutonomyPage },
  { path: '/decisions', title: 'Decisions', icon: 'decisions', view: DecisionsPage },
  { path: '/calendar', title: 'Calendar', icon: 'calendar', view: CalendarPage },
  { path: '/actions', title: 'Actions', icon: 'actions', view: ActionsPage },
  { path: '/enqueue', title: 'Enqueue', icon: 'enqueue', view: EnqueuePage },
  { path: '/ticks', title: 'Ticks', icon: 'ticks', view: TicksPage },
  { path: '/logs', title: 'Logs', icon: 'logs', view: LogsPage },
  { path: '/accounts', title: 'Accounts', icon: 'accounts', view: AccountsPage },
  { path: '/adapters', title: 'Adapters', icon: 'adapters', view: AdaptersPage },
  { path: '/settings', title: 'Settings', icon: 'settings', view: SettingsPage },
];

interface FoundPage {
  /** Another key is another page: its state begins anew. */
  readonly key: string;
  readonly title: string;
  readonly view: () => ComponentChild;
}

export function findPage(path: string): FoundPage {
  const entry = PAGES.find((page) => page.path === path);
  if (entry) return { key: entry.path, title: entry.title, view: () => h(entry.view, {}) };
  const id = /^\/actions\/([0-9a-f-]{36})$/.exec(path)?.[1];
  if (id !== undefined) return { key: path, title: `Action ${id}`, view: () => h(ActionPage, { id }) };
  return { key: 'nowhere', title: 'Nothing here', view: () => h(NowherePage, {}) };
}
