/** What an action's content may be compared with. */

import { ACTION_STATUSES } from '../../domain/states.ts';
import type { ActionRow } from '../action-row.ts';
import { type Queryable, query } from '../pool.ts';

/** Rows of each status that are looked through. */
const COMPARED_ROWS = 2_000;

/**
 * The other action of the same lane, type and account that a person approved last; without an account, of the same address. What
 * was sent without a person's approval is none. It looks through the newest rows of each status only.
 */
export async function findLastApproved(db: Queryable, action: ActionRow): Promise<ActionRow | null> {
  const [row] = await query<ActionRow>(
    db,
    `SELECT found.* FROM unnest($2::text[]) AS s (status) CROSS JOIN LATERAL (
       SELECT * FROM (
         SELECT * FROM aol_actions WHERE lane = $1 AND status = s.status ORDER BY id DESC LIMIT ${COMPARED_ROWS}) AS newest
       WHERE id <> $3 AND type = $4 AND mode = 'REAL' AND approval_by IS NOT NULL
         AND (payload ->> 'account', payload ->> 'platform', payload ->> 'service', payload ->> 'url')
           IS NOT DISTINCT FROM ($5::jsonb ->> 'account', $5::jsonb ->> 'platform', $5::jsonb ->> 'service', $5::jsonb ->> 'url')
       ORDER BY approval_at DESC, id DESC LIMIT 1) AS found
     ORDER BY found.approval_at DESC, found.id DESC LIMIT 1`,
    [action.lane, ACTION_STATUSES, action.id, action.type, JSON.stringify(action.payload)],
  );
  return row ?? null;
}
