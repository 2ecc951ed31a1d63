/** Events of `aol_execution_logs`: execution log, attempt journal and operator audit in one. */

export const LOG_EVENTS = [
  'ENQUEUED',
  'CLAIMED',
  'ATTEMPT_STARTED',
  'SUCCEEDED',
  'RETRY_SCHEDULED',
  'AWAITING_APPROVAL',
  'DEAD_LETTERED',
  'UNCONFIRMED',
  'RELEASED',
  'CANCEL_REQUESTED',
  'CANCELLED',
  'APPROVED',
  'REJECTED',
  'REPLAYED',
  'RESOLVED',
  'RECEIPT_RECORDED',
  'PROMOTED',
  'FLAG_CHANGED',
  'LANE_CREATED',
  'LEASE_TAKEN',
  'LEASE_RELEASED',
  'REFUSED',
  'TOKEN_CREATED',
  'TOKEN_REVOKED',
  'SIGNED_IN',
  'ACCOUNT_CHANGED',
  'SESSION_ENDED',
  'PERSON_CHANGED',
  'REVISED',
  'RESCHEDULED',
  'CHANGES_REQUESTED',
] as const;

export type LogEvent = (typeof LOG_EVENTS)[number];

/** The event that opens an attempt: its committed intent. Unique per (action, attempt). */
export const ATTEMPT_OPENING_EVENT: LogEvent = 'ATTEMPT_STARTED';

/** Events that close the attempt they name: its outcome. Unique per (action, attempt). */
export const ATTEMPT_CLOSING_EVENTS: readonly LogEvent[] = [
  'SUCCEEDED',
  'RETRY_SCHEDULED',
  'AWAITING_APPROVAL',
  'DEAD_LETTERED',
  'UNCONFIRMED',
  'RELEASED',
];

/**
 * What the engine writes of its own work, and refusals: the rest of the log is what people and programs did. The index of those rows
 * names the same events (migrations/0018).
 */
export const ENGINE_EVENTS = [
  'ENQUEUED',
  'CLAIMED',
  'ATTEMPT_STARTED',
  'SUCCEEDED',
  'RETRY_SCHEDULED',
  'AWAITING_APPROVAL',
  'DEAD_LETTERED',
  'UNCONFIRMED',
  'RELEASED',
  'RECEIPT_RECORDED',
  'LEASE_TAKEN',
  'LEASE_RELEASED',
  'REFUSED',
] as const satisfies readonly LogEvent[];

export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
