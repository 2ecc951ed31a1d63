/** The API by itself: pages of lists with a million rows, at any depth, and a batch beside a bare INSERT of the same rows. */

import { randomInt, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openPorts } from '../../src/api/ports.ts';
import { startServer } from '../../src/api/server.ts';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { encodeCursor } from '../../src/db/look/cursor.ts';
import type { Servers } from '../servers.ts';
import { onStage, type Stage } from '../stage.ts';
import { percentile } from '../statistics.ts';
import type { Figure, Sizes, Trial } from './measure.ts';

const LISTED = 'bench_listed';
const BATCH = 1_000;
const WARM_UP = 5;

/** What people and programs look at, each at the top and in the depth. */
const LISTS = {
  actions: '/v1/actions?',
  'actions of a lane': '/v1/actions?lane=lane-1&',
  'actions by status': '/v1/actions?status=DLQ,UNCONFIRMED&',
  'actions by mode': '/v1/actions?mode=REAL&',
  'actions by words': '/v1/actions?q=nowhere&',
  logs: '/v1/logs?',
  'logs by level': '/v1/logs?level=WARNING,ERROR&',
  'logs of a lane': '/v1/logs?lane=lane-1&',
  ticks: '/v1/ticks?',
} as const;

export const httpTrials: readonly Trial[] = [
  {
    measure: 'http',
    system: 'aol',
    label: 'lists',
    async run(servers, sizes): Promise<Figure[]> {
      await fillTemplate(servers, sizes.listedRows);
      return onStage(servers, 'aol', {}, (stage) => lists(stage, sizes), LISTED);
    },
  },
  {
    measure: 'http',
    system: 'aol',
    label: 'batch',
    run: (servers, sizes) => onStage(servers, 'aol', {}, (stage) => batches(stage, sizes)),
  },
];

async function lists(stage: Stage, { pages }: Sizes): Promise<Figure[]> {
  const database = await stage.database();
  return withApi(stage, async (call) => {
    const figures: Figure[] = [];
    const measure = async (name: string, pathOf: (page: number) => string | Promise<string>) => {
      const took: number[] = [];
      for (let page = -WARM_UP; page < pages; page += 1) {
        const path = await pathOf(page);
        const startedAt = performance.now();
        await call(path);
        if (page >= 0) took.push(performance.now() - startedAt);
      }
      figures.push({ system: 'aol', name: `${name} p95 ms`, value: percentile(took, 0.95) });
    };
    await measure('status', () => '/v1/status');
    for (const [name, path] of Object.entries(LISTS)) {
      await measure(`page of ${name}`, async (page) => {
        const cursor = page % 4 === 0 ? '' : `&cursor=${await anyCursor(database, name)}`;
        return `${path}limit=50${cursor}`;
      });
    }
    return figures;
  });
}

/** Somewhere in the list. */
async function anyCursor(database: pg.Client, name: string): Promise<string> {
  const table = name.startsWith('actions')
    ? 'aol_actions'
    : name.startsWith('logs')
      ? 'aol_execution_logs'
      : 'aol_tick_ledger';
  const place = table === 'aol_tick_ledger' ? `started_at::text || '/' || id` : 'id::text';
  const { rows } = await database.query<{ place: string }>(
    `SELECT ${place} AS place FROM ${table} TABLESAMPLE SYSTEM (0.01) REPEATABLE (${randomInt(1_000_000)}) LIMIT 1`,
  );
  return rows[0] ? encodeCursor(rows[0].place) : anyCursor(database, name);
}

async function batches(stage: Stage, { pages }: Sizes): Promise<Figure[]> {
  const database = await stage.database();
  return withApi(stage, async (call) => {
    const [byHttp, bare]: [number[], number[]] = [[], []];
    for (let round = -WARM_UP; round < pages / 4; round += 1) {
      const actions = Array.from({ length: BATCH }, (_, n) => ({
        type: 'POST_SOCIAL',
        payload: { platform: 'mastodon', content: `The number ${n} of ${round}, and a few more words` },
        idempotencyKey: randomUUID(),
      }));
      const startedAt = performance.now();
      await call('/v1/actions/batch', { actions });
      const between = performance.now();
      await bareInsert(database, actions);
      if (round >= 0) {
        byHttp.push(between - startedAt);
        bare.push(performance.now() - between);
      }
    }
    return [
      { system: 'aol', name: 'batch of 1,000 p50 ms', value: percentile(byHttp, 0.5) },
      { system: 'aol', name: 'bare INSERT of 1,000 p50 ms', value: percentile(bare, 0.5) },
    ];
  });
}

