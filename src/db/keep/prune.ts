/**
 * Retention: finished actions go after a time, with their artifacts, their log rows, and the ledger's closed rows. In
 * small transactions, and never waiting for a lock, so that the queue is used meanwhile.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { ArtifactError, errorText, UnavailableError } from '../../domain/errors.ts';
import type { ActionStatus } from '../../domain/states.ts';
import { listLanes } from '../decide/flags.ts';
import { type Database, type Queryable, query, transaction } from '../pool.ts';
import { forgetBlobs } from '../queue/blobs.ts';

/** What pruning needs of the artifact store. */
export interface PrunableArtifacts {
  remove(uri: string): Promise<boolean>;
  files(options: { readonly olderThanMs: number }): AsyncIterable<{ readonly uri: string; readonly actionId: string }>;
  packs(options: { readonly olderThanMs: number }): AsyncIterable<Pack>;
  removePack(uri: string): Promise<boolean>;
  sweep(options: { readonly olderThanMs: number; readonly dryRun?: boolean }): Promise<number>;
  /** Files of payloads and effects; absent: there are none. */
  readonly blobs?: { remove(sha256: string): Promise<boolean> };
}

/** One file with the artifacts of several actions. */
interface Pack {
  readonly uri: string;
  readonly actionIds: readonly string[];
}

export interface PruneOptions {
  readonly olderThanMs: number;
  /** Only count. */
  readonly dryRun?: boolean | undefined;
  /** Stops between two batches. */
  readonly signal?: AbortSignal | undefined;
  /** Rows of one transaction; 100 when absent. */
  readonly batchSize?: number | undefined;
}

export interface PruneResult {
  readonly dryRun: boolean;
  /** The limit, by the database's clock. */
  readonly before: Date;
  readonly actions: number;
  readonly artifacts: number;
  readonly logs: number;
  readonly ticks: number;
  /** Half-written files of writers that died. */
  readonly leftovers: number;
  /** Artifacts whose rows are gone and which could not be removed. */
  readonly failures: readonly { readonly uri: string; readonly reason: string }[];
}

const BATCH_SIZE = 100;
/** Ids that one statement looks through for old rows. */
const PAGE_SIZE = 5_000;
const LOG_BATCH_SIZE = 1_000;
/** Files whose rows one statement looks for. */
const FILES_AT_ONCE = 500;
/** After each batch it rests for this share of the time that the batch took: claims come first. */
const REST = 0.5;
const LEFTOVER_AGE_MS = 24 * 3_600_000;
/** Newest first, and what was promoted or revised is always older than what came from it: that goes first, then the older one may. */
const PRUNED_STATUSES: readonly ActionStatus[] = ['CANCELLED', 'SUCCESS'];
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Removes what finished longer ago than that. What it leaves (locked, or the proof of a younger promotion) a later run takes. */
export async function prune(db: Database, artifacts: PrunableArtifacts, options: PruneOptions): Promise<PruneResult> {
  const { dryRun = false } = options;
  const before = await limitOf(db, options.olderThanMs);
  const run: Run = { before, dryRun, batchSize: options.batchSize ?? BATCH_SIZE, signal: options.signal };
  const failures: { uri: string; reason: string }[] = [];
  const found = { actions: 0, artifacts: 0, failures };
  for await (const batch of oldActions(db, run)) {
    const startedMs = performance.now();
    const uris = dryRun ? await prunableOf(db, batch) : await deleteActions(db, batch, run);
    found.actions += uris.length;
    for (const uri of uris) {
      if (uri === null) continue;
      const failure = dryRun ? undefined : await removal(() => artifacts.remove(uri));
      if (failure === undefined) found.artifacts += 1;
      else if (failure !== 'absent') failures.push({ uri, reason: failure });
    }
    await rest(run, startedMs);
  }
  // Nothing was deleted in a dry run, so no pack is without use: its artifacts were counted with their actions.
  if (!dryRun) {
    found.artifacts += await pruneFiles(db, artifacts, options, failures);
    found.artifacts += await prunePacks(db, artifacts, options, failures);
  }
  const logs = dryRun
    ? await countLogs(db, before)
    : await inBatches(run, LOG_BATCH_SIZE, (n) => pruneLogs(db, run, n));
  const ticks = dryRun
    ? await countTicks(db, before)
    : await inBatches(run, run.batchSize, (n) => pruneTicks(db, run, n));
  if (!dryRun) await pruneBlobs(db, artifacts, run, failures);
  const leftovers = await artifacts.sweep({ olderThanMs: LEFTOVER_AGE_MS, dryRun });
  return { dryRun, before, ...found, logs, ticks, leftovers };
}

