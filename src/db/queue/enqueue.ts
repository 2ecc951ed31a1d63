/** Queueing: one statement, a row and its log row for each new action. */

import type { EnqueueRequest } from '../../contracts/http/action.ts';
import { KeyConflictError, UnprocessableError } from '../../domain/errors.ts';
import { canonicalJson, sha256Hex } from '../../domain/hashing.ts';
import type { ActionRow } from '../action-row.ts';
import { newIds } from '../ids.ts';
import { prepared, type Queryable, query } from '../pool.ts';

/** How one request of a batch ended. */
export type EnqueueResult =
  | { readonly kind: 'created'; readonly row: ActionRow }
  | { readonly kind: 'existing'; readonly row: ActionRow }
  | { readonly kind: 'refused'; readonly error: KeyConflictError | UnprocessableError };

/**
 * Queues requests in one statement, so in one transaction, in the order given. When it returns, the rows are committed.
 * The same key again answers the row that is there; with another request it is refused.
 */
export function enqueue(db: Queryable, requests: readonly EnqueueRequest[], actor: string): Promise<EnqueueResult[]> {
  return enqueueEach(
    db,
    requests.map((request) => ({ request, actor })),
  );
}

/** A request, and who made it. */
export interface AskedAction {
  readonly request: EnqueueRequest;
  readonly actor: string;
}

/** The same for requests of several callers. */
export async function enqueueEach(db: Queryable, asked: readonly AskedAction[]): Promise<EnqueueResult[]> {
  const items = newActions(asked);
  const created = await insertRows(db, items);
  const others = await rowsByKey(
    db,
    items.filter((item) => !created.has(item.id)),
  );
  return items.map((item): EnqueueResult => {
    const isNew = created.get(item.id);
    if (isNew) return { kind: 'created', row: newRow(item, isNew) };
    const row = others.get(laneAndKey(item.request.lane, keyOf(item)));
    if (!row) return { kind: 'refused', error: unknownLane(item.request.lane) };
    if (row.request_hash !== item.hash) return { kind: 'refused', error: new KeyConflictError(row.id) };
    return { kind: 'existing', row };
  });
}

/** What many requests of a batch share: all but their payloads and keys. Sent once for all of them. */
interface Kind {
  readonly number: number;
  readonly actor: string;
  readonly asked: Omit<EnqueueRequest, 'payload' | 'idempotencyKey'>;
  /** The canonical form of what was asked for, up to the payload, and from there. */
  readonly before: string;
  readonly after: string;
}

interface NewAction {
  readonly id: string;
  readonly request: EnqueueRequest;
  readonly kind: Kind;
  /** Canonical. */
  readonly payload: string;
  /** What makes two requests the same request: everything that was asked for, in canonical form. */
  readonly hash: string;
}

function newActions(asked: readonly AskedAction[]): NewAction[] {
  const ids = newIds(asked.length);
  const kinds = new Map<string, Kind>();
  let kind: Kind | undefined;
  return asked.map(({ request, actor }, index) => {
    if (kind === undefined || kind.actor !== actor || !isOfKind(request, kind)) kind = kindOf(request, actor, kinds);
    const payload = canonicalJson(request.payload);
    return { id: ids[index] ?? '', request, kind, payload, hash: sha256Hex(kind.before + payload + kind.after) };
  });
}

function isOfKind(request: EnqueueRequest, { asked }: Kind): boolean {
  return (
    request.type === asked.type &&
    request.lane === asked.lane &&
    request.mode === asked.mode &&
    request.priority === asked.priority &&
    request.runAt === asked.runAt &&
    request.maxAttempts === asked.maxAttempts &&
    request.requireApproval === asked.requireApproval
  );
}

function kindOf(request: EnqueueRequest, actor: string, kinds: Map<string, Kind>): Kind {
  const { idempotencyKey: _key, payload: _payload, ...asked } = request;
  const text = JSON.stringify([actor, asked]);
  const { lane: _lane, ...hashed } = asked;
  // In no text of a field can this be found: quotes within texts are escaped.
  const [before = '', after = ''] = canonicalJson({ ...hashed, payload: null }).split('"payload":null');
  const kind = kinds.get(text) ?? { number: kinds.size, actor, asked, before: `${before}"payload":`, after };
  kinds.set(text, kind);
  return kind;
}

/** An action without a key of its own goes by its id. */
function keyOf({ id, request }: NewAction): string {
  return request.idempotencyKey ?? id;
}

/**
 * Inserts what is new and whose lane exists. Keys that callers chose may be there already, and are inserted in their order, so
 * that two batches never wait for each other; both cost time, and are left out where there are none.
 */
function insertStatement(hasKeys: boolean): string {
  return `WITH new_actions AS (
     INSERT INTO aol_actions
       (id, lane, type, payload, idempotency_key, request_hash, mode, priority, run_at, due_at, max_attempts,
        approval_needed, created_by)
     SELECT n.id, kinds.lane, kinds.type, n.payload, coalesce(n.key, n.id::text), n.request_hash, kinds.mode, kinds.priority,
       CASE WHEN kinds."runAt" IS NULL THEN now() WHEN kinds.mode = 'PROOF' THEN kinds."runAt"
         ELSE aol_first_claim(kinds.lane, kinds.type, kinds."runAt", kinds."requireApproval") END,
       coalesce(kinds."runAt", now()), kinds."maxAttempts", kinds."requireApproval", kinds.actor
     FROM (SELECT unnest($1::uuid[]) AS id, jsonb_array_elements($2::jsonb) AS payload, jsonb_array_elements_text($3::jsonb) AS key,
       unnest($4::text[]) AS request_hash, unnest($5::integer[]) AS kind) AS n
     JOIN ROWS FROM (jsonb_to_recordset($6::jsonb) AS (lane text, type text, mode text, priority smallint,
       "runAt" timestamptz, "maxAttempts" smallint, "requireApproval" boolean, actor text)) WITH ORDINALITY
       AS kinds (lane, type, mode, priority, "runAt", "maxAttempts", "requireApproval", actor, number) ON kinds.number = n.kind + 1
     JOIN aol_lease ON aol_lease.lane = kinds.lane
     ${hasKeys ? UNLESS_TAKEN : ''}
     RETURNING id, lane, type, mode, created_by, created_at, run_at, due_at),
   logged AS (
     INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
     SELECT lane, id, 'ENQUEUED', created_by, type || ' in mode ' || mode FROM new_actions)
   SELECT max(created_at) AS created_at, CASE WHEN count(*) < $7 THEN array_agg(id::text) END AS ids,
     array_agg(id::text) FILTER (WHERE run_at < due_at) AS asking FROM new_actions`;
}

