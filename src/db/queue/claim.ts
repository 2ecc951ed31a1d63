/** A tick's first transaction: lease, flags, stale claims, claim, attempt rows, ledger row. */

import type { ClaimTickInput, ClaimTickResult, Pacing } from '../../contracts/engine/activities.ts';
import { type FlagRow, flagsInForce, type LaneFlags, laneMode } from '../../domain/flags.ts';
import { formatLeaseOwner, type LeaseOwner, leaseLineage, leaseTtlMs } from '../../domain/lease.ts';
import type { QuietOutcome } from '../../domain/ledger.ts';
import { IDLE_HEARTBEAT_MS } from '../../domain/limits.ts';
import type { ActionMode } from '../../domain/states.ts';
import { requireLane } from '../decide/flags.ts';
import { type Database, type Packets, prepared, type Queryable, query, quickTransaction } from '../pool.ts';
import { Walks } from './claim-cursor.ts';
import { type ClaimedEffect, claimDue, DUE_IN_MS, type DueClaim, modesOf } from './claim-due.ts';
import { BEGIN_BY_INDEX, type ClaimedAction } from './claimed-action.ts';
import { closeAbandonedTicks, recoverClaims } from './recover.ts';

/** What the worker process adds to what the workflow knows. */
export interface WorkerIdentity {
  readonly clusterId: string;
  readonly namespace: string;
  readonly proofMode: boolean;
  /** What its claims know of the queue; without it each walks through the queue from the start. */
  readonly walks?: Walks;
}

/**
 * Claims what is due in a lane, if the caller owns the lane and no flag forbids it. The lane's lease row stays locked
 * throughout, so the claims of a lane are one after another, and a kill that was answered is seen.
 *
 * @throws NotFoundError when the lane does not exist
 */
export async function claimTick(db: Database, input: ClaimTickInput, worker: WorkerIdentity): Promise<ClaimTickResult> {
  return (await claimWithProofs(db, input, worker)).result;
}

/** What {@link claimWithProofs} answers. */
export interface Claim {
  readonly result: ClaimTickResult;
  /** The proofs that it claimed, for whoever goes on in this process; undefined when an earlier run claimed them. */
  readonly proofs: readonly ClaimedAction[] | undefined;
  /** The effects, in the same way. */
  readonly effects: readonly ClaimedEffect[] | undefined;
}

/** The same, with what it claimed, which is too much for a workflow's history. */
export async function claimWithProofs(db: Database, input: ClaimTickInput, worker: WorkerIdentity): Promise<Claim> {
  return quickTransaction(db, (connection, packets) => claim(connection, packets, input, worker), BEGIN_BY_INDEX);
}

async function claim(
  db: Queryable,
  { begun, last }: Packets,
  input: ClaimTickInput,
  worker: WorkerIdentity,
): Promise<Claim> {
  const { lane } = input.holder;
  const { walks = new Walks() } = worker;
  const looksForProofs = walks.looksForProofs(lane);
  const locked = lockLease(db, lane);
  const read = readStanding(db, lane, input.tickId, looksForProofs ? ['PROOF', 'REAL'] : ['REAL']);
  const [lease, standing] = await Promise.all([locked, read, begun]);
  if (looksForProofs) walks.lookedForProofs(lane, standing.heldMs);
  const flags = flagsInForce(lane, standing.flags);
  const { mode } = laneMode(worker.proofMode, flags);
  const owner: LeaseOwner = { clusterId: worker.clusterId, namespace: worker.namespace, ...input.holder };
  const tickIntervalMs = flags.tick_interval_ms;
  const decision = decideLease(lease, owner, input.holder.token);

  if (flags.killed) {
    const tickNumber = decision.kind === 'held' ? await stopLane(db, input, decision.token, mode, owner) : null;
    return quiet({ outcome: 'KILLED', tickNumber, pacing: NOTHING_DUE });
  }
  if (decision.kind === 'refused') {
    return quiet({ outcome: 'NO_LEASE', retryInMs: decision.retryInMs, pacing: NOTHING_DUE });
  }
  const { token, isNew } = decision;
  if (isNew) await closeAbandonedTicks(db, lane);
  if (isNew || standing.stale)
    await recoverClaims(db, lane, { kind: 'stale', token, exceptTickId: isNew ? null : input.tickId });

  const work = await findWork(db, input, { token, isNew, mode, standing, flags, walks });
  const resumed = work.kind === 'claimed' && !work.due ? await claimedEffects(db, lane, input.tickId) : [];
  const dueInMs = await last(
    settle(db, {
      lane,
      owner,
      token,
      mode,
      isNew,
      isPaused: flags.paused,
      hasClaimed: work.kind === 'claimed',
      isMore: work.kind === 'claimed' && work.due?.isMore === true,
      tickIntervalMs,
    }),
  );
  const running = standing.running + (work.kind === 'claimed' && !work.resumed ? work.claimed : 0);
  const pacing: Pacing = {
    isFull: running >= flags.max_running,
    claimInMs: work.kind === 'claimed' ? tickIntervalMs : standing.claimInMs,
    nextDueInMs: dueInMs,
  };
  if (work.kind === 'claimed') {
    const { due, ...claimed } = work;
    const effects = due ? due.effects.map(({ id }) => id) : resumed;
    const result = { ...claimed, token, mode, effects, maxTickMs: flags.max_tick_ms, pacing };
    return { result, proofs: due?.proofs, effects: due?.effects };
  }
  return quiet({ outcome: work.outcome, token, tickNumber: work.tickNumber, retryInMs: IDLE_HEARTBEAT_MS, pacing });
}

