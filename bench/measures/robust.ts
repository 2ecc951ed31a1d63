/** AOL's drain where queues in PostgreSQL are known to grow slow, against the plain one of the same round. */

import type pg from 'pg';
import type { Servers } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import { drain } from './drain.ts';
import type { Figure, Sizes, Trial } from './measure.ts';

const BIG = 'bench_finished';

interface Case {
  readonly name: string;
  readonly template?: string;
  /** Runs in the scene before its queue is filled. */
  prepare(stage: Stage, sizes: Sizes): Promise<void>;
}

const cases: readonly Case[] = [
  { name: 'plain', prepare: async () => undefined },
  {
    name: 'after ANALYZE of the empty queue',
    async prepare(stage) {
      await (await stage.database()).query('ANALYZE');
    },
  },
  { name: 'with finished rows', template: BIG, prepare: async () => undefined },
  {
    name: 'under an old open transaction',
    async prepare(stage, { churnJobs }) {
      await openTransaction(await stage.database());
      await drain(stage, churnJobs, 0);
    },
  },
];

const prepared = new WeakSet<Servers>();

export const robustTrials: readonly Trial[] = cases.map((one) => ({
  measure: 'robust',
  system: 'aol',
  label: one.name,
  async run(servers, sizes): Promise<Figure[]> {
    if (one.template !== undefined) await fillTemplate(servers, sizes.finishedRows);
    const rate = await onStage(
      servers,
      'aol',
      {},
      async (stage) => {
        await one.prepare(stage, sizes);
        return (await drain(stage, sizes.drainJobs, 0, { warmsUp: true })).rate;
      },
      one.template,
    );
    return [{ system: 'aol', name: `drain ${one.name} /s`, value: rate }];
  },
}));

/** Keeps every row version that dies from now on. */
async function openTransaction(db: pg.Client): Promise<void> {
  await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await db.query('SELECT count(*) FROM aol_actions');
}

async function fillTemplate(servers: Servers, rows: number): Promise<void> {
  if (prepared.has(servers)) return;
  prepared.add(servers);
  await servers.createTemplate(BIG, async (db) => {
    // Rows begin as PENDING, which a trigger holds; these are finished from the start.
    await db.query('SET session_replication_role = replica');
    await db.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, attempts, artifact_sha256,
         artifact_uri, created_by, created_at, run_at, due_at, updated_at, finished_at)
       SELECT id, 'default', 'BENCH_JOB', jsonb_build_object('job', n, 'real', false), 'old-' || n, repeat('a', 64),
         'SUCCESS', 1, repeat('b', 64), 'artifact:old', 'bench', at, at, at, at, at
       FROM (SELECT n, gen_random_uuid() AS id, now() - interval '30 days' + n * interval '1 second' AS at
         FROM generate_series(1, ${rows}) AS n) AS old`,
    );
    await db.query(
      `INSERT INTO aol_execution_logs (at, lane, action_id, attempt, event, actor, message)
       SELECT finished_at, lane, id, 1, 'SUCCEEDED', 'engine', 'proved' FROM aol_actions`,
    );
    await db.query('VACUUM ANALYZE');
  });
}
