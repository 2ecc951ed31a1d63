/** A tick's first transaction (`aol_claim`): lease, flags, what is to be taken back, claim, attempts, ledger row. */

import type { ClaimTickInput, ClaimTickResult, Pacing } from '../../contracts/engine/activities.ts';
import { formatLeaseOwner, type LeaseOwner, leaseLineage } from '../../domain/lease.ts';
import type { QuietOutcome } from '../../domain/ledger.ts';
import { BUSY_HEARTBEAT_MS, CLAIM_TTL_MS, IDLE_HEARTBEAT_MS, MAX_DEATHS, SUSPECT_DEATHS } from '../../domain/limits.ts';
import { ACTION_MODES, type ActionMode } from '../../domain/states.ts';
import { requireLane } from '../decide/flags.ts';
import { type Database, prepared } from '../pool.ts';
import { ClaimCursor, type SearchedPlace } from './claim-cursor.ts';
import type { ClaimedAction } from './claimed-action.ts';

/** What the worker process adds to what the workflow knows. */
export interface WorkerIdentity {
  readonly clusterId: string;
  readonly namespace: string;
  readonly proofMode: boolean;
  /** How this process appears in `pg_stat_activity`. */
  readonly worker: string;
  /** What its claims know of the queue; without it each searches the queue from the start. */
  readonly cursor?: ClaimCursor;
}

/** What {@link claimWithActions} answers. */
export interface Claim {
  readonly result: ClaimTickResult;
  /** What it claimed, for whoever goes on in this process; undefined when it claimed nothing, or an earlier run did. */
  readonly actions: readonly ClaimedAction[] | undefined;
  /** More is due than was claimed: there was no room, or the tick was full. */
  readonly isMore: boolean;
}

/**
 * Claims what is due in a lane, if the caller owns the lane and no flag forbids it. The lane's lease row stays locked
 * throughout, so the claims of a lane are one after another, and a kill that was answered is seen.
 *
 * @throws NotFoundError when the lane does not exist
 */
export async function claimTick(db: Database, input: ClaimTickInput, worker: WorkerIdentity): Promise<ClaimTickResult> {
  return (await claimWithActions(db, input, worker)).result;
}

/** The same, with what it claimed, which is too much for a workflow's history. */
export async function claimWithActions(db: Database, input: ClaimTickInput, worker: WorkerIdentity): Promise<Claim> {
  const { lane } = input.holder;
  const { cursor = new ClaimCursor() } = worker;
  const owner: LeaseOwner = { clusterId: worker.clusterId, namespace: worker.namespace, ...input.holder };
  const looksForProofs = cursor.looksForProofs(lane);
  const rows = await prepared<ClaimRow>(db, 'aol_claim', CLAIM, [
    JSON.stringify({
      lane,
      tickId: input.tickId,
      owner: formatLeaseOwner(owner),
      lineage: leaseLineage(owner),
      token: input.holder.token,
      worker: worker.worker,
      workerIsProof: worker.proofMode,
      workflowId: input.holder.workflowId,
      runId: input.holder.runId,
      runStartedAtMs: input.holder.runStartedAtMs,
      claimTtlMs: CLAIM_TTL_MS,
      busyHeartbeatMs: BUSY_HEARTBEAT_MS,
      idleHeartbeatMs: IDLE_HEARTBEAT_MS,
      maxDeaths: MAX_DEATHS,
      suspectDeaths: SUSPECT_DEATHS,
      looksForProofs,
      places: ACTION_MODES.flatMap((mode) => cursor.from(lane, mode) ?? []),
    }),
  ]);
  const answer = rows[0]?.answer;
  if (!answer) throw new Error('a claim answered nothing');
  if (answer.kind === 'no_lane') {
    await requireLane(db, lane);
    throw new Error(`the lease of lane ${lane} is gone`);
  }
  if (looksForProofs && answer.heldMs !== undefined) cursor.lookedForProofs(lane, answer.heldMs);
  for (const place of answer.places ?? []) cursor.searched(lane, place);
  if (answer.kind === 'quiet') {
    return { result: quiet(answer), actions: undefined, isMore: wholeMs(answer.dueInMs) === 0 };
  }
  const actions = rows.slice(1);
  const effects = answer.resumed
    ? answer.heldEffects
    : actions.filter(({ mode }) => mode === 'REAL').map(({ id }) => id);
  const { kind, token, tickNumber, mode, claimed, resumed, maxTickMs } = answer;
  return {
    result: {
      kind,
      token,
      tickNumber,
      mode,
      claimed,
      resumed,
      maxTickMs,
      effects,
      openTicks: answer.openTicks ?? [],
      pacing: { isFull: answer.isFull, claimInMs: answer.tickIntervalMs, nextDueInMs: wholeMs(answer.dueInMs) },
    },
    actions: resumed ? undefined : actions,
    isMore: answer.isMore,
  };
}

const CLAIM = `SELECT answer, id, mode, type, payload, promoted_from AS "promotedFrom",
  approval_sha256 AS "approvalSha256", artifact_uri AS "artifactUri", attempt_number AS "attemptNumber", attempt,
  max_attempts AS "maxAttempts", claim_count AS "claimCount" FROM aol_claim($1)`;

/** The first row has the answer, every other one an action. */
type ClaimRow = ClaimedAction & { readonly answer: Answer | null; readonly [column: string]: unknown };

interface Looked {
  readonly openTicks?: readonly number[] | null;
  readonly places?: readonly SearchedPlace[] | null;
  /** How long it took to look at what is held. */
  readonly heldMs?: number;
  readonly dueInMs?: number | null;
}

type Answer =
  | ({ readonly kind: 'no_lane' } & Looked)
  | ({
      readonly kind: 'quiet';
      readonly outcome: QuietOutcome;
      readonly token?: number;
      readonly tickNumber?: number | null;
      readonly retryInMs?: number | null;
      readonly claimInMs?: number;
      readonly isFull?: boolean;
    } & Looked)
  | ({
      readonly kind: 'claimed';
      readonly token: number;
      readonly tickNumber: number;
      readonly mode: ActionMode;
      readonly claimed: number;
      readonly resumed: boolean;
      readonly heldEffects: readonly string[];
      readonly maxTickMs: number;
      readonly tickIntervalMs: number;
      readonly isFull: boolean;
      readonly isMore: boolean;
    } & Looked);

function quiet(answer: Extract<Answer, { kind: 'quiet' }>): ClaimTickResult {
  const holds = answer.outcome === 'IDLE' || answer.outcome === 'PAUSED';
  const pacing: Pacing = {
    claimInMs: answer.claimInMs ?? 0,
    nextDueInMs: wholeMs(answer.dueInMs),
    ...(answer.isFull === undefined ? {} : { isFull: answer.isFull }),
  };
  return {
    kind: 'quiet',
    outcome: answer.outcome,
    token: (holds ? answer.token : null) ?? null,
    tickNumber: answer.tickNumber ?? null,
    retryInMs: holds ? IDLE_HEARTBEAT_MS : (answer.retryInMs ?? null),
    openTicks: answer.openTicks ?? [],
    pacing,
  };
}

function wholeMs(ms: number | null | undefined): number | null {
  return ms == null ? null : Math.max(0, Math.ceil(ms));
}