const NOTHING_DUE: Pacing = { claimInMs: 0, nextDueInMs: null };

type Work =
  | {
      readonly kind: 'claimed';
      readonly tickNumber: number;
      readonly claimed: number;
      readonly resumed: boolean;
      /** What this very claim took. */
      readonly due?: DueClaim;
    }
  | { readonly kind: 'none'; readonly outcome: 'IDLE' | 'PAUSED'; readonly tickNumber: number | null };

async function findWork(
  db: Queryable,
  input: ClaimTickInput,
  now: {
    readonly token: number;
    readonly isNew: boolean;
    readonly mode: ActionMode;
    readonly standing: Standing;
    readonly flags: LaneFlags;
    readonly walks: Walks;
  },
): Promise<Work> {
  const { tick } = now.standing;
  if (tick !== null && tick.claimed > 0 && !now.isNew) {
    return { kind: 'claimed', tickNumber: tick.number, claimed: tick.claimed, resumed: true };
  }
  const outcome = now.flags.paused ? 'PAUSED' : 'IDLE';
  // The id is used up: a quiet tick that ran before, or a tick that was lost with the lease. The next one has its own.
  if (tick !== null || (now.standing.claimInMs > 0 && !now.flags.paused))
    return { kind: 'none', outcome, tickNumber: tick?.number ?? null };
  const room = now.flags.paused
    ? 0
    : Math.min(now.flags.max_actions_per_tick, now.flags.max_running - now.standing.running);
  const due = room > 0 ? await claimDue(db, input, now.token, now.mode, room, now.walks) : undefined;
  if (due) return { kind: 'claimed', tickNumber: due.number, claimed: due.claimed, resumed: false, due };
  return { kind: 'none', outcome, tickNumber: await writeQuietTick(db, input, now.token, now.mode, outcome) };
}

/** The REAL actions that a tick holds. */
async function claimedEffects(db: Queryable, lane: string, tickId: string): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    `SELECT id FROM aol_actions WHERE lane = $1 AND claim_tick_id = $2 AND mode = 'REAL'
       AND (status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL)) ORDER BY priority DESC, run_at, id`,
    [lane, tickId],
  );
  return rows.map((row) => row.id);
}

/** The end of a killed lane: what it still held goes back to the queue, the lease is free. */
async function stopLane(
  db: Queryable,
  input: ClaimTickInput,
  token: number,
  mode: ActionMode,
  owner: LeaseOwner,
): Promise<number> {
  const { lane } = input.holder;
  await closeAbandonedTicks(db, lane);
  await recoverClaims(db, lane, { kind: 'all' });
  await query(
    db,
    'UPDATE aol_lease SET expires_at = clock_timestamp() WHERE lane = $1 AND owner = $2 AND expires_at > clock_timestamp()',
    [lane, formatLeaseOwner(owner)],
  );
  return writeQuietTick(db, input, token, mode, 'KILLED');
}

function quiet(result: {
  readonly outcome: QuietOutcome;
  readonly token?: number;
  readonly tickNumber?: number | null;
  readonly retryInMs?: number;
  readonly pacing: Pacing;
}): Claim {
  return {
    proofs: undefined,
    effects: undefined,
    result: {
      kind: 'quiet',
      outcome: result.outcome,
      token: result.token ?? null,
      tickNumber: result.tickNumber ?? null,
      retryInMs: result.retryInMs ?? null,
      pacing: result.pacing,
    },
  };
}

