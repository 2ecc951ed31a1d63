/** What a claim takes. */

import type { Action, Flags } from './parts.ts';

export const SUSPECT_DEATHS = 2;

/** By priority, then time; one slot is the oldest's. What workers died with twice goes alone. */
export function chooseDue(
  actions: readonly Action[],
  flags: Pick<Flags, 'max_actions_per_tick' | 'max_running'>,
  isProof: boolean,
  number: number | null,
): Action[] {
  const running = actions.filter(({ tick }) => tick !== undefined).length;
  const room = Math.min(flags.max_actions_per_tick, flags.max_running - running);
  if (room <= 0) return [];
  const due = actions.filter(
    ({ status, isLater, mode }) => status === 'PENDING' && !isLater && !(isProof && mode === 'REAL'),
  );
  const oldest = [...due].sort((one, other) => one.dueAt - other.dueAt)[0];
  const isFirst = (action: Action) => Number(action === oldest && (room > 1 || (number ?? 0) % 4 === 0));
  due.sort((one, other) => isFirst(other) - isFirst(one) || other.priority - one.priority || one.dueAt - other.dueAt);
  const isSuspect = ({ deaths }: Action) => deaths >= SUSPECT_DEATHS;
  if (due[0] && isSuspect(due[0])) return due.slice(0, 1);
  return due.slice(0, room).filter((action) => !isSuspect(action));
}
