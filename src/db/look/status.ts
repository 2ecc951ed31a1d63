/** What `GET /v1/status` tells: lanes, leases, counts and workers, of one moment and by the database's clock. */

import type { LaneStatus, Status } from '../../contracts/http/status.ts';
import { ALL_LANES, type FlagRow, flagsInForce, type LaneFlags, laneMode } from '../../domain/flags.ts';
import { leaseHealth } from '../../domain/lease.ts';
import { ACTION_STATUSES, type ActionMode, type ActionStatus } from '../../domain/states.ts';
import { readFlagRows } from '../decide/flags.ts';
import { type Database, prepared, type Queryable, query, snapshot } from '../pool.ts';
import { listAccountWarnings } from './accounts.ts';
import type { Count, CountRow } from './counts.ts';
import { listDestinations } from './notices.ts';
import { type TickRow, toTick } from './ticks.ts';
import { countWorkers, type WorkerCount } from './workers.ts';

/** {@link Status} without the dependencies, which are asked elsewhere. */
export type QueueStatus = Omit<Status, 'dependencies' | 'version'>;

/** Reads the status of all lanes, or of some. Where notices go is about all lanes, and told with all alone. */
export async function readStatus(db: Database, count: Count, lanes?: readonly string[]): Promise<QueueStatus> {
  return snapshot(db, (connection) => read(connection, lanes, count));
}

async function read(db: Queryable, asked: readonly string[] | undefined, count: Count): Promise<QueueStatus> {
  const lane = asked?.length === 1 ? asked[0] : undefined;
  const [leases, flagRows, counts, oldestDue, ticks, workers, accounts, notices] = await Promise.all([
    readLeases(db, lane),
    readFlagRows(db, lane),
    count(db, lane),
    readOldestDue(db, lane),
    readLastTicks(db, lane),
    countWorkers(db),
    listAccountWarnings(db, asked),
    asked ? [] : listDestinations(db),
  ]);
  const wanted = leases.filter((lease) => asked?.includes(lease.lane) ?? true);
  const lanes = wanted.map((lease) => laneStatus(lease, { flagRows, counts, oldestDue, ticks, workers }));
  return { ...overallMode(lanes, workers), workers, lanes, accounts, notices };
}

interface LeaseRow {
  lane: string;
  owner: string | null;
  token: number;
  ttl_ms: number | null;
  term_ms: number | null;
}

function readLeases(db: Queryable, lane: string | undefined): Promise<LeaseRow[]> {
  return prepared<LeaseRow>(
    db,
    'aol_leases',
    `SELECT lane, owner, token,
       (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::float8 AS ttl_ms,
       (extract(epoch FROM expires_at - renewed_at) * 1000)::float8 AS term_ms
     FROM aol_lease WHERE $1::text IS NULL OR lane = $1 ORDER BY lane`,
    [lane ?? null],
  );
}

interface DueRow {
  lane: string;
  mode: ActionMode;
  age_ms: number;
}

/** The age of the oldest due action of each lane and mode. */
function readOldestDue(db: Queryable, lane: string | undefined): Promise<DueRow[]> {
  return prepared<DueRow>(
    db,
    'aol_oldest_due',
    `SELECT l.lane, m.mode, (extract(epoch FROM now() - oldest.run_at) * 1000)::float8 AS age_ms
     FROM aol_lease l CROSS JOIN (VALUES ('PROOF'), ('REAL')) AS m (mode)
     CROSS JOIN LATERAL aol_oldest_queued(l.lane, m.mode) AS oldest
     WHERE ($1::text IS NULL OR l.lane = $1) AND oldest.run_at <= now()`,
    [lane ?? null],
  );
}

function readLastTicks(db: Queryable, lane: string | undefined): Promise<TickRow[]> {
  return query<TickRow>(
    db,
    `SELECT t.* FROM aol_lease l CROSS JOIN LATERAL (
       SELECT * FROM aol_tick_ledger WHERE lane = l.lane ORDER BY number DESC LIMIT 1) AS t
     WHERE $1::text IS NULL OR l.lane = $1`,
    [lane ?? null],
  );
}

interface LaneFacts {
  readonly flagRows: readonly FlagRow[];
  readonly counts: readonly CountRow[];
  readonly oldestDue: readonly DueRow[];
  readonly ticks: readonly TickRow[];
  readonly workers: WorkerCount;
}

function laneStatus(lease: LeaseRow, facts: LaneFacts): LaneStatus {
  const { lane } = lease;
  const flags = flagsInForce(lane, facts.flagRows);
  const { mode, why } = laneMode(facts.workers.real === 0, flags);
  const due = facts.oldestDue.filter((row) => row.lane === lane);
  const claimable = !flags.paused && !flags.killed && due.some((row) => row.mode === 'PROOF' || mode === 'REAL');
  const tick = facts.ticks.find((row) => row.lane === lane);
  return {
    lane,
    mode,
    why: [why, ...hindrances(lane, flags, facts)].join('; '),
    lease: {
      owner: lease.owner,
      token: lease.token,
      ttlMs: lease.ttl_ms === null ? null : Math.round(lease.ttl_ms),
      health: leaseHealth({
        ttlMs: lease.ttl_ms,
        termMs: lease.term_ms ?? 0,
        workIsDue: claimable,
        workers: facts.workers.count,
      }),
    },
    flags: { ...flags },
    counts: countsByStatus(facts.counts.filter((row) => row.lane === lane)),
    oldestDueAgeMs: due.length === 0 ? null : Math.round(Math.max(...due.map((row) => row.age_ms))),
    lastTick: tick ? toTick(tick) : null,
  };
}

function hindrances(lane: string, flags: LaneFlags, facts: LaneFacts): string[] {
  const source = (name: 'paused' | 'killed') =>
    facts.flagRows.some((row) => row.lane === lane && row.name === name && row.value === true) ? lane : ALL_LANES;
  const words: string[] = [];
  if (flags.killed) words.push(`killed by the flag of ${source('killed')}`);
  if (flags.paused) words.push(`paused by the flag of ${source('paused')}`);
  if (facts.workers.count === 0) words.push('no worker is running');
  return words;
}

function countsByStatus(rows: readonly CountRow[]): Record<string, number> {
  const count = (status: ActionStatus) => rows.find((row) => row.status === status)?.count ?? 0;
  return Object.fromEntries(ACTION_STATUSES.map((status) => [status, count(status)]));
}

function overallMode(lanes: readonly LaneStatus[], workers: WorkerCount): Pick<Status, 'mode' | 'why'> {
  const real = lanes.filter((lane) => lane.mode === 'REAL').map((lane) => lane.lane);
  if (real.length > 0) return { mode: 'REAL', why: `lanes that are REAL: ${real.join(', ')}` };
  if (workers.count === 0) return { mode: 'PROOF', why: 'no worker is running' };
  if (workers.real === 0) return { mode: 'PROOF', why: 'AOL_PROOF_MODE is not 0 in any worker' };
  return { mode: 'PROOF', why: 'proof_only is true in every lane' };
}