interface LeaseRow {
  owner: string | null;
  token: number;
  ttl_ms: number | null;
}

async function lockLease(db: Queryable, lane: string): Promise<LeaseRow> {
  const [row] = await prepared<LeaseRow>(
    db,
    'aol_lock_lease',
    `SELECT owner, token, extract(epoch FROM expires_at - clock_timestamp()) * 1000 AS ttl_ms
     FROM aol_lease WHERE lane = $1 FOR UPDATE`,
    [lane],
  );
  if (!row) {
    await requireLane(db, lane);
    throw new Error(`the lease of lane ${lane} is gone`);
  }
  return { ...row, ttl_ms: row.ttl_ms === null ? null : Number(row.ttl_ms) };
}

interface Standing {
  readonly flags: FlagRow[];
  /** The ledger row of this tick id, when the claim ran before. */
  readonly tick: { readonly number: number; readonly claimed: number; readonly finished: boolean } | null;
  readonly running: number;
  readonly stale: boolean;
  /** How long it took to look at what is claimed. */
  readonly heldMs: number;
  /** Time until the tick interval allows the next claim. */
  readonly claimInMs: number;
}

/** Asked for after the lease is locked, so read in a snapshot that sees every flag committed before. */
async function readStanding(
  db: Queryable,
  lane: string,
  tickId: string,
  modes: readonly ActionMode[],
): Promise<Standing> {
  const [row] = await prepared<Omit<Standing, 'claimInMs'> & { readonly since_claim_ms: number | null }>(
    db,
    'aol_standing',
    `SELECT
       (SELECT coalesce(jsonb_agg(jsonb_build_object('lane', lane, 'name', name, 'value', value)), '[]')
         FROM aol_control_flags WHERE lane IN ($1, '*')) AS flags,
       (SELECT jsonb_build_object('number', number, 'claimed', claimed, 'finished', finished_at IS NOT NULL)
         FROM aol_tick_ledger WHERE id = $2) AS tick,
       held.running, held.stale, extract(epoch FROM clock_timestamp() - statement_timestamp())::float8 * 1000 AS "heldMs",
       (SELECT extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000 FROM aol_tick_ledger
         WHERE lane = $1 AND claimed > 0 ORDER BY number DESC LIMIT 1) AS since_claim_ms
     FROM (SELECT count(*) FILTER (WHERE status = 'RUNNING') AS running,
         coalesce(bool_or(claim_until < clock_timestamp() OR (mode = 'PROOF' AND claim_tick_id <> $2)), false) AS stale
       FROM aol_actions WHERE lane = $1 AND mode = ANY ($3::text[])
         AND (status = 'RUNNING' OR (status = 'RETRY' AND claim_tick_id IS NOT NULL))) AS held`,
    [lane, tickId, modes],
  );
  if (!row) throw new Error('an aggregate answered no row');
  const intervalMs = flagsInForce(lane, row.flags).tick_interval_ms;
  return {
    ...row,
    claimInMs: row.since_claim_ms === null ? 0 : Math.max(0, Math.ceil(intervalMs - row.since_claim_ms)),
  };
}

type LeaseDecision =
  | { readonly kind: 'held'; readonly token: number; readonly isNew: boolean }
  | { readonly kind: 'refused'; readonly retryInMs: number };

/**
 * Who may hold the lane now. A run that already had a token never takes over by lineage: it was overtaken, and only
 * the expiry of the present owner gives it another chance. A run without one is new, and Temporal lets only one live.
 */
function decideLease(lease: LeaseRow, owner: LeaseOwner, knownToken: number | null): LeaseDecision {
  const mine = lease.owner === formatLeaseOwner(owner);
  if (mine && (knownToken === null || knownToken === lease.token)) {
    return { kind: 'held', token: lease.token, isNew: false };
  }
  const isFree = lease.owner === null || lease.ttl_ms === null || lease.ttl_ms <= 0;
  const inherits = knownToken === null && (lease.owner?.startsWith(leaseLineage(owner)) ?? false);
  if (isFree || inherits) return { kind: 'held', token: lease.token + 1, isNew: true };
  return { kind: 'refused', retryInMs: Math.max(100, Math.ceil(lease.ttl_ms ?? 0)) };
}

