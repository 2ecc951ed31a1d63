/** The outbox of notices: who is told, what is found by looking, and the messages of each destination, one after another. */

import type { NoticeContent } from '../../contracts/engine/notices.ts';
import type { NoticeDestination } from '../../domain/notice-destinations.ts';
import { type NoticeKind, type NoticePace, URGENT_NOTICES } from '../../domain/notices.ts';
import { newIds } from '../ids.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';

/** A destination that no worker has named for so long is written to by nobody now. Workers name theirs once a minute. */
export const DESTINATION_LIVES = `interval '10 minutes'`;
/** And after so long nothing is kept for it any more. */
const DESTINATION_IS_KEPT = `interval '7 days'`;
/** A message that has not arrived after so long is given up, so that the next one may go. */
const GIVE_UP_AFTER = `interval '3 days'`;
const KEPT = `interval '30 days'`;
/** An attempt of a worker that lives ends before this. */
const ATTEMPT = `interval '60 seconds'`;

/**
 * Says which destinations a worker has, and forgets those that none has any more. A new one is told of what waits for approval
 * already; of what else happened before nobody is told.
 */
export async function publishDestinations(
  db: Queryable,
  destinations: readonly Pick<NoticeDestination, 'name' | 'approver'>[],
): Promise<void> {
  await query(
    db,
    `WITH gone AS (
       DELETE FROM aol_notice_destinations WHERE seen_at < clock_timestamp() - ${DESTINATION_IS_KEPT} AND name <> ALL ($1::text[])),
     there AS (SELECT name FROM aol_notice_destinations),
     named AS (
       INSERT INTO aol_notice_destinations (name, approver) SELECT * FROM unnest($1::text[], $2::text[])
       ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp() RETURNING name)
     INSERT INTO aol_notices (occasion, destination, kind, lane, action_id)
     SELECT aol_approval_occasion(a.id, a.approval_expires_at), n.name, 'approval_waits', a.lane, a.id
     FROM named n CROSS JOIN aol_actions a
     WHERE a.status = 'AWAITING_APPROVAL' AND NOT EXISTS (SELECT FROM there t WHERE t.name = n.name)
     ON CONFLICT (occasion, destination) DO NOTHING`,
    [destinations.map(({ name }) => name), destinations.map(({ approver }) => approver ?? null)],
  );
}

/** Looks for what no row of the log tells of: approvals that run out, lanes that stand still, tokens that die, budgets that are used up. */
export async function findNotices(db: Queryable, workerIsProof: boolean, watchedMs: number): Promise<void> {
  await query(db, 'SELECT aol_find_notices($1, $2)', [workerIsProof, watchedMs]);
}

/** Whatever became of them, old ones are of no use to anybody. */
export async function forgetNotices(db: Queryable): Promise<void> {
  await query(db, `DELETE FROM aol_notices WHERE at < clock_timestamp() - ${KEPT}`);
  await query(
    db,
    `DELETE FROM aol_notice_messages m WHERE m.created_at < clock_timestamp() - ${KEPT}
       AND NOT EXISTS (SELECT FROM aol_notices n WHERE n.message_id = m.id)`,
  );
}

/** Destinations that live, have nothing on its way, and whose time for a message has come. */
const RIPE = `SELECT d.name FROM aol_notice_destinations d
  CROSS JOIN LATERAL (SELECT max(m.created_at) AS last_at FROM aol_notice_messages m WHERE m.destination = d.name) AS past
  WHERE d.seen_at > clock_timestamp() - ${DESTINATION_LIVES}
    AND NOT EXISTS (SELECT FROM aol_notice_messages m WHERE m.destination = d.name AND m.state = 'waiting')
    AND EXISTS (SELECT FROM aol_notices n WHERE n.destination = d.name AND n.state = 'waiting' AND (n.kind = 'test'
      OR (n.at < clock_timestamp() - $1::float8 * interval '1 millisecond' AND coalesce(past.last_at < clock_timestamp()
        - CASE WHEN n.kind = ANY ($4::text[]) THEN $3::float8 ELSE $2::float8 END * interval '1 millisecond', true))))`;

