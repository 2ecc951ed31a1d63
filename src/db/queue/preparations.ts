/** What an effect's preparations have left, by action and name: it outlives the worker that made it. */

import type { JsonValue } from '../../contracts/http/json.ts';
import { type Database, query } from '../pool.ts';

export interface KeptPreparation {
  readonly isReady: boolean;
  readonly result: JsonValue;
}

export async function readPreparations(db: Database, actionId: string): Promise<ReadonlyMap<string, KeptPreparation>> {
  const rows = await query<{ name: string; isReady: boolean; result: JsonValue }>(
    db,
    'SELECT name, is_ready AS "isReady", result FROM aol_preparations WHERE action_id = $1',
    [actionId],
  );
  return new Map(rows.map(({ name, ...kept }) => [name, kept]));
}

/**
 * Keeps a result, and forgets how often it failed before. Answers for how long it is as it is: ready, or not ready yet, whatever failed
 * in between.
 */
export async function keepPreparation(
  db: Database,
  kept: { readonly actionId: string; readonly name: string; readonly result: JsonValue; readonly isReady: boolean },
): Promise<number> {
  const [row] = await query<{ forMs: number }>(
    db,
    `INSERT INTO aol_preparations AS p (action_id, name, result, is_ready) VALUES ($1, $2, $3, $4)
     ON CONFLICT (action_id, name) DO UPDATE SET result = excluded.result, is_ready = excluded.is_ready, failures = 0,
       updated_at = CASE WHEN p.is_ready = excluded.is_ready AND NOT (p.failures > 0 AND p.result = 'null') THEN p.updated_at
         ELSE clock_timestamp() END
     RETURNING (extract(epoch FROM clock_timestamp() - updated_at) * 1000)::float8 AS "forMs"`,
    [kept.actionId, kept.name, JSON.stringify(kept.result), kept.isReady],
  );
  return row?.forMs ?? 0;
}

/** Answers how often in a row it has failed. */
export async function failPreparation(
  db: Database,
  failed: { readonly actionId: string; readonly name: string },
): Promise<number> {
  const [row] = await query<{ failures: number }>(
    db,
    `INSERT INTO aol_preparations (action_id, name, failures) VALUES ($1, $2, 1)
     ON CONFLICT (action_id, name) DO UPDATE SET failures = aol_preparations.failures + 1
     RETURNING failures`,
    [failed.actionId, failed.name],
  );
  return row?.failures ?? 1;
}

/** What they had made is gone at the provider: they are done again. */
export async function forgetPreparations(db: Database, actionId: string): Promise<void> {
  await query(db, 'DELETE FROM aol_preparations WHERE action_id = $1', [actionId]);
}
