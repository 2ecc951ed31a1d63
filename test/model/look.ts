/** What the tables say of lanes after a step: their rows as the model has them, and what breaks an invariant. */

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../src/db/pool.ts';
import { type EngineLane, sha256 } from './engine.ts';
import type { LaneModel } from './model.ts';
import { runningIn } from './parts.ts';

const checkSql = readFileSync(new URL('../faults/support/check.sql', import.meta.url), 'utf8');

/** What is legitimate while things go on; {@link IN_BETWEEN} says instead how it must be then. */
const ONLY_AT_REST = [
  'still claimed',
  'a tick is still open',
  'an intent without an outcome',
  'an attempt is open past its time',
];

const OUTCOMES = `'SUCCEEDED', 'RETRY_SCHEDULED', 'AWAITING_APPROVAL', 'DEAD_LETTERED', 'UNCONFIRMED', 'RELEASED'`;

const IN_BETWEEN = `
  SELECT a.lane, 'held by a tick that is not there' AS rule, a.id::text AS subject, a.status AS detail FROM aol_actions a
  WHERE a.claim_tick_id IS NOT NULL AND NOT EXISTS (SELECT FROM aol_tick_ledger t WHERE t.id = a.claim_tick_id)
  UNION ALL
  SELECT t.lane, 'an open tick counts others than it holds', t.id::text, format('tick %s: %s counted, %s held', t.number, t.running, count(a.id))
  FROM aol_tick_ledger t LEFT JOIN aol_actions a ON a.claim_tick_id = t.id
  WHERE t.finished_at IS NULL GROUP BY t.lane, t.id, t.number, t.running HAVING count(a.id) <> t.running OR t.running = 0
  UNION ALL
  SELECT a.lane, 'two open attempts', a.id::text, count(*)::text FROM aol_actions a JOIN unsettled u ON u.action_id = a.id
  GROUP BY a.lane, a.id HAVING count(*) > 1
  UNION ALL
  SELECT a.lane, 'what may have happened is out of sight', a.id::text, a.status || ', attempt ' || i.attempt
  FROM aol_actions a JOIN aol_execution_logs i ON i.action_id = a.id AND i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline'
  LEFT JOIN aol_execution_logs o ON o.action_id = a.id AND o.attempt = i.attempt AND o.event IN (${OUTCOMES})
  WHERE a.status IN ('AWAITING_APPROVAL', 'DLQ', 'CANCELLED') AND (o.id IS NULL OR o.detail ->> 'outcome' = 'unknown')
    AND NOT EXISTS (SELECT FROM aol_execution_logs p WHERE p.action_id = a.id AND p.id > i.id AND (p.event IN ('REPLAYED', 'RESOLVED')
      OR p.detail ? 'settles' OR (p.event = 'CANCELLED' AND p.message LIKE '%while UNCONFIRMED')))
  UNION ALL
  SELECT a.lane, 'settled with an open attempt', a.id::text, a.status || ', attempt ' || u.attempt
  FROM aol_actions a JOIN unsettled u ON u.action_id = a.id WHERE a.status NOT IN ('PENDING', 'RUNNING')`;