/** Files that no action needs any more. */
async function pruneBlobs(
  db: Database,
  { blobs }: PrunableArtifacts,
  run: Run,
  failures: { uri: string; reason: string }[],
): Promise<void> {
  if (!blobs) return;
  for (;;) {
    run.signal?.throwIfAborted();
    // Whoever stores one of them again waits for this to end, and then stores its bytes anew.
    const removed = await transaction(db, async (connection) => {
      const sha256s = await forgetBlobs(connection, run.before, run.batchSize);
      for (const sha256 of sha256s) {
        const failure = await removal(() => blobs.remove(sha256));
        if (failure !== undefined && failure !== 'absent') failures.push({ uri: `blob:${sha256}`, reason: failure });
      }
      return sha256s.length;
    });
    if (removed === 0) return;
  }
}

interface Run {
  readonly before: Date;
  readonly dryRun: boolean;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
}

async function limitOf(db: Queryable, olderThanMs: number): Promise<Date> {
  const [row] = await query<{ before: Date }>(
    db,
    `SELECT clock_timestamp() - $1 * interval '1 millisecond' AS before`,
    [olderThanMs],
  );
  if (!row) throw new UnavailableError('postgres', 'the time could not be read');
  return row.before;
}

/** Ids of old finished actions, a batch at a time. No index leads to old rows, so it walks the one by lane and status. */
async function* oldActions(db: Database, run: Run): AsyncGenerator<string[]> {
  for (const lane of await listLanes(db)) {
    for (const status of PRUNED_STATUSES) {
      let last: string | null = LAST_ID;
      while (last !== null) {
        const page: Page = await oldPage(db, { lane, status, after: last, before: run.before });
        for (let start = 0; start < page.ids.length; start += run.batchSize) {
          run.signal?.throwIfAborted();
          yield page.ids.slice(start, start + run.batchSize);
        }
        last = page.last;
      }
    }
  }
}

interface Page {
  readonly ids: string[];
  /** Where the next page goes on; null after the last. */
  readonly last: string | null;
}

async function oldPage(
  db: Queryable,
  where: { readonly lane: string; readonly status: ActionStatus; readonly after: string; readonly before: Date },
): Promise<Page> {
  const [row] = await query<{ ids: string[]; last: string | null }>(
    db,
    `WITH page AS (
       SELECT id, finished_at FROM aol_actions WHERE lane = $1 AND status = $2 AND id < $3 ORDER BY id DESC LIMIT ${PAGE_SIZE})
     SELECT array(SELECT id::text FROM page WHERE finished_at < $4 ORDER BY id DESC) AS ids,
       CASE WHEN (SELECT count(*) FROM page) = ${PAGE_SIZE} THEN (SELECT id FROM page ORDER BY id LIMIT 1) END AS last`,
    [where.lane, where.status, where.after, where.before],
  );
  return row ?? { ids: [], last: null };
}

/** Not what a younger action was promoted from or revises, unless that one goes too. The artifact's address, if it is the row's own. */
const PRUNABLE = `NOT EXISTS (SELECT FROM aol_actions p WHERE p.promoted_from = a.id AND NOT p.id = ANY ($1::uuid[]))
  AND NOT EXISTS (SELECT FROM aol_actions r WHERE r.revises = a.id AND NOT r.id = ANY ($1::uuid[]))`;
const OWN_URI = `CASE WHEN NOT EXISTS (SELECT FROM aol_actions o WHERE o.id = a.promoted_from AND o.artifact_uri = a.artifact_uri)
  THEN a.artifact_uri END AS uri`;

/**
 * Locks first and decides in a second statement: whoever promotes one of them waits for this lock, or has committed before
 * and is seen.
 */
function deleteActions(db: Database, ids: readonly string[], run: Run): Promise<(string | null)[]> {
  return transaction(db, async (connection) => {
    const locked = await query<{ id: string }>(
      connection,
      `SELECT id FROM aol_actions WHERE id = ANY ($1::uuid[]) AND status = ANY ($2::text[]) AND finished_at < $3
       ORDER BY id FOR UPDATE SKIP LOCKED`,
      [ids, PRUNED_STATUSES, run.before],
    );
    const gone = await query<{ uri: string | null }>(
      connection,
      `DELETE FROM aol_actions a WHERE a.id = ANY ($1::uuid[]) AND ${PRUNABLE} RETURNING ${OWN_URI}`,
      [locked.map((row) => row.id)],
    );
    return gone.map((row) => row.uri);
  });
}

async function prunableOf(db: Queryable, ids: readonly string[]): Promise<(string | null)[]> {
  const rows = await query<{ uri: string | null }>(
    db,
    `SELECT ${OWN_URI} FROM aol_actions a WHERE a.id = ANY ($1::uuid[]) AND ${PRUNABLE}`,
    [ids],
  );
  return rows.map((row) => row.uri);
}

/** Single artifacts that no action names: their gate was shut, or whoever deleted their rows died before it removed them. */
async function pruneFiles(
  db: Queryable,
  artifacts: PrunableArtifacts,
  { olderThanMs, signal }: PruneOptions,
  failures: { uri: string; reason: string }[],
): Promise<number> {
  let removed = 0;
  let batch: { readonly uri: string; readonly actionId: string }[] = [];
  const removeUnnamed = async () => {
    for (const uri of await unnamed(db, batch)) {
      const failure = await removal(() => artifacts.remove(uri));
      if (failure === undefined) removed += 1;
      else if (failure !== 'absent') failures.push({ uri, reason: failure });
    }
    batch = [];
  };
  for await (const file of artifacts.files({ olderThanMs })) {
    signal?.throwIfAborted();
    batch.push(file);
    if (batch.length === FILES_AT_ONCE) await removeUnnamed();
  }
  await removeUnnamed();
  return removed;
}