function paceValues({ gatherMs, everyMs, urgentEveryMs }: NoticePace): unknown[] {
  return [gatherMs, everyMs, urgentEveryMs, URGENT_NOTICES];
}

/** Messages that may be tried now. One whose worker died within its attempt may be tried again at once. */
const DUE = `m.state = 'waiting' AND (m.next_attempt_at <= clock_timestamp()
  OR (m.claimed_by IS NOT NULL AND NOT aol_worker_lives(m.claimed_by, m.claimed_at)))`;
const OF_A_DESTINATION = `EXISTS (SELECT FROM aol_notice_destinations d WHERE d.name = m.destination
  AND d.seen_at > clock_timestamp() - ${DESTINATION_LIVES})`;

/** Whether the workflow of notices has something to do. */
export async function areNoticesDue(db: Queryable, pace: NoticePace): Promise<boolean> {
  const [row] = await query<{ is_due: boolean }>(
    db,
    `SELECT EXISTS (${RIPE}) OR EXISTS (SELECT FROM aol_notice_messages m WHERE ${DUE} AND ${OF_A_DESTINATION}) AS is_due`,
    paceValues(pace),
  );
  return row?.is_due === true;
}

export async function ripeDestinations(db: Queryable, pace: NoticePace): Promise<string[]> {
  const rows = await query<{ name: string }>(db, `${RIPE} ORDER BY d.name`, paceValues(pace));
  return rows.map(({ name }) => name);
}

export async function dueMessages(db: Queryable): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    `SELECT m.id FROM aol_notice_messages m WHERE ${DUE} AND ${OF_A_DESTINATION} ORDER BY m.created_at, m.id`,
  );
  return rows.map(({ id }) => id);
}

/** A notice with what its text needs: of an action, its request. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  readonly at: Date;
  readonly lane: string | null;
  readonly account: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly action_id: string | null;
  /** Null where the action is gone. */
  readonly type: string | null;
  readonly mode: string | null;
  readonly payload: Readonly<Record<string, unknown>> | null;
  readonly created_by: string | null;
  readonly due_at: Date | null;
  readonly approval_expires_at: Date | null;
  readonly last_error: string | null;
  readonly [column: string]: unknown;
}

export interface GatheredNotices {
  /** How many there are of each kind. */
  readonly counts: ReadonlyMap<NoticeKind, number>;
  /** The first of each kind: of approvals what runs out first, of the others the oldest. */
  readonly first: readonly NoticeFacts[];
}

/**
 * Makes one message of all that waits for a destination, in one transaction. What somebody has seen to meanwhile is left out.
 *
 * @param write makes its text: pure, and told no more than `mostOfAKind` of each
 * @returns false where nothing was left, or the time has not come after all
 */
export function composeMessage(
  db: Database,
  destination: string,
  pace: NoticePace,
  mostOfAKind: number,
  write: (gathered: GatheredNotices) => NoticeContent,
): Promise<boolean> {
  return transaction(db, async (connection) => {
    await query(connection, 'SELECT FROM aol_notice_destinations WHERE name = $1 FOR UPDATE', [destination]);
    if (!(await ripeDestinations(connection, pace)).includes(destination)) return false;
    await query(connection, SETTLE, [destination]);
    const [id] = newIds(1);
    const counts = await query<{ kind: NoticeKind; count: number }>(connection, TELL, [destination, id]);
    if (counts.length === 0) return false;
    const first = await query<NoticeFacts>(connection, FIRST_OF_EACH, [id, mostOfAKind]);
    const content = write({ counts: new Map(counts.map(({ kind, count }) => [kind, count])), first });
    await query(
      connection,
      'INSERT INTO aol_notice_messages (id, destination, subject, content) VALUES ($1, $2, $3, $4)',
      [id, destination, content.subject, JSON.stringify(content)],
    );
    return true;
  });
}

