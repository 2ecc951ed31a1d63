/** Databases with many rows. Each is made once in a run; scenes are copied of it. */

import type { Servers } from '../servers.ts';
import { onStage } from '../stage.ts';

const made = new WeakMap<Servers, Map<string, Promise<void>>>();

async function once(servers: Servers, name: string, make: () => Promise<void>): Promise<string> {
  const ofServers = made.get(servers) ?? new Map<string, Promise<void>>();
  made.set(servers, ofServers);
  const making = ofServers.get(name) ?? make();
  ofServers.set(name, making);
  await making;
  return name;
}

/** So many actions wait in the default lane, which is paused. They were queued as everybody queues. */
export function templateOfQueued(servers: Servers, count: number): Promise<string> {
  const name = `bench_queued_${count}`;
  return once(servers, name, () =>
    onStage(servers, 'aol', {}, async ({ scene, producer }) => {
      const filling = await producer();
      await filling.fill(count);
      await filling.stop();
      const source = new URL(scene.databaseUrl).pathname.slice(1);
      await servers.createTemplate(name, async (db) => void (await db.query('VACUUM ANALYZE')), source);
    }),
  );
}

/** So many actions of the default lane have finished, over the last days, in ticks of 50. */
export function templateOfFinished(servers: Servers, count: number): Promise<string> {
  const name = `bench_finished_${count}`;
  return once(servers, name, () =>
    servers.createTemplate(name, async (db) => {
      // Rows begin as PENDING, which a trigger holds; these are finished from the start.
      await db.query('SET session_replication_role = replica');
      await db.query(
        `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, attempts, artifact_sha256,
           artifact_uri, created_by, created_at, run_at, due_at, updated_at, finished_at)
         SELECT id, 'default', 'BENCH_JOB', jsonb_build_object('job', n, 'real', false), 'old-' || n, repeat('a', 64),
           'SUCCESS', 1, repeat('b', 64), 'artifact:old', 'bench', at, at, at, at, at
         FROM (SELECT n, gen_random_uuid() AS id, now() - interval '30 days' + n * interval '1 second' AS at
           FROM generate_series(1, ${count}) AS n) AS old`,
      );
      await db.query(
        `INSERT INTO aol_execution_logs (at, lane, action_id, attempt, event, actor, message)
         SELECT finished_at, lane, id, attempt, event, 'engine', 'of old' FROM aol_actions
         CROSS JOIN (VALUES (NULL, 'ENQUEUED'), (1, 'ATTEMPT_STARTED'), (1, 'SUCCEEDED')) AS e (attempt, event)`,
      );
      await db.query(
        `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, claimed, succeeded, started_at, finished_at)
         SELECT gen_random_uuid(), 'default', n, 1, 'run', 'PROOF', 'OK', 50, 50, at, at
         FROM (SELECT n, now() - interval '30 days' + n * interval '50 seconds' AS at FROM generate_series(1, ${count / 50}) AS n) AS t`,
      );
      await db.query('VACUUM ANALYZE');
    }),
  );
}
