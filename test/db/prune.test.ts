import { randomUUID } from 'node:crypto';
import { access, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ArtifactStore, createArtifactStore, createBlobStoreAt } from '../../src/artifacts/index.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { prune } from '../../src/db/keep/prune.ts';
import type { Database } from '../../src/db/pool.ts';
import { addBlob } from '../../src/db/queue/blobs.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import { claimOnce, holder, request, setFlag } from '../support/engine.ts';
import { dead, finished, queued, unconfirmed } from '../support/settled.ts';

const DAY_MS = 86_400_000;
const NINETY = { olderThanMs: 90 * DAY_MS };

let db: Database;
let folder = '';
let store: ArtifactStore;

databaseForEach(async (fresh) => {
  db = fresh;
  folder = await mkdtemp(join(tmpdir(), 'aol-prune-'));
  store = createArtifactStore(`file:${folder}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ids = async () => (await db.query<{ id: string }>('SELECT id FROM aol_actions')).rows.map((row) => row.id).sort();
const files = async () => (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.json')).length;

/** The log is append-only; a test that needs old rows takes the guard away for its own connection. */
async function ageLogs(days: number): Promise<void> {
  const connection = await db.connect();
  await connection.query('SET session_replication_role = replica');
  await connection.query(`UPDATE aol_execution_logs SET at = at - $1 * interval '1 day'`, [days]);
  await connection.query('SET session_replication_role = DEFAULT');
  connection.release();
}

async function withArtifact(status: 'SUCCESS' | 'CANCELLED', daysAgo: number): Promise<string> {
  const id = await finished(db, { status, daysAgo });
  const bytes = Buffer.from(JSON.stringify({ id }));
  const uri = await store.put(id, sha256Hex(bytes), bytes);
  await db.query('UPDATE aol_actions SET artifact_sha256 = $2, artifact_uri = $3 WHERE id = $1', [
    id,
    sha256Hex(bytes),
    uri,
  ]);
  return id;
}

/** A REAL action promoted from a proof, finished, whose artifact is that of the proof. */
async function promotedFrom(proof: string, daysAgo: number): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from, created_by)
     SELECT $2, lane, type, payload, 'promote:' || id, request_hash, 'REAL', id, 'test' FROM aol_actions WHERE id = $1
     RETURNING id`,
    [proof, proof.replace(/^./, (digit) => (Number.parseInt(digit, 16) + 1).toString(16))],
  );
  const id = rows[0]?.id ?? '';
  await db.query(
    `UPDATE aol_actions a SET status = 'RUNNING', claim_tick_id = a.id, claim_lease_token = 1, claim_until = now(),
       artifact_sha256 = p.artifact_sha256, artifact_uri = p.artifact_uri FROM aol_actions p WHERE a.id = $1 AND p.id = $2`,
    [id, proof],
  );
  await db.query(
    `UPDATE aol_actions SET status = 'SUCCESS', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL, receipt = '{}',
       finished_at = now() - $2 * interval '1 day' WHERE id = $1`,
    [id, daysAgo],
  );
  return id;
}

describe('prune', () => {
  test('a pack goes with the last action that needs it, and never one that an action may yet be closed with', async () => {
    const all = { olderThanMs: 0 };
    const old = await finished(db, { status: 'SUCCESS', daysAgo: 1 });
    const young = await finished(db, { status: 'SUCCESS', daysAgo: -1 });
    const running = await queued(db);
    const pack = async (...actions: string[]) => {
      const artifacts = actions.map((actionId) => {
        const bytes = Buffer.from(JSON.stringify({ actionId }));
        return { actionId, sha256: sha256Hex(bytes), bytes };
      });
      const uris = await store.putAll(randomUUID(), artifacts);
      return { uris, file: join(folder, (uris[0]?.split('#')[0] ?? '').slice('artifact:'.length)) };
    };
    const shared = await pack(old, young);
    const orphan = await pack(old, running);
    for (const [index, id] of [old, young].entries()) {
      const set = 'UPDATE aol_actions SET artifact_sha256 = $2, artifact_uri = $3 WHERE id = $1';
      await db.query(set, [id, shared.uris[index]?.slice(-64), shared.uris[index]]);
    }
    expect(await prune(db, store, { ...all, dryRun: true })).toMatchObject({ actions: 1, artifacts: 1 });
    expect(await prune(db, store, all)).toMatchObject({ actions: 1, artifacts: 0, failures: [] });
    expect(await store.get(shared.uris[1] ?? '')).toBeDefined();
    await access(orphan.file);
    await db.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() + interval '1 day' WHERE id = $1`,
      [running],
    );
    await db.query(`UPDATE aol_actions SET finished_at = now() - interval '1 minute' WHERE id = $1`, [young]);
    expect(await prune(db, store, all)).toMatchObject({ actions: 1, artifacts: 4, failures: [] });
    await expect(store.get(shared.uris[1] ?? '')).rejects.toThrow('is missing');
    await expect(access(orphan.file)).rejects.toThrow('ENOENT');
  });

  test('takes what is final and old, its artifact and its log, and nothing else', async () => {
    const old = [await withArtifact('SUCCESS', 91), await withArtifact('CANCELLED', 400)];
    const young = await withArtifact('SUCCESS', 89);
    const waiting = [await queued(db), await dead(db), await unconfirmed(db)];
    await ageLogs(91);
    const preview = await prune(db, store, { ...NINETY, dryRun: true });
    expect(preview).toMatchObject({ dryRun: true, actions: 2, artifacts: 2, failures: [] });
    expect(await ids()).toHaveLength(6);
    expect(await files()).toBe(3);
    const done = await prune(db, store, NINETY);
    expect(done).toMatchObject({ dryRun: false, actions: 2, artifacts: 2, ticks: 0, leftovers: 0, failures: [] });
    expect(done.logs).toBe(preview.logs);
    expect(done.logs).toBeGreaterThanOrEqual(2);
    expect(await ids()).toEqual([young, ...waiting].sort());
    expect(await files()).toBe(1);
    const { rows } = await db.query<{ id: string }>('SELECT DISTINCT action_id AS id FROM aol_execution_logs');
    for (const id of old) expect(rows.map((row) => row.id)).not.toContain(id);
    for (const id of [young, ...waiting]) expect(rows.map((row) => row.id)).toContain(id);
    expect(await prune(db, store, NINETY)).toMatchObject({ actions: 0, artifacts: 0, logs: 0 });
  });

  test('in many batches, over all lanes', async () => {
    await createLane(db, 'brand', 'test');
    for (let n = 0; n < 7; n += 1) {
      await finished(db, {
        status: n % 2 ? 'SUCCESS' : 'CANCELLED',
        daysAgo: 100,
        input: n > 3 ? { lane: 'brand' } : {},
      });
    }
    expect(await prune(db, store, { ...NINETY, batchSize: 2 })).toMatchObject({ actions: 7, artifacts: 0 });
    expect(await ids()).toEqual([]);
  });

  test('never a proof that a younger action was promoted from; both go when both are old, the artifact once', async () => {
    const proof = await withArtifact('SUCCESS', 200);
    const promoted = await promotedFrom(proof, 10);
    expect(await prune(db, store, { ...NINETY, dryRun: true })).toMatchObject({ actions: 0, artifacts: 0 });
    expect(await prune(db, store, NINETY)).toMatchObject({ actions: 0, artifacts: 0 });
    expect(await ids()).toEqual([proof, promoted].sort());
    expect(await files()).toBe(1);
    expect(await prune(db, store, { olderThanMs: 5 * DAY_MS })).toMatchObject({
      actions: 2,
      artifacts: 1,
      failures: [],
    });
    expect(await files()).toBe(0);
  });

  test('a promotion at the same moment holds its proof', async () => {
    const proof = await withArtifact('SUCCESS', 200);
    const connection = await db.connect();
    await connection.query('BEGIN');
    await connection.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from, created_by)
       SELECT gen_random_uuid(), lane, type, payload, 'p', request_hash, 'REAL', id, 'test' FROM aol_actions WHERE id = $1`,
      [proof],
    );
    expect(await prune(db, store, NINETY)).toMatchObject({ actions: 0 });
    await connection.query('COMMIT');
    connection.release();
    expect(await prune(db, store, NINETY)).toMatchObject({ actions: 0 });
    expect(await files()).toBe(1);
  });

  test('waits for no lock, and the queue is used meanwhile', async () => {
    await setFlag(db, 'tick_interval_ms', 0);
    const locked = await finished(db, { status: 'SUCCESS', daysAgo: 100 });
    for (let n = 0; n < 20; n += 1) await finished(db, { status: 'SUCCESS', daysAgo: 100 });
    const connection = await db.connect();
    await connection.query('BEGIN');
    await connection.query('SELECT FROM aol_actions WHERE id = $1 FOR UPDATE', [locked]);
    const [result, claimed] = await Promise.all([
      prune(db, store, { ...NINETY, batchSize: 3 }),
      enqueue(db, [request(), request()], 'test').then(() => claimOnce(db, holder('r1'))),
    ]);
    expect(result.actions).toBe(20);
    expect(claimed.result).toMatchObject({ kind: 'claimed', claimed: 2 });
    await connection.query('COMMIT');
    connection.release();
    expect(await prune(db, store, NINETY)).toMatchObject({ actions: 1 });
  });

  test("the ledger keeps each lane's newest row, and what is open; a row that closed beside what still ran goes", async () => {
    const tick = (number: number, running: number, days: number, isOpen = false) =>
      db.query(
        `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, claimed, running, started_at, finished_at)
         VALUES (gen_random_uuid(), 'default', $1, 1, 'r', 'PROOF', CASE WHEN NOT $4 THEN 'OVERRUN' END, $2, $2,
           now() - $3 * interval '1 day', CASE WHEN NOT $4 THEN now() - $3 * interval '1 day' END)`,
        [number, running, days, isOpen],
      );
    await tick(1, 0, 200);
    await tick(2, 1, 200, true);
    await tick(3, 1, 150);
    await tick(4, 0, 100);
    const numbers = async () =>
      (await db.query('SELECT number FROM aol_tick_ledger ORDER BY number')).rows.map((row) => row.number);
    expect(await prune(db, store, { ...NINETY, dryRun: true })).toMatchObject({ ticks: 2 });
    expect(await prune(db, store, { ...NINETY, batchSize: 1 })).toMatchObject({ ticks: 2 });
    expect(await numbers()).toEqual([2, 4]);
  });

  test('an old artifact that no row names goes; not that of an action that may yet be closed with it', async () => {
    const longAgo = new Date(Date.now() - 100 * DAY_MS);
    const orphan = async (actionId: string) => {
      const bytes = Buffer.from(JSON.stringify({ actionId }));
      const uri = await store.put(actionId, sha256Hex(bytes), bytes);
      await utimes(join(folder, uri.slice('artifact:'.length)), longAgo, longAgo);
      return uri;
    };
    const gone = await orphan(randomUUID());
    const kept = await orphan(await queued(db));
    expect(await prune(db, store, NINETY)).toMatchObject({ artifacts: 1, failures: [] });
    await expect(store.get(gone)).rejects.toThrow('is missing');
    expect(await store.get(kept)).toBeDefined();
  });

  test('sweeps what dead writers left, once it is a day old', async () => {
    await withArtifact('SUCCESS', 1);
    const [shard = ''] = await readdir(folder);
    const leftover = (name: string) => join(folder, shard, name);
    const names = [
      '.01937e4a-5b6c-7d8e-9f01-23456789abcd.tmp',
      '.11937e4a-5b6c-7d8e-9f01-23456789abcd.tmp',
      '.mine.tmp',
    ];
    for (const name of names) await writeFile(leftover(name), 'half');
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    for (const name of [names[0] ?? '', '.mine.tmp']) await utimes(leftover(name), longAgo, longAgo);
    expect(await prune(db, store, { ...NINETY, dryRun: true })).toMatchObject({ leftovers: 1 });
    expect(await prune(db, store, NINETY)).toMatchObject({ leftovers: 1 });
    expect((await readdir(join(folder, shard))).filter((name) => name.endsWith('.tmp')).sort()).toEqual(
      names.slice(1).sort(),
    );
  });

  test('an artifact that cannot be removed is named; the rest goes on', async () => {
    const [first] = [await withArtifact('SUCCESS', 100), await withArtifact('SUCCESS', 100)];
    const failing: ArtifactStore = {
      ...store,
      remove: (uri) =>
        uri.includes(first) ? Promise.reject(new UnavailableError('artifacts', 'EIO')) : store.remove(uri),
    };
    expect(await prune(db, failing, NINETY)).toMatchObject({
      actions: 2,
      artifacts: 1,
      failures: [{ uri: expect.stringContaining(first), reason: 'EIO' }],
    });
  });

  test('stops between batches when it is told to', async () => {
    await finished(db, { status: 'SUCCESS', daysAgo: 100 });
    await expect(prune(db, store, { ...NINETY, signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    expect(await ids()).toHaveLength(1);
  });
});

test('a file that is stored again is as new: a prune before its action is queued leaves it', async () => {
  const blobs = createBlobStoreAt(`file:${folder}`);
  const [again, old] = await Promise.all(['again', 'old'].map((text) => blobs.put(Buffer.from(text))));
  if (again === undefined || old === undefined) throw new Error('both are stored');
  const blob = { mediaType: 'text/plain', byteCount: 5, width: null, height: null, createdBy: 'test' };
  const added = [];
  for (const sha256 of [again, old]) added.push(await addBlob(db, { ...blob, sha256 }));
  await db.query("UPDATE aol_blobs SET created_at = created_at - interval '91 days'");
  added.push(await addBlob(db, { ...blob, sha256: again, createdBy: 'another' }));
  expect(added).toEqual([true, true, false]);
  await prune(db, { ...store, blobs }, NINETY);
  const { rows } = await db.query('SELECT sha256, created_by FROM aol_blobs');
  expect(rows).toEqual([{ sha256: again, created_by: 'test' }]);
  expect(await blobs.get(again)).toHaveLength(5);
});