/** The same rows, with keys that were chosen too: those cost an index entry. They are others, because a key is there once. */
function bareInsert(database: pg.Client, actions: readonly { readonly type: string; readonly payload: object }[]) {
  return database.query(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
     SELECT id, 'default', type, payload, key, repeat('a', 64), 'bench'
     FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[]) AS n (id, type, payload, key)`,
    [
      actions.map(() => randomUUID()),
      actions.map(({ type }) => type),
      actions.map(({ payload }) => JSON.stringify(payload)),
      actions.map(() => randomUUID()),
    ],
  );
}

/** The API as `aol api` serves it, in this process. */
async function withApi<Result>(
  { scene }: Stage,
  work: (call: (path: string, body?: unknown) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const ports = openPorts({
    databaseUrl: scene.databaseUrl,
    temporal: scene.temporal,
    temporalUiUrl: null,
    artifacts: createArtifactStore(`file:${scene.artifacts}`),
  });
  const [admin = '', operator = '', viewer = ''] = ['admin', 'operator', 'viewer'].map((role) => role.padEnd(40, '-'));
  const tokens = { admin, operator, viewer };
  const server = await startServer({ ...ports, contracts: builtInContracts, tokens, host: '127.0.0.1', port: 0 });
  try {
    return await work(async (path, body) => {
      const answer = await fetch(`${server.url}${path}`, {
        headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      await answer.json();
    });
  } finally {
    await server.close();
    await ports.close();
  }
}

const filled = new WeakSet<Servers>();

async function fillTemplate(servers: Servers, rows: number): Promise<void> {
  if (filled.has(servers)) return;
  filled.add(servers);
  await servers.createTemplate(LISTED, async (db) => {
    for (let lane = 0; lane < 4; lane += 1) await db.query(`SELECT aol_create_lane('lane-${lane}', 'bench')`);
    // Rows begin as PENDING, which a trigger holds; these are in every status from the start.
    await db.query('SET session_replication_role = replica');
    await db.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, mode, dlq_reason, attempts,
         artifact_sha256, artifact_uri, receipt, created_by, created_at, run_at, due_at, updated_at, finished_at)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid,
         'lane-' || n % 4, 'POST_SOCIAL', jsonb_build_object('platform', 'mastodon', 'content', 'some words, and number ' || n),
         'old-' || n, repeat('a', 64), status, CASE WHEN n % 10000 = 0 THEN 'REAL' ELSE 'PROOF' END,
         CASE WHEN status = 'DLQ' THEN 'rejected' END, 1, repeat('b', 64), 'artifact:old', '{}', 'bench', at, at, at, at,
         CASE WHEN status = 'SUCCESS' THEN at END
       FROM (SELECT n, CASE WHEN n % 100 = 0 THEN 'DLQ' WHEN n % 1000 = 1 THEN 'UNCONFIRMED' ELSE 'SUCCESS' END AS status,
         now() - interval '30 days' + n * interval '1 second' AS at FROM generate_series(1, ${rows}) AS n) AS old`,
    );
    await db.query(
      `INSERT INTO aol_execution_logs (at, lane, action_id, attempt, event, level, actor, message)
       SELECT updated_at, lane, id, 1, 'SUCCEEDED', CASE WHEN status = 'DLQ' THEN 'ERROR' ELSE 'INFO' END, 'engine', 'proved'
       FROM aol_actions ORDER BY id`,
    );
    await db.query(
      `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, started_at, finished_at)
       SELECT gen_random_uuid(), 'lane-' || n % 4, n, 1, 'run', 'PROOF', 'OK', at, at
       FROM (SELECT n, now() - interval '30 days' + n * interval '1 second' AS at FROM generate_series(1, ${rows / 10}) AS n) AS t`,
    );
    await db.query('VACUUM ANALYZE');
  });
}
