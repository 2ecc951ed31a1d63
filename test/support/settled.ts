/** Actions that wait for a person or are final, brought there along the allowed arrows as a worker would. */

import { randomUUID } from 'node:crypto';
import type { EnqueueInput } from '../../src/contracts/http/action.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import type { Database } from '../../src/db/pool.ts';
import type { DlqReason } from '../../src/domain/states.ts';
import { request } from './engine.ts';

export const SHA = 'a'.repeat(64);
const UNCLAIMED = 'claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL';

/** Queues one action; answers its id. */
export async function queued(db: Database, input: Partial<EnqueueInput> = {}, actor = 'test'): Promise<string> {
  const [result] = await enqueue(db, [request(input)], actor);
  if (result?.kind !== 'created') throw new Error('not created');
  return result.row.id;
}

async function run(db: Database, id: string): Promise<void> {
  await db.query(
    `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = $2, claim_lease_token = 1, claim_until = now(),
       claim_count = 1, attempts = max_attempts WHERE id = $1`,
    [id, randomUUID()],
  );
}

export interface DeadInput extends Partial<EnqueueInput> {
  readonly why?: DlqReason;
}

/** A dead letter whose attempts are used up. */
export async function dead(db: Database, { why = 'exhausted', ...input }: DeadInput = {}): Promise<string> {
  const id = await queued(db, input);
  await run(db, id);
  await db.query(
    `UPDATE aol_actions SET status = 'DLQ', dlq_reason = $2, last_error = 'the provider said no', ${UNCLAIMED}, claim_count = 3, updated_at = clock_timestamp() WHERE id = $1`,
    [id, why],
  );
  return id;
}

/** Rendered, and a person has to look: within so many seconds, by the clock of the row. */
export async function awaiting(db: Database, expiresInSeconds: number | null): Promise<string> {
  const id = await queued(db, { mode: 'REAL', requireApproval: true });
  await run(db, id);
  await db.query(
    `UPDATE aol_actions SET status = 'AWAITING_APPROVAL', artifact_sha256 = $2, artifact_uri = 'artifact:test',
       approval_expires_at = clock_timestamp() + $3 * interval '1 second', ${UNCLAIMED} WHERE id = $1`,
    [id, SHA, expiresInSeconds],
  );
  return id;
}

/** An effect of which nobody knows whether it happened; without an artifact only if a test says so. */
export async function unconfirmed(
  db: Database,
  options: { readonly hasArtifact?: boolean; readonly input?: Partial<EnqueueInput> } = {},
): Promise<string> {
  const id = await queued(db, { mode: 'REAL', ...options.input });
  await run(db, id);
  await db.query(
    `UPDATE aol_actions SET status = 'UNCONFIRMED', ${UNCLAIMED}, last_error = 'cut off', artifact_sha256 = $2, artifact_uri = $3
     WHERE id = $1`,
    options.hasArtifact === false ? [id, null, null] : [id, SHA, 'artifact:test'],
  );
  return id;
}

/** A finished action, by the clock of the row finished that long ago. */
export async function finished(
  db: Database,
  how: {
    readonly status: 'SUCCESS' | 'CANCELLED';
    readonly daysAgo: number;
    readonly artifact?: { readonly sha256: string; readonly uri: string };
    readonly input?: Partial<EnqueueInput>;
  },
): Promise<string> {
  const id = await queued(db, how.input);
  if (how.status === 'SUCCESS') await run(db, id);
  await db.query(
    `UPDATE aol_actions SET status = $2, artifact_sha256 = $3, artifact_uri = $4, ${UNCLAIMED}, receipt = '{}',
       finished_at = now() - $5 * interval '1 day' WHERE id = $1`,
    [id, how.status, how.artifact?.sha256 ?? SHA, how.artifact?.uri ?? `artifact:none/${id}`, how.daysAgo],
  );
  return id;
}

/** A rendered action that waits for a person's word about the artifact {@link SHA}. */
export async function awaitingApproval(
  db: Database,
  input: Partial<EnqueueInput> = {},
  actor = 'test',
): Promise<string> {
  return rendered(db, 'AWAITING_APPROVAL', { mode: 'REAL', requireApproval: true, ...input }, actor);
}

/** A proof whose artifact is {@link SHA}. */
export async function proved(db: Database, input: Partial<EnqueueInput> = {}): Promise<string> {
  return rendered(db, 'SUCCESS', input);
}

async function rendered(
  db: Database,
  status: 'AWAITING_APPROVAL' | 'SUCCESS',
  input: Partial<EnqueueInput>,
  actor?: string,
): Promise<string> {
  const id = await queued(db, input, actor);
  await run(db, id);
  await db.query(
    `UPDATE aol_actions SET status = $2, artifact_sha256 = $3, artifact_uri = 'artifact:test', ${UNCLAIMED}, updated_at = clock_timestamp(),
       run_at = CASE WHEN $2 = 'SUCCESS' THEN run_at ELSE due_at END, finished_at = CASE WHEN $2 = 'SUCCESS' THEN clock_timestamp() END
     WHERE id = $1`,
    [id, status, SHA],
  );
  return id;
}
