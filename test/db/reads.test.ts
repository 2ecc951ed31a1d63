/** What a claim, a gate and an outcome read does not grow with what else there is. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { expireApprovals } from '../../src/db/decide/approvals.ts';
import { setBudget } from '../../src/db/decide/budgets.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { findNotices, publishDestinations } from '../../src/db/keep/notices.ts';
import { nextActions } from '../../src/db/look/preview-claim.ts';
import { recordAttempts } from '../../src/db/queue/attempts.ts';
import { passGate } from '../../src/db/queue/gate.ts';
import type { Draw } from '../../src/domain/budgets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimOnce, holder, realWorker, request, requests, setFlag } from '../support/engine.ts';
import { queued, SHA } from '../support/settled.ts';

const CLOSED_TICKS = 20_000;
const OTHERS = 2_000;

let database: TestDatabase;
beforeEach(async () => {
  // One connection: its counters are told before each look.
  database = await createTestDatabase({ maxConnections: 1, keptConnections: 1 });
  await setFlag(database.pool, 'tick_interval_ms', 0);
});
afterEach(() => database.drop());

/** Rows that were read of what grows with each action or tick. */
async function rowsRead(): Promise<number> {
  await database.pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ read: number }>(
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer AS read FROM pg_stat_user_tables
     WHERE relname IN ('aol_actions', 'aol_execution_logs', 'aol_tick_ledger')`,
  );
  return rows[0]?.read ?? 0;
}

async function blocksRead(table: string): Promise<number> {
  await database.pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ blocks: number }>(
    'SELECT (heap_blks_read + heap_blks_hit)::integer AS blocks FROM pg_statio_user_tables WHERE relname = $1',
    [table],
  );
  return rows[0]?.blocks ?? 0;
}

test('a claim reads no more of the ledger after 20,000 ticks', async () => {
  await database.pool.query(
    `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, claimed, succeeded, started_at, finished_at)
     SELECT gen_random_uuid(), 'default', n, 1, 'run', 'PROOF', 'OK', 1, 1, now(), now() FROM generate_series(1, $1::integer) AS n`,
    [CLOSED_TICKS],
  );
  await database.pool.query('VACUUM ANALYZE aol_tick_ledger');
  await enqueue(database.pool, [request()], 'test');
  const before = await blocksRead('aol_tick_ledger');
  const { result } = await claimOnce(database.pool, holder('r1'));
  expect(result).toMatchObject({ kind: 'claimed' });
  expect((await blocksRead('aol_tick_ledger')) - before).toBeLessThan(100);
});

const DONE = { outcome: { kind: 'done', receipt: { id: 'post-1' } }, decision: { to: 'SUCCESS' } } as const;
const NOT_SENT = {
  outcome: { kind: 'not_sent', reason: 'refused' },
  decision: { to: 'RETRY', delayMs: 3_600_000 },
} as const;

/** Performs one effect; answers how many rows its claim, its gate and its outcome read. */
async function rowsOfAnEffect(how: typeof DONE | typeof NOT_SENT = DONE, draws: readonly Draw[] = []): Promise<number> {
  const db = database.pool;
  await queued(db, { mode: 'REAL' });
  const before = await rowsRead();
  const { tickId, result } = await claimOnce(db, holder('r1'), undefined, realWorker);
  const [id] = result.kind === 'claimed' ? result.effects : [];
  if (id === undefined || result.kind !== 'claimed') throw new Error(`nothing was claimed: ${result.kind}`);
  const gate = {
    ...{ lane: 'default', actionId: id, tickId, token: result.token },
    artifactSha256: SHA,
    artifactUri: 'artifact:test',
    proofMode: false,
    worker: realWorker.worker,
    attemptTimeoutMs: 20_000,
    redelivery: { kind: 'neither' } as const,
    draws,
  };
  expect(await passGate(db, gate)).toMatchObject({ kind: 'open', attempt: 1 });
  expect(await recordAttempts(db, [{ ...gate, ...how, attempt: 1, durationMs: 1 }])).toEqual(['left']);
  return (await rowsRead()) - before;
}

/** By a connection of its own: to leave triggers out would end the plans of the one that is looked at. */
async function addOthers(status: string): Promise<void> {
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  try {
    await createLane(other, 'others', 'test');
    await enqueue(database.pool, requests(OTHERS, { lane: 'others' }), 'test');
    await other.query('SET session_replication_role = replica');
    await other.query(
      `UPDATE aol_actions SET status = $1, finished_at = CASE $1 WHEN 'CANCELLED' THEN now() END WHERE lane = 'others'`,
      [status],
    );
    await other.query(
      `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, claimed, running)
       SELECT gen_random_uuid(), 'others', n, 1, 'run', 'REAL', 1, 1 FROM generate_series(1, $1::integer) AS n`,
      [OTHERS],
    );
  } finally {
    await other.end();
  }
}

test.each(['CANCELLED', 'UNCONFIRMED'])(
  'an effect reads the rows of its action, whatever became of 2,000 others: %s',
  async (status) => {
    const db = database.pool;
    await setFlag(db, 'proof_only', false);
    // A connection keeps the plans that it made while the tables were small, and PostgreSQL had not counted what they hold.
    await db.query('SET plan_cache_mode = force_generic_plan');
    await rowsOfAnEffect();
    await addOthers(status);
    expect(await rowsOfAnEffect()).toBeLessThan(100);
  },
);

test("a change of one lane's flags reads what waits in that lane, and not 2,000 actions of another", async () => {
  const db = database.pool;
  await db.query('SET plan_cache_mode = force_generic_plan');
  await createLane(db, 'others', 'test');
  await setFlag(db, 'approval_policy', 'none', 'others');
  const runAt = new Date(Date.now() + 86_400_000).toISOString();
  await enqueue(db, requests(OTHERS, { lane: 'others', mode: 'REAL', runAt }), 'test');
  const before = await rowsRead();
  await setFlag(db, 'approval_policy', 'all', 'default');
  expect((await rowsRead()) - before).toBeLessThan(100);
  await setFlag(db, 'approval_policy', 'all', 'others');
  expect((await rowsRead()) - before).toBeGreaterThan(1_000);
});

const WAITING = 20_000;

/** Actions of the default lane that are due tomorrow. */
async function addWaiting(heldBy: string | null = null): Promise<void> {
  await database.pool.query(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, held_by, run_at, max_attempts)
     SELECT new.id, 'default', 'PLAY', '{}', new.id::text, repeat('a', 64), 'REAL', 'test', $1, now() + interval '1 day', 3
     FROM (SELECT uuidv7() AS id FROM generate_series(1, $2::integer)) AS new`,
    [heldBy, WAITING],
  );
}