const SETTLE = `UPDATE aol_notices n SET state = 'moot'
  FROM aol_notice_destinations d
  WHERE n.destination = $1 AND d.name = $1 AND n.state = 'waiting'
    AND n.kind IN ('approval_waits', 'approval_expires', 'approval_ran_out', 'unconfirmed', 'dead_letter')
    AND NOT (aol_awaits(d.approver, n.action_id) AND EXISTS (SELECT FROM aol_actions a WHERE a.id = n.action_id
      AND a.status = CASE n.kind WHEN 'unconfirmed' THEN 'UNCONFIRMED' WHEN 'dead_letter' THEN 'DLQ'
        WHEN 'approval_ran_out' THEN 'CANCELLED' ELSE 'AWAITING_APPROVAL' END))`;

const TELL = `WITH told AS (
    UPDATE aol_notices n SET state = 'told', message_id = $2 WHERE n.destination = $1 AND n.state = 'waiting' RETURNING n.kind)
  SELECT kind, count(*) AS count FROM told GROUP BY kind`;

const FIRST_OF_EACH = `SELECT n.kind, n.at, n.lane, n.account, n.detail, n.action_id, a.type, a.mode, a.payload, a.created_by, a.due_at,
    a.approval_expires_at, a.last_error
  FROM (SELECT m.*, row_number() OVER (PARTITION BY m.kind ORDER BY r.approval_expires_at, m.id) AS place FROM aol_notices m
    LEFT JOIN aol_actions r ON r.id = m.action_id AND m.kind IN ('approval_waits', 'approval_expires') WHERE m.message_id = $1) AS n
  LEFT JOIN aol_actions a ON a.id = n.action_id
  WHERE n.place <= $2 ORDER BY n.kind, n.place`;

export interface ClaimedMessage {
  readonly id: string;
  readonly destination: string;
  readonly content: NoticeContent;
  readonly attempt: number;
  readonly created_at: Date;
  /** When the attempt before this one began; null for the first. */
  readonly last_attempt_at: Date | null;
  /** An attempt before this one may have brought it there. */
  readonly may_have_arrived: boolean;
  readonly [column: string]: unknown;
}

/** Begins an attempt: committed before the first byte leaves. Undefined when the message is sent, not due, or another worker's. */
export async function claimMessage(db: Queryable, id: string, worker: string): Promise<ClaimedMessage | undefined> {
  const [row] = await query<ClaimedMessage>(
    db,
    `UPDATE aol_notice_messages m SET attempts = m.attempts + 1, claimed_by = $2, claimed_at = clock_timestamp(),
       next_attempt_at = clock_timestamp() + ${ATTEMPT}, may_have_arrived = true
     FROM (SELECT m.id, m.may_have_arrived, m.claimed_at FROM aol_notice_messages m WHERE m.id = $1 AND ${DUE} FOR UPDATE) AS before
     WHERE m.id = before.id
     RETURNING m.id, m.destination, m.content, m.attempts AS attempt, m.created_at, before.may_have_arrived,
       before.claimed_at AS last_attempt_at`,
    [id, worker],
  );
  return row;
}

export type Delivery =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly reason: string; readonly mayHaveArrived: boolean; readonly delayMs: number };

/** The end of an attempt. An attempt that another one has taken the place of ends nothing, but that the message has arrived. */
export async function recordDelivery(db: Queryable, message: ClaimedMessage, delivery: Delivery): Promise<void> {
  const { id, attempt } = message;
  if (delivery.kind === 'sent') {
    await query(
      db,
      `UPDATE aol_notice_messages SET state = 'sent', sent_at = clock_timestamp(), claimed_by = NULL, last_error = NULL,
         may_have_arrived = true WHERE id = $1 AND state <> 'sent'`,
      [id],
    );
    return;
  }
  const { reason, mayHaveArrived, delayMs } = delivery;
  await query(
    db,
    `UPDATE aol_notice_messages SET last_error = left($3, 2000), may_have_arrived = $4, claimed_by = NULL,
       next_attempt_at = clock_timestamp() + $5::float8 * interval '1 millisecond',
       state = CASE WHEN created_at < clock_timestamp() - ${GIVE_UP_AFTER} THEN 'given_up' ELSE 'waiting' END
     WHERE id = $1 AND attempts = $2 AND state = 'waiting'`,
    [id, attempt, reason, mayHaveArrived, delayMs],
  );
}
