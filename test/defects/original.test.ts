/**
 * The defects of the first version, each under its own name, shown not to be here. D1–D3, D5–D8 and D10–D13; D4 and D9 have
 * no counterpart: there is one place that marks outcomes, and one worker.
 */

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import type { Database } from '../../src/db/pool.ts';
import { NotFoundError, UnavailableError } from '../../src/domain/errors.ts';
import { flagsInForce } from '../../src/domain/flags.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimOnce, holder, realWorker, request, requests, setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

describe('before any worker runs', () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = database.pool;
    await setFlag(db, 'tick_interval_ms', 0);
  });
  afterAll(() => database.drop());

  const attemptsStarted = async () =>
    (await db.query(`SELECT FROM aol_execution_logs WHERE event = 'ATTEMPT_STARTED'`)).rowCount;

  test('D3: what is queued without a mode is PROOF, and a fresh database is locked to PROOF', async () => {
    const [result] = await enqueue(db, [request()], 'test');
    expect(result).toMatchObject({ kind: 'created', row: { mode: 'PROOF' } });
    const { rows } = await db.query(`SELECT lane, name, value FROM aol_control_flags WHERE name = 'proof_only'`);
    expect(rows).toEqual([{ lane: '*', name: 'proof_only', value: true }]);
    expect(flagsInForce('default', []).proof_only).toBe(true);
  });

  test('D5: a key that was used is an answer, not an error, and the session goes on', async () => {
    const ask = () => enqueue(db, [request({ idempotencyKey: 'twice' })], 'test');
    const [first] = await ask();
    const [second] = await ask();
    expect([first?.kind, second?.kind]).toEqual(['created', 'existing']);
    expect(second).toMatchObject({ row: { id: first?.kind === 'created' ? first.row.id : '' } });
  });

  test('D6: consumers that look at once never get one row twice', async () => {
    const lane = 'consumers';
    await createLane(db, lane, 'test');
    await setFlag(db, 'proof_only', false, lane);
    await setFlag(db, 'max_actions_per_tick', 5, lane);
    await enqueue(db, requests(20, { mode: 'REAL', lane }), 'test');
    const looks = Array.from({ length: 4 }, () => claimOnce(db, holder('r1', null, lane), undefined, realWorker));
    const claimed = (await Promise.all(looks)).flatMap(({ result }) =>
      result.kind === 'claimed' ? result.effects : [],
    );
    expect(claimed).toHaveLength(20);
    expect(new Set(claimed).size).toBe(20);
  });

  test('D7: fifty contenders for an expired lease, forty rounds: exactly one wins each', async () => {
    for (let round = 1; round <= 40; round += 1) {
      await db.query(`UPDATE aol_lease SET expires_at = now() - interval '1 second' WHERE lane = 'default'`);
      const contenders = Array.from({ length: 50 }, (_, index) => ({
        ...holder(`run-${round}-${index}`),
        workflowId: `other/${index}`,
      }));
      const results = await Promise.all(contenders.map((contender) => claimOnce(db, contender)));
      const winners = results.filter(({ result }) => !(result.kind === 'quiet' && result.outcome === 'NO_LEASE'));
      expect(winners).toHaveLength(1);
    }
    const { rows } = await db.query(`SELECT token FROM aol_lease WHERE lane = 'default'`);
    expect(rows[0].token).toBe(40);
  }, 60_000);

  test('D11: flags that cannot be read stop the claim; nothing is claimed', async () => {
    await db.query('ALTER TABLE aol_control_flags RENAME TO hidden');
    const before = await attemptsStarted();
    await expect(claimOnce(db, holder('r9'))).rejects.toThrow(UnavailableError);
    await db.query('ALTER TABLE hidden RENAME TO aol_control_flags');
    expect(await attemptsStarted()).toBe(before);
  });

  test('D12: a restarted process does not renew the lease of its dead predecessor: the token grows', async () => {
    await db.query(`UPDATE aol_lease SET expires_at = now() - interval '1 second'`);
    const first = await claimOnce(db, holder('first'));
    const second = await claimOnce(db, holder('second'));
    const token = (claim: typeof first) => claim.result.token ?? 0;
    expect(token(second)).toBe(token(first) + 1);
    expect((await claimOnce(db, holder('first', token(first)))).result).toMatchObject({ outcome: 'NO_LEASE' });
  });
});

