/** The life of an action (DESIGN section 2): the one machine-readable copy of its table. */

export const ACTION_STATUSES = [
  'PENDING',
  'RUNNING',
  'RETRY',
  'AWAITING_APPROVAL',
  'SUCCESS',
  'UNCONFIRMED',
  'DLQ',
  'CANCELLED',
] as const;

export type ActionStatus = (typeof ACTION_STATUSES)[number];

export const ACTION_MODES = ['PROOF', 'REAL'] as const;
export type ActionMode = (typeof ACTION_MODES)[number];

/**
 * Every allowed arrow and nothing else. The database holds the same table (`aol_transition_allowed`)
 * and `docs/states.md` shows it; a test compares all three.
 */
export const TRANSITIONS: Readonly<Record<ActionStatus, readonly ActionStatus[]>> = {
  PENDING: ['RUNNING', 'CANCELLED', 'UNCONFIRMED'],
  RUNNING: ['SUCCESS', 'AWAITING_APPROVAL', 'RETRY', 'PENDING', 'DLQ', 'UNCONFIRMED'],
  RETRY: ['RUNNING', 'SUCCESS', 'CANCELLED', 'PENDING', 'AWAITING_APPROVAL', 'DLQ', 'UNCONFIRMED'],
  AWAITING_APPROVAL: ['PENDING', 'CANCELLED'],
  UNCONFIRMED: ['SUCCESS', 'PENDING', 'CANCELLED'],
  DLQ: ['PENDING', 'CANCELLED'],
  SUCCESS: [],
  CANCELLED: [],
};

/** The only status an action may be inserted with. */
export const INITIAL_STATUS: ActionStatus = 'PENDING';

/** Whether the table allows the arrow. Staying in the same status is not an arrow. */
export function canTransition(from: ActionStatus, to: ActionStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

/** A final status is never left. */
export function isFinal(status: ActionStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** Statuses in which the engine has nothing more to do by itself: final, or waiting for a person. */
export function isSettled(status: ActionStatus): boolean {
  return isFinal(status) || status === 'DLQ' || status === 'UNCONFIRMED';
}

export const DLQ_REASONS = ['rejected', 'exhausted', 'crashed'] as const;
export type DlqReason = (typeof DLQ_REASONS)[number];