/** The tables' names mean the rows of these lanes alone. */
const LOOK = `
  WITH aol_actions AS MATERIALIZED (SELECT * FROM public.aol_actions WHERE lane = ANY ($1::text[])),
  aol_tick_ledger AS MATERIALIZED (SELECT * FROM public.aol_tick_ledger WHERE lane = ANY ($1)),
  aol_execution_logs AS MATERIALIZED (SELECT * FROM public.aol_execution_logs WHERE lane = ANY ($1)),
  unsettled AS MATERIALIZED (
    SELECT i.action_id, i.attempt, (i.detail ->> 'deadline')::timestamptz <= clock_timestamp() OR i.detail ->> 'worker' = 'gone' AS is_over
    FROM aol_execution_logs i WHERE i.event = 'ATTEMPT_STARTED' AND i.detail ? 'deadline' AND NOT EXISTS (
      SELECT FROM aol_execution_logs o WHERE o.action_id = i.action_id AND o.attempt = i.attempt AND o.event IN (${OUTCOMES}))),
  opened AS (SELECT action_id, json_agg(json_build_object('number', attempt, 'isOver', is_over)) AS attempts FROM unsettled GROUP BY 1),
  receipts AS (
    SELECT action_id, json_agg(DISTINCT detail #>> '{receipt,name}') AS names FROM aol_execution_logs
    WHERE event = 'RECEIPT_RECORDED' GROUP BY 1)
  SELECT NULL AS lane, rule, subject, detail FROM (${checkSql}) AS checked WHERE rule <> ALL ($2::text[])
  UNION ALL SELECT lane, rule, subject, detail FROM (${IN_BETWEEN}) AS between
  UNION ALL
  SELECT a.lane, 'action', a.id::text, json_build_object('status', a.status, 'attempts', a.attempts, 'attemptsBefore', a.attempts_before,
    'tick', a.claim_tick_id, 'cancelRequested', a.cancel_requested, 'dlqReason', a.dlq_reason, 'receipt', a.receipt,
    'deaths', a.claim_count, 'rendered', a.artifact_sha256, 'approved', a.approval_sha256, 'isLater', a.run_at > clock_timestamp(),
    'isAhead', a.due_at > clock_timestamp(), 'revisedBy', a.revised_by,
    'open', coalesce(o.attempts, '[]'), 'receiptsBeside', coalesce(r.names, '[]'))::text
  FROM aol_actions a LEFT JOIN opened o ON o.action_id = a.id LEFT JOIN receipts r ON r.action_id = a.id
  UNION ALL
  SELECT t.lane, 'tick', t.id::text, json_build_object('outcome', t.outcome, 'claimed', t.claimed, 'succeeded', t.succeeded,
    'retried', t.retried, 'released', t.released, 'awaiting', t.awaiting, 'deadLettered', t.dead_lettered,
    'unconfirmed', t.unconfirmed, 'running', t.running)::text
  FROM aol_tick_ledger t WHERE t.claimed > 0
  UNION ALL SELECT lane, 'lane', lane, json_build_object('token', token)::text FROM aol_lease WHERE lane = ANY ($1)`;

/** What a lane is at one moment: by its parts' names, in one form for the tables and for the model. */
export type View = Readonly<Record<string, unknown>>;

interface Found {
  readonly lane: string | null;
  readonly rule: string;
  readonly subject: string;
  readonly detail: string;
}

export interface Looked {
  readonly view: View;
  /** What breaks an invariant, in words. */
  readonly violations: readonly string[];
}

interface Waiting {
  readonly lane: EngineLane;
  resolve(rows: readonly Found[]): void;
  reject(error: unknown): void;
}

/** Looks one after another; lanes that come while one lasts are read in one round trip, the next. */
export function createLook(db: Database): (lane: EngineLane) => Promise<Looked> {
  let waiting: Waiting[] = [];
  let isLooking = false;
  const read = async (lanes: readonly EngineLane[]) => {
    const values = [lanes.map(({ lane }) => lane), ONLY_AT_REST];
    return (await db.query<Found>({ name: 'look', text: LOOK, values })).rows;
  };
  const lookAt = async (all: readonly Waiting[]) => {
    const rows = await read(all.map(({ lane }) => lane));
    const isAnyones = rows.some(({ lane }) => lane === null);
    const ofLane = Map.groupBy(rows, ({ lane }) => lane);
    for (const { lane, resolve } of all) resolve(isAnyones ? await read([lane]) : (ofLane.get(lane.lane) ?? []));
  };
  const goOn = async (): Promise<void> => {
    while (waiting.length > 0) {
      const all = waiting;
      waiting = [];
      await lookAt(all).catch((error: unknown) => {
        for (const { reject } of all) reject(error);
      });
    }
    isLooking = false;
  };
  return async (lane) => {
    const rows = await new Promise<readonly Found[]>((resolve, reject) => {
      waiting.push({ lane, resolve, reject });
      if (isLooking) return;
      isLooking = true;
      setImmediate(goOn);
    });
    return lookedAt(lane, rows);
  };
}

