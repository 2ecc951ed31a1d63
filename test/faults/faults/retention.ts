/** I-29: a million finished actions are pruned while work goes on. */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '../../../src/config/index.ts';
import { createLane } from '../../../src/db/decide/flags.ts';
import { createPool, type Database } from '../../../src/db/pool.ts';
import { closeAttempts } from '../../../src/db/queue/close.ts';
import { claimOnce, holder, setFlag } from '../../support/engine.ts';
import type { Fault } from '../support/fault.ts';
import { quantile } from '../support/quantile.ts';
import type { Scene } from '../support/scene.ts';

const OLD_ROWS = 1_000_000;
const PRUNE_LIMIT_MS = 600_000;
const MOST_CLAIM_MS = 20;
const PROBE_LANE = 'probe';
const PROBE_INTERVAL_MS = 50;

/** As a year of work leaves them, with two log rows each. The rules of new rows do not hold for what is restored. */
const FILL = `
  ALTER TABLE aol_actions DISABLE TRIGGER USER;
  INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, attempts, artifact_sha256,
    artifact_uri, created_by, created_at, updated_at, run_at, due_at, finished_at)
  SELECT t.id::uuid, 'default', 'POST_SOCIAL',
    '{"platform": "bluesky", "content": "an old one"}', 'old-' || n, repeat('a', 64), 'SUCCESS', 1, repeat('b', 64),
    'artifact:' || right(t.id, 2) || '/' || t.id || '-' || repeat('b', 64) || '.json', 'fill', t.at, t.at, t.at, t.at, t.at
  FROM generate_series(1, ${OLD_ROWS}) AS n, LATERAL (SELECT now() - interval '100 days' - n * interval '1 second' AS at,
    '00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS id) t;
  ALTER TABLE aol_actions ENABLE TRIGGER USER;
  INSERT INTO aol_execution_logs (at, lane, action_id, event, actor, message)
  SELECT a.created_at, 'default', a.id, e.event, 'fill', 'an old one'
  FROM aol_actions a, (VALUES ('ENQUEUED'), ('SUCCEEDED')) AS e (event) WHERE a.created_by = 'fill';
  ANALYZE aol_actions;
  ANALYZE aol_execution_logs`;

/** How long a claim with one action in it takes, in a lane of its own beside the others, until told to stop. */
function probing(db: Database): { stop(): Promise<readonly number[]> } {
  const times: number[] = [];
  let stopped = false;
  let token: number | null = null;
  const running = (async () => {
    while (!stopped) {
      await db.query(
        `WITH added AS (
           INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
           VALUES ($1::uuid, $2, 'PROBE', '{}', $1::uuid::text, repeat('c', 64), 'probe') RETURNING id, lane)
         INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
         SELECT lane, id, 'ENQUEUED', 'probe', 'probe' FROM added`,
        [randomUUID(), PROBE_LANE],
      );
      const startedMs = performance.now();
      const { tickId, result } = await claimOnce(db, holder('probe', token, PROBE_LANE));
      times.push(performance.now() - startedMs);
      token = result.token;
      const { rows } = await db.query(
        `SELECT id FROM aol_actions WHERE lane = $1 AND status = 'RUNNING' AND claim_tick_id = $2`,
        [PROBE_LANE, tickId],
      );
      const results = rows.map(({ id }) => {
        return { to: 'DLQ', id, reason: 'rejected', message: 'probe', durationMs: 1 } as const;
      });
      await closeAttempts(db, { tickId, token: token ?? 0 }, results);
      await delay(PROBE_INTERVAL_MS);
    }
    return times;
  })();
  // Whoever stops it is told; until then nobody listens.
  running.catch(() => undefined);
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}

/** `aol prune`, a process of its own. Answers how long it took. */
async function prune(scene: Scene): Promise<number> {
  const startedMs = performance.now();
  const env = childEnvironment({
    DATABASE_URL: scene.servers.databaseUrl(scene.database),
    AOL_DATA_DIR: scene.folder,
    AOL_ARTIFACTS: `file:${scene.artifactFolder}`,
  });
  const args = [scene.servers.mainFile, 'prune', '--older-than', '90d'];
  await promisify(execFile)(process.execPath, args, { env, timeout: PRUNE_LIMIT_MS });
  return performance.now() - startedMs;
}

const retention: Fault = {
  id: 'I-29',
  title: `${OLD_ROWS.toLocaleString('en')} old rows are pruned under load: claims stay quick, nothing that lives is deleted`,
  long: true,
  async play(scene) {
    const { db } = scene;
    const filler = createPool({
      databaseUrl: scene.servers.databaseUrl(scene.database),
      applicationName: 'fill',
      maxConnections: 2,
      statementTimeoutMs: 600_000,
    });
    const fillMs = performance.now();
    await filler.query(FILL).finally(() => filler.end());
    const filledS = Math.round((performance.now() - fillMs) / 1_000);
    await createLane(db, PROBE_LANE, 'faults');
    await setFlag(db, 'tick_interval_ms', 0, PROBE_LANE);
    scene.load.start({ kinds: ['once', 'each', 'proof'], everyMs: 100, answerMs: [10, 100] });
    const quiet = probing(db);
    await delay(10_000);
    const before = quantile(await quiet.stop(), 0.99);
    const busy = probing(db);
    const tookMs = await prune(scene);
    const times = await busy.stop();
    await scene.load.stop();
    const { rows } = await db.query(`SELECT count(*) AS n FROM aol_actions WHERE created_by = 'fill'`);
    const left = Number(rows[0]?.n);
    const during = quantile(times, 0.99);
    const known = await db.query<{ id: string }>('SELECT id FROM aol_actions');
    const ids = new Set(known.rows.map(({ id }) => id));
    const gone = scene.load.acknowledged.filter(({ id }) => !ids.has(id)).length;
    return {
      problems: [
        ...(during > MOST_CLAIM_MS ? [`claims: p99 was ${before.toFixed(1)} ms and is ${during.toFixed(1)} ms`] : []),
        ...(gone > 0 ? [`${gone} live actions were deleted`] : []),
        ...(left === OLD_ROWS ? ['nothing was pruned'] : []),
      ],
      note:
        `filled in ${filledS} s, pruned ${OLD_ROWS - left} in ${Math.round(tookMs / 1_000)} s; ` +
        `${times.length} claims: p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} meanwhile`,
    };
  },
};

export const retentionFaults: readonly Fault[] = [retention];