/** An action that has not finished may yet be closed with what was stored for it. */
async function unnamed(
  db: Queryable,
  files: readonly { readonly uri: string; readonly actionId: string }[],
): Promise<string[]> {
  if (files.length === 0) return [];
  const rows = await query<{ uri: string }>(
    db,
    `SELECT f.uri FROM unnest($1::text[], $2::uuid[]) AS f (uri, id) WHERE NOT EXISTS (
       SELECT FROM aol_actions a WHERE a.id = f.id AND (a.finished_at IS NULL OR a.artifact_uri = f.uri))`,
    [files.map(({ uri }) => uri), files.map(({ actionId }) => actionId)],
  );
  return rows.map(({ uri }) => uri);
}

/** Packs of which no action needs anything any more. Answers how many artifacts were in them. */
async function prunePacks(
  db: Queryable,
  artifacts: PrunableArtifacts,
  { olderThanMs, signal }: PruneOptions,
  failures: { uri: string; reason: string }[],
): Promise<number> {
  let removed = 0;
  for await (const pack of artifacts.packs({ olderThanMs })) {
    signal?.throwIfAborted();
    if (await isPackUsed(db, pack)) continue;
    const failure = await removal(() => artifacts.removePack(pack.uri));
    if (failure === undefined) removed += pack.actionIds.length;
    else if (failure !== 'absent') failures.push({ uri: pack.uri, reason: failure });
  }
  return removed;
}

/** An action that has not finished may yet be closed with what was stored for it. */
async function isPackUsed(db: Queryable, pack: Pack): Promise<boolean> {
  const [row] = await query<{ used: boolean }>(
    db,
    `SELECT EXISTS (SELECT FROM aol_actions WHERE id = ANY ($1::uuid[])
       AND (finished_at IS NULL OR starts_with(artifact_uri, $2))) AS used`,
    [pack.actionIds, `${pack.uri}#`],
  );
  return row?.used ?? true;
}

/** Undefined when it was removed, `absent` when it was not there, else why it could not be. */
async function removal(remove: () => Promise<boolean>): Promise<string | undefined> {
  try {
    return (await remove()) ? undefined : 'absent';
  } catch (error) {
    if (error instanceof ArtifactError || error instanceof UnavailableError) return errorText(error);
    throw error;
  }
}

/** Calls until a batch is not full. */
async function inBatches(run: Run, size: number, work: (atMost: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    run.signal?.throwIfAborted();
    const startedMs = performance.now();
    const done = await work(size);
    total += done;
    if (done < size) return total;
    await rest(run, startedMs);
  }
}

/** Ends early, with the reason, when the run is to stop. */
async function rest({ dryRun, signal }: Run, startedMs: number): Promise<void> {
  if (dryRun) return;
  const options = signal === undefined ? {} : { signal };
  await delay(REST * (performance.now() - startedMs), undefined, options).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

async function pruneLogs(db: Queryable, { before }: Run, atMost: number): Promise<number> {
  const [row] = await query<{ pruned: number }>(db, 'SELECT aol_prune_logs($1, $2) AS pruned', [before, atMost]);
  return row?.pruned ?? 0;
}

/** What `aol_prune_logs` would take after the old actions are gone. */
async function countLogs(db: Queryable, before: Date): Promise<number> {
  const [row] = await query<{ n: number }>(
    db,
    `SELECT count(*) AS n FROM aol_execution_logs l
     WHERE l.at < $1 AND NOT EXISTS (SELECT FROM aol_actions a WHERE a.id = l.action_id
       AND NOT (a.status = ANY ($2::text[]) AND a.finished_at < $1))`,
    [before, PRUNED_STATUSES],
  );
  return row?.n ?? 0;
}

/** Never a lane's newest row, from which its numbers go on. */
const OLD_TICKS = `FROM aol_tick_ledger t WHERE t.started_at < $1 AND t.finished_at < $1
  AND t.number < (SELECT max(m.number) FROM aol_tick_ledger m WHERE m.lane = t.lane)`;

async function pruneTicks(db: Queryable, { before }: Run, atMost: number): Promise<number> {
  const rows = await query(
    db,
    `DELETE FROM aol_tick_ledger WHERE id IN (
       SELECT t.id ${OLD_TICKS} ORDER BY t.started_at, t.id LIMIT $2 FOR UPDATE OF t SKIP LOCKED) RETURNING id`,
    [before, atMost],
  );
  return rows.length;
}

async function countTicks(db: Queryable, before: Date): Promise<number> {
  const [row] = await query<{ n: number }>(db, `SELECT count(*) AS n ${OLD_TICKS}`, [before]);
  return row?.n ?? 0;
}
