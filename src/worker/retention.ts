/** Prunes by itself, when the operator has set how long finished actions are kept. */

import { setTimeout as delay } from 'node:timers/promises';
import { type PrunableArtifacts, prune } from '../db/keep/prune.ts';
import { createPool, query } from '../db/pool.ts';
import { errorText } from '../domain/errors.ts';
import type { WorkerLog } from './log.ts';

export interface RetentionOptions {
  readonly databaseUrl: string;
  readonly artifacts: PrunableArtifacts;
  readonly olderThanMs: number;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 3_600_000;
/** The log is looked through as a whole, which takes longer than other statements may. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** Of several workers one prunes: `prune` in ASCII. */
const PRUNE_LOCK = 0x7072756e65;

/** Prunes once an hour until the signal aborts; never throws. Uses one connection of its own, and only while it prunes. */
export async function keepRetention(options: RetentionOptions): Promise<void> {
  while (!options.signal.aborted) {
    await pruneOnce(options).catch((error: unknown) => {
      options.log.warn({ error: errorText(error, 300) }, 'pruning failed; it is tried again in an hour');
    });
    await delay(INTERVAL_MS, undefined, { signal: options.signal, ref: false }).catch(() => undefined);
  }
}

async function pruneOnce({ databaseUrl, artifacts, olderThanMs, log, signal }: RetentionOptions): Promise<void> {
  const db = createPool({
    databaseUrl,
    applicationName: 'aol-retention',
    maxConnections: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    const [lock] = await query<{ mine: boolean }>(db, 'SELECT pg_try_advisory_lock($1) AS mine', [PRUNE_LOCK]);
    if (!lock?.mine) return;
    const { failures, ...counts } = await prune(db, artifacts, { olderThanMs, signal });
    log.info({ ...counts, failures: failures.length }, 'pruned');
  } finally {
    await db.end();
  }
}