const UNLESS_TAKEN = `WHERE NOT EXISTS (
       SELECT FROM aol_actions_named(ARRAY(SELECT jsonb_array_elements_text($3::jsonb))) AS named
       WHERE named.lane = kinds.lane AND named.key = n.key)
     ORDER BY kinds.lane, n.key, n.id ON CONFLICT (lane, idempotency_key) WHERE idempotency_key <> id::text DO NOTHING`;

/** Fewer rows than this are inserted by a plan that is kept; for more, planning pays. */
const FEW = 20;

interface Created {
  readonly at: Date;
  /** It is shown to a person at once, before its time. */
  readonly asksFirst: boolean;
}

async function insertRows(db: Queryable, items: readonly NewAction[]): Promise<Map<string, Created>> {
  if (items.length === 0) return new Map();
  const hasKeys = items.some(({ request }) => request.idempotencyKey !== undefined);
  const text = insertStatement(hasKeys);
  const values = [
    arrayOf(items.map((item) => item.id)),
    `[${items.map((item) => item.payload).join()}]`,
    // Of an array that is not there, every element is null. As JSON: the client would quote each text of an array by itself.
    hasKeys ? JSON.stringify(items.map((item) => item.request.idempotencyKey ?? null)) : null,
    arrayOf(items.map((item) => item.hash)),
    arrayOf(items.map((item) => String(item.kind.number))),
    JSON.stringify([...new Set(items.map((item) => item.kind))].map(({ asked, actor }) => ({ ...asked, actor }))),
    items.length,
  ];
  const [inserted] = await (items.length < FEW
    ? prepared<Inserted>(db, hasKeys ? 'aol_enqueue_by_key' : 'aol_enqueue', text, values)
    : query<Inserted>(db, text, values));
  const at = inserted?.created_at;
  if (!at) return new Map();
  const asking = new Set(inserted.asking);
  return new Map((inserted.ids ?? items.map((item) => item.id)).map((id) => [id, { at, asksFirst: asking.has(id) }]));
}

/** An array as PostgreSQL writes it, of texts that need no quotes. The client would quote each. */
function arrayOf(texts: readonly string[]): string {
  return `{${texts.join()}}`;
}

interface Inserted {
  created_at: Date | null;
  /** Null when all of them are new. */
  ids: string[] | null;
  /** Those that are shown to a person before their time; null when none is. */
  asking: string[] | null;
}

/** The row as it was just inserted. */
function newRow({ id, request, kind, hash }: NewAction, { at: createdAt, asksFirst }: Created): ActionRow {
  const dueAt = request.runAt === undefined ? createdAt : new Date(request.runAt);
  return {
    id,
    lane: request.lane,
    type: request.type,
    payload: request.payload,
    idempotency_key: request.idempotencyKey ?? id,
    request_hash: hash,
    status: 'PENDING',
    mode: request.mode,
    promoted_from: null,
    revises: null,
    revised_by: null,
    priority: request.priority,
    run_at: asksFirst ? createdAt : dueAt,
    due_at: dueAt,
    attempts: 0,
    attempts_before: 0,
    max_attempts: request.maxAttempts,
    claim_tick_id: null,
    claim_lease_token: null,
    claim_until: null,
    claim_count: 0,
    claim_worker: null,
    dlq_reason: null,
    artifact_sha256: null,
    artifact_uri: null,
    approval_needed: request.requireApproval,
    approval_by: null,
    approval_at: null,
    approval_sha256: null,
    approval_expires_at: null,
    changes_requested: null,
    receipt: null,
    last_error: null,
    cancel_requested: false,
    held_by: null,
    workflow_id: null,
    run_id: null,
    created_by: kind.actor,
    created_at: createdAt,
    updated_at: createdAt,
    finished_at: null,
  };
}

async function rowsByKey(db: Queryable, items: readonly NewAction[]): Promise<Map<string, ActionRow>> {
  if (items.length === 0) return new Map();
  const rows = await query<ActionRow>(
    db,
    `SELECT a.* FROM unnest($1::text[], $2::text[]) AS wanted (lane, key)
     JOIN aol_actions a ON a.lane = wanted.lane AND a.idempotency_key = wanted.key AND a.idempotency_key <> a.id::text
     UNION ALL
     SELECT a.* FROM aol_actions_named($2::text[]) AS named JOIN aol_actions a USING (id)`,
    [items.map((item) => item.request.lane), items.map(keyOf)],
  );
  return new Map(rows.map((row) => [laneAndKey(row.lane, row.idempotency_key), row]));
}

function laneAndKey(lane: string, key: string): string {
  return `${lane}/${key}`;
}

function unknownLane(lane: string): UnprocessableError {
  return new UnprocessableError(`there is no lane ${lane}`, [{ field: 'lane', rule: 'must be a lane that exists' }]);
}