test('a claim, and a look at what it would claim, read what is due, and not 20,000 actions that are due tomorrow', async () => {
  const db = database.pool;
  await setFlag(db, 'proof_only', false);
  await addWaiting();
  expect(await rowsOfAnEffect()).toBeLessThan(100);
  // A worker is known by the name of its connection.
  await db.query(`SET application_name = 'aol-worker:REAL:test'`);
  const due = await queued(db, { mode: 'REAL' });
  const before = await rowsRead();
  expect((await nextActions(db, 'default')).rows.map(({ id }) => id)).toEqual([due]);
  expect((await rowsRead()) - before).toBeLessThan(100);
});

test('what nobody approved in its time, or whose time is almost over, is found without reading what still waits', async () => {
  const db = database.pool;
  await publishDestinations(db, [{ name: 'mailto:ops@example.com' }]);
  await addWaiting();
  await db.query('SET session_replication_role = replica');
  await db.query(
    `UPDATE aol_actions SET status = 'AWAITING_APPROVAL', artifact_sha256 = $1, artifact_uri = 'artifact:test', approval_expires_at = now() + interval '1 day' * (1 + random())`,
    [SHA],
  );
  await db.query('SET session_replication_role = origin');
  const before = await rowsRead();
  expect(await expireApprovals(db)).toBe(0);
  await findNotices(db, false, 0);
  expect((await rowsRead()) - before).toBeLessThan(100);
});

test('room that an effect gives back is looked for by its budget and age, and not in all 20,000 actions that wait for it', async () => {
  const db = database.pool;
  await setFlag(db, 'proof_only', false);
  const limit = { span: 'day', unit: 'effects', limit: 1 } as const;
  await setBudget(db, { scope: 'type', name: 'PLAY', limits: [limit] }, { actor: 'test', mayLoosen: true });
  await addWaiting('type:PLAY');
  expect(await rowsOfAnEffect(NOT_SENT, [{ scope: 'type', name: 'PLAY', effects: 1 }])).toBeLessThan(100);
  const { rows } = await db.query(
    `SELECT FROM aol_actions WHERE type = 'PLAY' AND held_by IS NULL AND run_at <= clock_timestamp()`,
  );
  expect(rows).toHaveLength(1);
});
