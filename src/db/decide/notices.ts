/** A test notice that somebody asks for. */

import { randomUUID } from 'node:crypto';
import { NotFoundError } from '../../domain/errors.ts';
import { DESTINATION_LIVES } from '../keep/notices.ts';
import { type Queryable, query } from '../pool.ts';

/**
 * Puts a test into the outbox of each destination. A worker sends it within seconds.
 *
 * @returns when it was asked for, by the database's clock, and where it goes
 * @throws NotFoundError when no worker has a destination
 */
export async function askForTestNotice(
  db: Queryable,
  actor: string,
): Promise<{ readonly askedAt: Date; readonly destinations: readonly string[] }> {
  const rows = await query<{ destination: string; at: Date }>(
    db,
    `INSERT INTO aol_notices (occasion, destination, kind, detail)
     SELECT 'test:' || $1, d.name, 'test', jsonb_build_object('actor', $2::text) FROM aol_notice_destinations d
     WHERE d.seen_at > clock_timestamp() - ${DESTINATION_LIVES} ORDER BY d.name RETURNING destination, at`,
    [randomUUID(), actor],
  );
  const askedAt = rows.map(({ at }) => at.getTime());
  if (askedAt.length === 0) {
    throw new NotFoundError('no worker has a destination for notices: set AOL_NOTICES, the same for every worker');
  }
  return { askedAt: new Date(Math.min(...askedAt)), destinations: rows.map(({ destination }) => destination) };
}