/**
 * Holds the lease for longer where there is less to do, and answers the time until something is due. The lease of a busy lane is
 * renewed when a tenth of its time has passed, not with each of its ticks.
 *
 * Nobody waits for the disk before a claim under a token that is known already: should the server crash at once, it never was. What
 * follows from it, a close or an intent, is durable only together with it. A new token must not be forgotten.
 */
async function settle(
  db: Queryable,
  lease: {
    readonly lane: string;
    readonly owner: LeaseOwner;
    readonly token: number;
    readonly mode: ActionMode;
    readonly isNew: boolean;
    readonly isPaused: boolean;
    readonly hasClaimed: boolean;
    /** Whether something is due now, if that is known. Else it is looked up, which takes another walk through the queue. */
    readonly isMore: boolean;
    readonly tickIntervalMs: number;
  },
): Promise<number | null> {
  const { lane, token, mode, isNew, isPaused, hasClaimed, isMore, tickIntervalMs } = lease;
  const [row] = await prepared<{ in_ms: number | null }>(
    db,
    'aol_settle_claim',
    `WITH due AS (SELECT CASE WHEN $10 THEN 0::float8 ELSE (${DUE_IN_MS}) END AS in_ms),
     term AS (SELECT interval '1 millisecond' * CASE WHEN $7 OR in_ms <= 0 THEN $8::float8 ELSE $9::float8 END AS ttl FROM due),
     held AS (
       UPDATE aol_lease SET owner = $3, token = $4, mode = $5, renewed_at = clock_timestamp(),
         acquired_at = CASE WHEN $6 THEN clock_timestamp() ELSE acquired_at END, expires_at = clock_timestamp() + ttl
       FROM term WHERE lane = $1 AND ($6 OR owner IS DISTINCT FROM $3 OR token <> $4 OR mode <> $5
         OR expires_at NOT BETWEEN clock_timestamp() + ttl * 0.9 AND clock_timestamp() + ttl)),
     logged AS (
       INSERT INTO aol_execution_logs (lane, event, actor, message, detail)
       SELECT $1, 'LEASE_TAKEN', $3, 'lease taken with token ' || $4::bigint, jsonb_build_object('token', $4::bigint) WHERE $6)
     SELECT in_ms, CASE WHEN NOT $6 AND $5 = 'PROOF' THEN set_config('synchronous_commit', 'off', true) END FROM due`,
    [
      lane,
      isPaused ? [] : modesOf(mode),
      formatLeaseOwner(lease.owner),
      token,
      mode,
      isNew,
      hasClaimed,
      leaseTtlMs({ hasWork: true, tickIntervalMs }),
      leaseTtlMs({ hasWork: false, tickIntervalMs }),
      isMore,
    ],
  );
  return row?.in_ms == null ? null : Math.max(0, Math.ceil(row.in_ms));
}

/** Consecutive quiet ticks of one kind share a row, so that an idle or paused lane does not grow the table. */
async function writeQuietTick(
  db: Queryable,
  input: ClaimTickInput,
  token: number,
  mode: ActionMode,
  outcome: QuietOutcome,
): Promise<number> {
  const [row] = await query<{ number: number }>(
    db,
    `WITH last AS (
       SELECT id, number, outcome, lease_token, mode FROM aol_tick_ledger WHERE lane = $1 ORDER BY number DESC LIMIT 1),
     repeated AS (
       UPDATE aol_tick_ledger t SET repeats = t.repeats + CASE WHEN t.id = $2 THEN 0 ELSE 1 END, finished_at = clock_timestamp(),
         duration_ms = extract(epoch FROM clock_timestamp() - t.started_at) * 1000
       FROM last WHERE t.id = last.id AND last.outcome = $3 AND last.lease_token = $4 AND last.mode = $5
       RETURNING t.number),
     inserted AS (
       INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, finished_at, duration_ms)
       SELECT $2::uuid, $1, coalesce((SELECT number FROM last), 0) + 1, $4::bigint, $6::text, $5::text, $3::text, now(), 0
       WHERE NOT EXISTS (SELECT FROM repeated)
       ON CONFLICT (id) DO NOTHING
       RETURNING number)
     SELECT number FROM repeated UNION ALL SELECT number FROM inserted`,
    [input.holder.lane, input.tickId, outcome, token, mode, input.holder.runId],
  );
  return row?.number ?? 0;
}
