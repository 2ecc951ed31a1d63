/** Notices as people see them: where they go, what went there, what does not arrive. */

import type { NoticeDestinationStatus, NoticeList, NoticeMessage } from '../../contracts/http/notice.ts';
import type { NoticeMessageState } from '../../domain/notices.ts';
import { DESTINATION_LIVES } from '../keep/notices.ts';
import { type Database, prepared, type Queryable, query, snapshot } from '../pool.ts';

interface DestinationRow {
  readonly name: string;
  readonly waiting: number;
  readonly last_sent_at: Date | null;
  readonly since: Date | null;
  readonly attempts: number | null;
  readonly error: string | null;
  readonly next_attempt_at: Date | null;
  readonly [column: string]: unknown;
}

/** The destinations that a worker has now. */
export async function listDestinations(db: Queryable): Promise<NoticeDestinationStatus[]> {
  const rows = await prepared<DestinationRow>(
    db,
    'aol_notice_destinations',
    `SELECT d.name, past.last_sent_at, m.created_at AS since, m.attempts, m.last_error AS error, m.next_attempt_at,
       (SELECT count(*) FROM aol_notices n WHERE n.destination = d.name AND n.state = 'waiting') AS waiting
     FROM aol_notice_destinations d
     CROSS JOIN LATERAL (SELECT max(s.sent_at) AS last_sent_at FROM aol_notice_messages s WHERE s.destination = d.name) AS past
     LEFT JOIN aol_notice_messages m ON m.destination = d.name AND m.state = 'waiting' AND m.last_error IS NOT NULL
     WHERE d.seen_at > clock_timestamp() - ${DESTINATION_LIVES} ORDER BY d.name`,
    [],
  );
  return rows.map((row) => ({
    destination: row.name,
    waiting: row.waiting,
    lastSentAt: row.last_sent_at?.toISOString() ?? null,
    failing:
      row.since && row.next_attempt_at
        ? {
            since: row.since.toISOString(),
            attempts: row.attempts ?? 0,
            error: row.error ?? '',
            nextAttemptAt: row.next_attempt_at.toISOString(),
          }
        : null,
  }));
}

interface MessageRow {
  readonly id: string;
  readonly destination: string;
  readonly subject: string;
  readonly notices: number;
  readonly state: NoticeMessageState;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly sent_at: Date | null;
  readonly [column: string]: unknown;
}

export function listNotices(db: Database, limit: number): Promise<NoticeList> {
  return snapshot(db, async (connection) => {
    const [destinations, rows] = await Promise.all([
      listDestinations(connection),
      query<MessageRow>(
        connection,
        `SELECT m.id, m.destination, m.subject, m.state, m.attempts, m.last_error, m.created_at, m.sent_at,
           (SELECT count(*) FROM aol_notices n WHERE n.message_id = m.id) AS notices
         FROM aol_notice_messages m ORDER BY m.created_at DESC, m.id DESC LIMIT $1`,
        [limit],
      ),
    ]);
    return { destinations, items: rows.map(toMessage) };
  });
}

function toMessage(row: MessageRow): NoticeMessage {
  return {
    id: row.id,
    destination: row.destination,
    subject: row.subject,
    notices: row.notices,
    state: row.state,
    attempts: row.attempts,
    error: row.last_error,
    createdAt: row.created_at.toISOString(),
    sentAt: row.sent_at?.toISOString() ?? null,
  };
}

export interface ApprovalAges {
  readonly lane: string;
  /** How long the one that waits longest has waited. */
  readonly oldestSeconds: number;
  /** Until the first one runs out; null where none does. */
  readonly firstExpirySeconds: number | null;
}

/** Of each lane in which approvals wait, by the database's clock. */
export async function readApprovalAges(db: Queryable): Promise<ApprovalAges[]> {
  const rows = await query<{ lane: string; oldest: number; expiry: number | null }>(
    db,
    `SELECT lane, extract(epoch FROM clock_timestamp() - min(updated_at))::float8 AS oldest,
       extract(epoch FROM min(approval_expires_at) - clock_timestamp())::float8 AS expiry
     FROM aol_actions WHERE status = 'AWAITING_APPROVAL' GROUP BY lane`,
  );
  return rows.map(({ lane, oldest, expiry }) => ({ lane, oldestSeconds: oldest, firstExpirySeconds: expiry }));
}