describe('with a worker', () => {
  let stack: TestStack;
  beforeAll(async () => {
    quietRuntime();
    stack = await createTestStack();
    await setFlag(stack.db, 'tick_interval_ms', 0);
    await stack.startWorker();
  }, 60_000);
  afterAll(() => stack.stop(), 60_000);

  const finished = (ids: readonly string[], statuses: readonly string[]) =>
    until(`settled as ${statuses}`, async (): Promise<ActionRow[] | false> => {
      const rows = (await stack.rows()).filter((row) => ids.includes(row.id));
      return rows.every((row) => statuses.includes(row.status)) && rows;
    });

  test('D1: kill stops the daemon, and it stays stopped', async () => {
    await finished(await stack.enqueue([{}]), ['SUCCESS']);
    await pressControl(stack.db, '*', { killed: true }, { actor: 'test' });
    // It may have seen the kill by itself, and be gone.
    await stack.gateway.signal('aol/default', 'control').catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
    const orchestrator = stack.gateway.client.workflow.getHandle('aol/default');
    await until('it has ended', async () => (await orchestrator.describe()).status.name === 'COMPLETED');
    const ledger = async () =>
      (
        await stack.db.query(
          'SELECT lane, number, outcome, lease_token, mode, run_id FROM aol_tick_ledger ORDER BY lane, number',
        )
      ).rows;
    const ticks = await ledger();
    const [id] = await stack.enqueue([{}]);
    const { rows } = await stack.db.query('SELECT clock_timestamp() AS at');
    await until('a supervisor looked twice', async () => {
      const passed = await stack.db.query(`SELECT clock_timestamp() - $1 > interval '2.5 seconds' AS it`, [rows[0].at]);
      return passed.rows[0].it;
    });
    expect(await ledger()).toEqual(ticks);
    expect((await stack.rows()).find((row) => row.id === id)?.status).toBe('PENDING');
    await pressControl(stack.db, '*', { killed: false }, { actor: 'test' });
    await finished([id ?? ''], ['SUCCESS']);
  }, 30_000);

  test('D2: what is in RETRY is tried again, and after the third time it is in the DLQ', async () => {
    const readOnly = await createTestStackWithBrokenStore();
    try {
      const [id] = await readOnly.enqueue([{ maxAttempts: 3 }]);
      const row = await until('dead-lettered', async () => {
        const [only] = (await readOnly.rows()).filter((candidate) => candidate.id === id);
        return only?.status === 'DLQ' && only;
      });
      expect(row).toMatchObject({ attempts: 3, dlq_reason: 'exhausted' });
      const { rows } = await readOnly.db.query(
        `SELECT event FROM aol_execution_logs WHERE action_id = $1 AND attempt IS NOT NULL ORDER BY id`,
        [id],
      );
      expect(rows.map(({ event }) => event)).toEqual([
        'ATTEMPT_STARTED',
        'RETRY_SCHEDULED',
        'ATTEMPT_STARTED',
        'RETRY_SCHEDULED',
        'ATTEMPT_STARTED',
        'DEAD_LETTERED',
      ]);
    } finally {
      await readOnly.stop();
    }
  }, 60_000);

  test('D8: a paused lane writes one ledger row, however often it looks', async () => {
    await pressControl(stack.db, '*', { paused: true }, { actor: 'test' });
    await stack.enqueue([{}]);
    const repeats = async () =>
      (
        await stack.db.query(
          `SELECT repeats FROM aol_tick_ledger WHERE lane = 'default' AND outcome = 'PAUSED' ORDER BY number DESC`,
        )
      ).rows;
    for (let wake = 0; wake < 5; wake += 1) {
      const before = (await repeats())[0]?.repeats ?? 0;
      await stack.gateway.signal('aol/default', 'wake');
      await until('another look', async () => ((await repeats())[0]?.repeats ?? 0) > before);
    }
    expect(await repeats()).toHaveLength(1);
    await pressControl(stack.db, '*', { paused: false }, { actor: 'test' });
  }, 30_000);

  test('D10: a payload that no adapter can read ends in the DLQ with the reason, and is never stuck', async () => {
    const ids = await stack.enqueue([{ payload: { platform: 'x' } }, { payload: { platform: ['x'], content: [] } }]);
    const rows = await finished(ids, ['DLQ']);
    for (const row of rows) expect(row).toMatchObject({ dlq_reason: 'rejected', attempts: 1 });
    await expect(
      stack.db.query(`INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
      VALUES (gen_random_uuid(), 'default', 'T', '[]', 'array', repeat('a', 64), 'x')`),
    ).rejects.toThrow(/payload/);
  }, 30_000);

  test('D13: a key that is a path goes nowhere near a file name', async () => {
    const keys = ['x/../../etc/passwd', '../../../x', '/etc/shadow', '..\\..\\x', 'a/b'];
    const ids = await stack.enqueue(keys.map((idempotencyKey) => ({ idempotencyKey })));
    const rows = await finished(ids, ['SUCCESS']);
    const root = resolve(stack.artifactFolder);
    for (const row of rows) {
      expect(row.artifact_uri).toMatch(
        /^artifact:([0-9a-f]{2}\/[0-9a-f-]{36}-[0-9a-f]{64}\.json|pack\/[0-9-]{10}\/[0-9a-f-]{53}\.pack#\d+\+\d+,[0-9a-f]{64})$/,
      );
      expect(resolve(root, (row.artifact_uri ?? '').slice('artifact:'.length)).startsWith(root)).toBe(true);
    }
    const files = await readdir(root, { recursive: true });
    expect(files.filter((file) => file.includes('passwd') || file.includes('shadow'))).toEqual([]);
    const store = createArtifactStore(`file:${root}`);
    await expect(store.get(`artifact:${join('..', '..', 'etc', 'passwd')}`)).rejects.toThrow();
  }, 30_000);
});

/** A stack whose artifact folder is a file, so that every proof fails to be stored. */
async function createTestStackWithBrokenStore(): Promise<TestStack> {
  const { rm, writeFile } = await import('node:fs/promises');
  const broken = await createTestStack();
  await setFlag(broken.db, 'tick_interval_ms', 0);
  await rm(broken.artifactFolder, { recursive: true });
  await writeFile(broken.artifactFolder, 'not a folder');
  await broken.startWorker();
  return broken;
}
