/** Pages of 8 KiB that calls read, by what has finished and by what waits. Other work on the machine does not change them. */

import { randomUUID } from 'node:crypto';
import { enqueueRequestSchema } from '../../src/contracts/http/action.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { setFlags } from '../../src/db/decide/flags.ts';
import { listActions } from '../../src/db/look/action-list.ts';
import { countBounded } from '../../src/db/look/metrics.ts';
import { readStatus } from '../../src/db/look/status.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { claimTick } from '../../src/db/queue/claim.ts';
import { closeAttempts } from '../../src/db/queue/close.ts';
import { ALL_LANES, DEFAULT_LANE } from '../../src/domain/flags.ts';
import { NotMeasured } from '../protocol.ts';
import type { Servers } from '../servers.ts';
import { onStage } from '../stage.ts';
import type { Figure, Trial } from './measure.ts';
import { templateOfFinished, templateOfQueued } from './templates.ts';

const AT_ONCE = 50;
const TIMES = 20;
/** Each connection parses a function once, and reads the catalogue for that. */
const WARM_UP = 3;
const SIZES = [10_000, 100_000, 1_000_000];

interface Case {
  readonly what: string;
  of(servers: Servers, rows: number): Promise<string>;
}

const cases: readonly Case[] = [
  { what: 'finished', of: templateOfFinished },
  { what: 'queued', of: templateOfQueued },
];

export const readsTrials: readonly Trial[] = cases.flatMap(({ what, of }) =>
  SIZES.map(
    (rows): Trial => ({
      measure: 'reads',
      system: 'aol',
      label: `pages read by actions ${what}, at ${rows}`,
      async run(servers, { mostRows }) {
        if (rows > mostRows) throw new NotMeasured(`quick runs end at ${mostRows} rows`);
        return onStage(
          servers,
          'aol',
          {},
          ({ scene }) => readsOf(scene.databaseUrl, what, rows),
          await of(servers, rows),
        );
      },
    }),
  ),
);

async function readsOf(databaseUrl: string, what: string, at: number): Promise<Figure[]> {
  // One connection, so that its counters are all there are.
  const database = createPool({ databaseUrl, applicationName: 'bench', maxConnections: 1, keptConnections: 1 });
  const figures: Figure[] = [];
  const measure = async (call: string, work: () => Promise<unknown>) => {
    for (let time = 0; time < WARM_UP; time += 1) await work();
    const before = await pagesRead(database);
    for (let time = 0; time < TIMES; time += 1) await work();
    const value = ((await pagesRead(database)) - before) / TIMES;
    figures.push({ system: 'aol', name: `pages read by ${call}, by actions ${what}`, value, at });
  };
  try {
    const flags = { paused: false, tick_interval_ms: 0, max_actions_per_tick: AT_ONCE, max_running: 1_000 };
    await setFlags(database, ALL_LANES, flags, { actor: 'bench' });
    await measure(`an enqueue of ${AT_ONCE}`, () => queue(database));
    let token: number | null = null;
    await measure(`a claim of ${AT_ONCE} and its close`, async () => {
      await claimAndClose(database, token);
      token = 1;
    });
    await measure(`a page of ${AT_ONCE} actions`, () => listActions(database, { limit: AT_ONCE, fields: 'all' }));
    await measure('the status', () => readStatus(database, countBounded));
    return figures;
  } finally {
    await database.end();
  }
}

async function pagesRead(database: Database): Promise<number> {
  await database.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await database.query<{ pages: number }>(
    `SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
       + coalesce(toast_blks_read + toast_blks_hit, 0))::float8 AS pages FROM pg_statio_user_tables`,
  );
  return rows[0]?.pages ?? 0;
}

function queue(database: Database): Promise<unknown> {
  const requests = Array.from({ length: AT_ONCE }, () =>
    enqueueRequestSchema.parse({ type: 'BENCH_JOB', payload: { job: 1, real: false }, idempotencyKey: randomUUID() }),
  );
  return enqueue(database, requests, 'bench');
}

async function claimAndClose(database: Database, token: number | null): Promise<void> {
  const tickId = randomUUID();
  const lane = DEFAULT_LANE;
  const holder = { lane, workflowId: `aol/${lane}`, firstRunId: 'bench', runId: 'bench', runStartedAtMs: 1, token };
  const identity = { clusterId: 'bench', namespace: 'bench', proofMode: true, worker: 'bench' };
  await claimTick(database, { holder, tickId }, identity);
  const { rows } = await database.query<{ id: string }>('SELECT id FROM aol_held WHERE claim_tick_id = $1', [tickId]);
  if (rows.length !== AT_ONCE) throw new Error(`${rows.length} actions were claimed`);
  const ended = {
    to: 'SUCCESS',
    artifactSha256: 'a'.repeat(64),
    artifactUri: 'artifact:bench',
    message: 'proved',
  } as const;
  await closeAttempts(
    database,
    { tickId, token: 1 },
    rows.map(({ id }) => ({ ...ended, id, durationMs: 1 })),
  );
}