const PARTS = ['action', 'tick', 'lane'];

function lookedAt(lane: EngineLane, rows: readonly Found[]): Looked {
  const view: Record<string, unknown> = {};
  for (const { rule, subject, detail } of rows) {
    if (rule === 'action') view[lane.nameOf(subject)] = actionSeen(lane, JSON.parse(detail));
    if (rule === 'tick') view[lane.nameOf(subject)] = tickSeen(JSON.parse(detail));
    if (rule === 'lane') view.lane = JSON.parse(detail);
  }
  const violations = rows
    .filter(({ rule }) => !PARTS.includes(rule))
    .map(({ rule, subject, detail }) => `${rule}: ${lane.nameOf(subject)}, ${detail}`);
  return { view, violations };
}

interface ActionSeen {
  readonly tick: string | null;
  readonly revisedBy: string | null;
  readonly receipt: { readonly name?: string } | null;
}

function actionSeen(lane: EngineLane, { tick, revisedBy, receipt, ...row }: ActionSeen): View {
  return {
    ...row,
    tick: tick === null ? null : lane.nameOf(tick),
    revisedBy: revisedBy === null ? null : lane.nameOf(revisedBy),
    receipt: receipt === null ? null : (receipt.name ?? 'a person'),
  };
}

function tickSeen({ outcome, ...counts }: { readonly outcome: string | null }): View {
  return { state: outcome === null ? 'open' : 'closed', ...counts };
}

/** The model in the same form. */
export function viewOf(model: LaneModel): View {
  const view: Record<string, unknown> = { lane: { token: model.token } };
  for (const action of model.actions) {
    const { status, attempts, attemptsBefore, cancelRequested, dlqReason, receipt, isLater, isAhead, deaths, open } =
      action;
    view[action.name] = {
      ...{ status, attempts, attemptsBefore, cancelRequested, dlqReason, receipt, isLater, isAhead, deaths },
      revisedBy: model.actions.find(({ revises }) => revises === action)?.name ?? null,
      tick: action.tick?.name ?? null,
      rendered: action.rendered === undefined ? null : sha256(action.rendered),
      approved: action.approved === undefined ? null : sha256(action.approved),
      open: open ? [{ number: open.number, isOver: open.isOver }] : [],
      receiptsBeside: [...action.receiptsBeside].sort(),
    };
  }
  for (const tick of model.ticks) {
    const counts = { claimed: tick.claimed, ...tick.left, running: runningIn(tick) };
    // What was cut off is counted as it stood then, or as it ended.
    view[tick.name] = tick.state === 'cut off' ? { state: 'closed' } : { state: tick.state, ...counts };
  }
  return view;
}

/** Each field in which two views differ. */
export function differences(expected: View, seen: View): string[] {
  if (isDeepStrictEqual(expected, seen)) return [];
  return [...new Set([...Object.keys(expected), ...Object.keys(seen)])].flatMap((part) => {
    const [must, is] = [fieldsOf(expected[part]), fieldsOf(seen[part])];
    const fields = must.get('state') === '"closed"' && must.size === 1 ? ['state'] : [...must.keys(), ...is.keys()];
    return [...new Set(fields)]
      .filter((field) => must.get(field) !== is.get(field))
      .map((field) => `${part}: ${field} must be ${must.get(field) ?? 'absent'}, is ${is.get(field) ?? 'absent'}`);
  });
}

function fieldsOf(part: unknown): Map<string, string> {
  return new Map(Object.entries(part ?? {}).map(([field, value]) => [field, JSON.stringify(value)]));
}
