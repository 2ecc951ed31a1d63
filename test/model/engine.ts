/** The engine as the steps call it: every call of its functions, and the moving of time, stands here. One lane each. */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { enqueueRequestSchema } from '../../src/contracts/http/action.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction, expireApprovals, promoteAction, rejectAction } from '../../src/db/decide/approvals.ts';
import { cancelAction, enqueue } from '../../src/db/decide/cancel.ts';
import { clearAction, replayAction, resolveAction } from '../../src/db/decide/decisions.ts';
import { createLane, setFlags } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { rescheduleAction, reviseAction } from '../../src/db/decide/revise.ts';
import type { Database } from '../../src/db/pool.ts';
import { type AttemptDecision, type LeavingEarly, leaveTick, recordAttempts } from '../../src/db/queue/attempts.ts';
import { claimWithActions } from '../../src/db/queue/claim.ts';
import { takeUp } from '../../src/db/queue/claimed-action.ts';
import { type AttemptResult, closeAttempts } from '../../src/db/queue/close.ts';
import { passGate } from '../../src/db/queue/gate.ts';
import { StateConflictError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { APPROVAL_TTL_MS, ATTEMPT_TIMEOUT_MS } from '../../src/domain/limits.ts';
import type { AttemptOutcome, Redelivery } from '../../src/domain/outcomes.ts';
import { holder as holderOf } from '../support/engine.ts';
import {
  type Action,
  type Asked,
  type Attempt,
  type Flags,
  HARMLESS_REPEATS,
  type Outcome,
  type Provider,
  promotedName,
  type Run,
  revisedName,
  shaOf,
  type Tick,
  type Way,
  wayOf,
} from './parts.ts';

const BY = { actor: 'test' };
/** A wait within the tick, one in the queue, and a time that no sequence lives to see. */
const SHORT_WAIT_MS = 25_000;
const LONG_WAIT_MS = 3_000_000;
const FAR_AHEAD_MS = 3_600_000;
/** How the connections appear, so it lives. */
export const WORKER = 'aol-test';

/** An attempt's outcome, as the worker of a tick records it. */
export interface Recorded {
  readonly attempt: Attempt;
  readonly tick: Tick;
  readonly outcome: Outcome;
  /** The provider was asked, and has said so. */
  readonly settles: boolean;
}

export class EngineLane {
  readonly lane: string;
  readonly #db: Database;
  readonly #ids = new Map<string, string>();
  readonly #names = new Map<string, string>();

  constructor(db: Database, lane: string) {
    this.#db = db;
    this.lane = lane;
  }

  /** What a row's id is called here. */
  nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  async create(): Promise<void> {
    await createLane(this.#db, this.lane, 'test');
    // Without flags of its own it has those of all.
    await this.#write(`DELETE FROM aol_control_flags WHERE lane = $1 AND name IN ('proof_only', 'approval_policy')`, [
      this.lane,
    ]);
  }

  async enqueue(name: string, asked: Asked): Promise<object> {
    const request = enqueueRequestSchema.parse({
      lane: this.lane,
      type: asked.type,
      payload: { name },
      mode: asked.mode,
      priority: asked.priority,
      maxAttempts: asked.maxAttempts,
      requireApproval: asked.needsApproval,
      ...(asked.isLater && { runAt: farAhead() }),
    });
    const [result] = await enqueue(this.#db, [request], 'test');
    if (result?.kind !== 'created') return { kind: result?.kind };
    this.#call(result.row.id, name);
    return { kind: 'created' };
  }

  async claim(
    { name, lineage }: Run,
    by: { readonly name: string; readonly knownToken: number | null; readonly proofWorker: boolean },
  ): Promise<{ readonly answer: object; readonly number: number | null }> {
    const { lane } = this;
    const holder = holderOf(name, by.knownToken, lane);
    const worker = { clusterId: lineage, namespace: 'default', proofMode: by.proofWorker, worker: WORKER };
    const { result, actions } = await claimWithActions(this.#db, { holder, tickId: this.#idOf(by.name) }, worker);
    if (result.kind === 'quiet') {
      const token = result.token === null ? {} : { token: result.token };
      return { answer: { outcome: result.outcome, ...token }, number: null };
    }
    const { token, resumed, claimed } = result;
    const all = (actions ?? []).map(({ id }) => this.nameOf(id)).sort();
    const answer = {
      outcome: 'CLAIMED',
      token,
      resumed,
      claimed,
      effects: result.effects.map((id) => this.nameOf(id)).sort(),
      ...(!resumed && { all }),
    };
    return { answer, number: result.tickNumber };
  }

  async close(tick: Tick, ends: ReadonlyMap<Action, 'SUCCESS' | 'RETRY' | 'rejected'>): Promise<void> {
    const results = [...ends].map(([action, to]): AttemptResult => {
      const common = { id: this.#idOf(action.name), message: to, durationMs: 1 };
      if (to === 'SUCCESS')
        return { ...common, to, artifactSha256: sha256(shaOf(action)), artifactUri: 'artifact:test' };
      if (to === 'rejected') return { ...common, to: 'DLQ', reason: to };
      if (action.attempts >= action.maxAttempts) return { ...common, to: 'DLQ', reason: 'exhausted' };
      return { ...common, to, delayMs: SHORT_WAIT_MS };
    });
    await closeAttempts(this.#db, { tickId: this.#idOf(tick.name), token: tick.token }, results);
  }

  async takeUp(tick: Tick): Promise<object> {
    const inHand = { tickId: this.#idOf(tick.name), token: tick.token, worker: WORKER };
    return { held: (await takeUp(this.#db, inHand)).map(({ id }) => this.nameOf(id)).sort() };
  }

  async gate(
    action: Action,
    tick: Tick,
    how: { readonly sha256: string; readonly proofWorker: boolean; readonly isShort: boolean },
  ): Promise<object> {
    const answer = await passGate(this.#db, {
      ...this.#claimOf(action, tick),
      artifactSha256: sha256(how.sha256),
      artifactUri: 'artifact:test',
      proofMode: how.proofWorker,
      attemptTimeoutMs: how.isShort ? 0 : ATTEMPT_TIMEOUT_MS,
      redelivery: REDELIVERIES[action.provider],
      worker: WORKER,
    });
    if (answer.kind === 'receipt') return { kind: answer.kind, receipt: nameSchema.parse(answer.receipt).name };
    const times = { askedAtMs: 0, againInMs: 0, firstAttemptAt: '', lastAttemptAt: '' };
    const {
      askedAtMs: _at,
      againInMs: _rest,
      firstAttemptAt: _first,
      lastAttemptAt: _last,
      ...said
    } = { ...times, ...answer };
    return said;
  }

  record(records: readonly Recorded[]): Promise<readonly string[]> {
    const ended = records.map(({ attempt, tick, outcome, settles }) => ({
      ...this.#claimOf(attempt.action, tick),
      attempt: attempt.number,
      durationMs: 1,
      outcome: outcomeOf(outcome),
      decision: decisionOf(wayOf(outcome, settles ? { ...attempt, repeatsUnknown: false } : attempt)),
      ...(settles && { settles }),
    }));
    return recordAttempts(this.#db, ended);
  }

  async leave(action: Action, tick: Tick, way: Way, how: { readonly receipt?: string; readonly settles?: boolean }) {
    await leaveTick(this.#db, this.#claimOf(action, tick), leavingOf(action, way, how));
  }

  cancel = (action: Action) => this.#decide(action, (id) => cancelAction(this.#db, id, BY));
  approve = (action: Action, sha: string) => this.#decide(action, (id) => approveAction(this.#db, id, sha256(sha), BY));
  reject = (action: Action) => this.#decide(action, (id) => rejectAction(this.#db, id, BY));
  replay = (action: Action) => this.#decide(action, (id) => replayAction(this.#db, id, BY));
  clear = (action: Action) => this.#decide(action, (id) => clearAction(this.#db, id, BY));
  resolve = (action: Action, as: 'sent' | 'not_sent') =>
    this.#decide(action, (id) => resolveAction(this.#db, id, as, BY));

  async promote(proof: Action, sha: string, isLater: boolean): Promise<object> {
    return orRefusal(async () => {
      const by = isLater ? { ...BY, runAt: farAhead() } : BY;
      const { created, row } = await promoteAction(this.#db, this.#idOf(proof.name), sha256(sha), by);
      if (created) this.#call(row.id, promotedName(proof));
      return { created, name: this.nameOf(row.id) };
    });
  }

  async revise(action: Action, isLater: boolean): Promise<object> {
    return orRefusal(async () => {
      const payload = { name: revisedName(action) };
      const revision = isLater ? { payload, runAt: farAhead() } : { payload };
      const { created, row } = await reviseAction(this.#db, this.#idOf(action.name), revision, BY);
      if (created) this.#call(row.id, revisedName(action));
      return { created, name: this.nameOf(row.id) };
    });
  }

  reschedule = (action: Action, isLater: boolean) =>
    this.#decide(action, (id) =>
      rescheduleAction(this.#db, id, isLater ? farAhead() : new Date(Date.now() - 1).toISOString(), BY),
    );

  async tell({ paused, killed, ...others }: Partial<Flags>): Promise<void> {
    if (paused !== undefined) await pressControl(this.#db, this.lane, { paused }, BY);
    if (killed !== undefined) await pressControl(this.#db, this.lane, { killed }, BY);
    await setFlags(this.#db, this.lane, others, BY);
  }

  async lastsTooLong(tick: Tick): Promise<void> {
    await this.#write(`UPDATE aol_tick_ledger SET started_at = started_at - interval '1 hour' WHERE id = $1`, [
      this.#idOf(tick.name),
    ]);
    await this.#write('SELECT aol_close_overdue($1)', [this.lane]);
  }

  /** The process that has what a tick holds in hand is gone, and with it its connections. */
  async dies(tick: Tick): Promise<void> {
    await this.#write('SELECT test_worker_dies($1, $2)', [this.lane, this.#idOf(tick.name)]);
  }

  async leaseRunsOut(): Promise<void> {
    await this.#write(`UPDATE aol_lease SET expires_at = clock_timestamp() WHERE lane = $1`, [this.lane]);
  }

  async claimRunsOut({ name }: Action): Promise<void> {
    await this.#write('UPDATE aol_actions SET claim_until = clock_timestamp() WHERE id = $1', [this.#idOf(name)]);
  }

  async comesDue({ name }: Action): Promise<void> {
    const now = 'run_at = clock_timestamp(), due_at = least(due_at, clock_timestamp())';
    await this.#write(`UPDATE aol_actions SET ${now} WHERE id = $1`, [this.#idOf(name)]);
  }

  async deadlinePasses({ action, number }: Attempt): Promise<void> {
    const change = `jsonb_build_object('deadline', clock_timestamp())`;
    await this.#write(`SELECT test_change_intent($1, $2, ${change})`, [this.#idOf(action.name), number]);
  }

  async approvalRunsOut({ name }: Action): Promise<void> {
    const id = this.#idOf(name);
    await this.#write('UPDATE aol_actions SET approval_expires_at = clock_timestamp() WHERE id = $1', [id]);
    await sweep(this.#db);
  }

  async #decide(action: Action, decide: (id: string) => Promise<ActionRow>): Promise<object> {
    return orRefusal(async () => ({ status: (await decide(this.#idOf(action.name))).status }));
  }

  async #write(text: string, values: unknown[]): Promise<void> {
    await this.#db.query(text, values);
  }

  #claimOf(action: Action, tick: Tick) {
    const { lane } = this;
    return { lane, actionId: this.#idOf(action.name), tickId: this.#idOf(tick.name), token: tick.token };
  }

  #idOf(name: string): string {
    const id = this.#ids.get(name) ?? randomUUID();
    this.#call(id, name);
    return id;
  }

  #call(id: string, name: string): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }
}

const farAhead = () => new Date(Date.now() + FAR_AHEAD_MS).toISOString();

export const sha256 = (artifact: string) => sha256Hex(artifact);

const nameSchema = z.object({ name: z.string() });

const HOUR_MS = 3_600_000;
const REDELIVERIES: Record<Provider, Redelivery> = {
  neither: { kind: 'neither' },
  dedupes: { kind: 'dedupes', windowMs: HOUR_MS, settleMs: 0 },
  closed: { kind: 'dedupes', windowMs: 0, settleMs: 0 },
  harmless: { kind: 'harmless', maxRepeats: HARMLESS_REPEATS },
};

function outcomeOf(outcome: Outcome): AttemptOutcome {
  switch (outcome.kind) {
    case 'done':
      return { kind: 'done', receipt: { name: outcome.receipt } };
    case 'stopped':
      return { kind: 'not_sent', reason: 'aborted' };
    default:
      return { kind: outcome.kind, reason: outcome.kind };
  }
}

function decisionOf(way: Way): AttemptDecision {
  switch (way) {
    case 'waits in its tick':
      return { to: 'RETRY', delayMs: SHORT_WAIT_MS };
    case 'waits in the queue':
      return { to: 'RETRY', delayMs: LONG_WAIT_MS };
    case 'rejected':
    case 'exhausted':
    case 'crashed':
      return { to: 'DLQ', reason: way };
    case 'SUCCESS':
    case 'UNCONFIRMED':
    case 'PENDING':
      return { to: way };
    default:
      throw new Error(`no attempt ends as ${way}`);
  }
}

function leavingOf(
  action: Action,
  way: Way,
  { receipt, settles }: { readonly receipt?: string; readonly settles?: boolean },
): LeavingEarly {
  const message = 'test';
  const rest = settles ? { settles } : {};
  switch (way) {
    case 'AWAITING_APPROVAL': {
      const artifact = { artifactSha256: sha256(shaOf(action)), artifactUri: 'artifact:test' };
      return { to: way, message, approvalTtlMs: APPROVAL_TTL_MS, ...artifact };
    }
    case 'SUCCESS':
      return { to: way, message, receipt: { name: receipt }, ...rest };
    case 'rejected':
    case 'exhausted':
      return { to: 'DLQ', message, reason: way };
    case 'UNCONFIRMED':
    case 'PENDING':
      return { to: way, message };
    case 'waits for its time':
      return { to: 'PENDING', message, untilDue: true };
    case 'waits in the queue':
      return { to: 'RETRY', message, delayMs: SHORT_WAIT_MS, settles: true };
    default:
      throw new Error(`nothing leaves as ${way}`);
  }
}

async function orRefusal(work: () => Promise<object>): Promise<object> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StateConflictError) return { refused: error.status };
    throw error;
  }
}

/** An intent is never changed, so it is taken out, as pruning does it, and put back at its place. */
export const TIME_FUNCTIONS = `
  CREATE FUNCTION test_change_intent(of_action uuid, number integer, change jsonb) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE intent aol_execution_logs;
  BEGIN
    PERFORM set_config('aol.pruning', 'on', true);
    DELETE FROM aol_execution_logs WHERE action_id = of_action AND attempt = number AND event = 'ATTEMPT_STARTED'
      RETURNING * INTO STRICT intent;
    intent.detail := intent.detail || change;
    INSERT INTO aol_execution_logs OVERRIDING SYSTEM VALUE VALUES (intent.*);
  END $$;

  CREATE FUNCTION test_worker_dies(of_lane text, of_tick uuid) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM test_change_intent(a.id, (aol_open_attempt(a.id)).attempt, '{"worker": "gone"}')
      FROM aol_held a WHERE a.lane = of_lane AND a.claim_tick_id = of_tick AND (aol_open_attempt(a.id)).attempt IS NOT NULL;
    UPDATE aol_held SET claim_worker = 'gone' WHERE lane = of_lane AND claim_tick_id = of_tick AND claim_worker IS NOT NULL;
  END $$`;

/** It sweeps all lanes; of two at once, one would pass by what the other has locked. */
let sweeping: Promise<unknown> = Promise.resolve();
function sweep(db: Database): Promise<unknown> {
  sweeping = sweeping.catch(() => undefined).then(() => expireApprovals(db));
  return sweeping;
}
