import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { findAction } from '../../src/db/decide/cancel.ts';
import { clearAction, replayAction, resolveAction } from '../../src/db/decide/decisions.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { clearMany, replayMany } from '../../src/db/decide/many.ts';
import { logsOfAction } from '../../src/db/look/logs.ts';
import type { Database } from '../../src/db/pool.ts';
import { failPreparation, keepPreparation, readPreparations } from '../../src/db/queue/preparations.ts';
import { NotFoundError, StateConflictError } from '../../src/domain/errors.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import { claimOnce, holder, setFlag } from '../support/engine.ts';
import { dead, queued, SHA, unconfirmed } from '../support/settled.ts';

let db: Database;
databaseForEach(
  (fresh) => {
    db = fresh;
  },
  { maxConnections: 12 },
);

const by = { actor: 'operator', reason: 'provider is back' };
const lastLog = async (id: string) => (await logsOfAction(db, id, { afterId: 0, limit: 100 })).items.at(-1);
const logsOf = async (event: string) =>
  (await db.query('SELECT * FROM aol_execution_logs WHERE event = $1', [event])).rows;

describe('replay', () => {
  test('a new round of attempts, due now, under the same key; numbering goes on, and the log keeps why it died', async () => {
    const id = await dead(db, { idempotencyKey: 'same', priority: 5 });
    const row = await replayAction(db, id, by);
    expect(row).toMatchObject({
      status: 'PENDING',
      idempotency_key: 'same',
      priority: 5,
      attempts: 0,
      attempts_before: 3,
      claim_count: 0,
      claim_tick_id: null,
      dlq_reason: null,
      last_error: null,
      finished_at: null,
    });
    expect(Math.abs(row.run_at.getTime() - Date.now())).toBeLessThan(5_000);
    expect(await lastLog(id)).toMatchObject({
      event: 'REPLAYED',
      level: 'WARNING',
      actor: 'operator',
      message: 'replayed: a new round of attempts: provider is back',
      detail: {
        from: 'DLQ',
        to: 'PENDING',
        reason: 'provider is back',
        dlqReason: 'exhausted',
        lastError: 'the provider said no',
        attempts: 3,
      },
    });
    await setFlag(db, 'tick_interval_ms', 0);
    const { result } = await claimOnce(db, holder('r1'));
    expect(result).toMatchObject({ kind: 'claimed', claimed: 1 });
    expect(await lastLog(id)).toMatchObject({ event: 'ATTEMPT_STARTED', attempt: 4 });
  });

  test('ten at once requeue once; the others are told the status', async () => {
    const id = await dead(db);
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => replayAction(db, id, by)));
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ status: 'PENDING' });
    }
    expect(await logsOf('REPLAYED')).toHaveLength(1);
    expect(await findAction(db, id)).toMatchObject({ attempts: 0, attempts_before: 3 });
  });

  test('its preparations are done again: what they had made may be gone, or have failed too often', async () => {
    const prepared = async (id: string) => {
      for (const [name, isReady] of [
        ['image-1', true],
        ['upload-1', false],
      ] as const) {
        await keepPreparation(db, { actionId: id, name, result: { urn: 'gone' }, isReady });
      }
      for (let times = 0; times < 3; times += 1) await failPreparation(db, { actionId: id, name: 'upload-1' });
      return id;
    };
    const kept = async (id: string) => [...(await readPreparations(db, id)).keys()];
    const [one, other, cleared] = [
      await prepared(await dead(db)),
      await prepared(await dead(db)),
      await prepared(await dead(db)),
    ];
    await replayAction(db, one, by);
    await replayMany(db, { ids: [other] }, by);
    await clearAction(db, cleared, by);
    expect([await kept(one), await kept(other), (await kept(cleared)).length]).toEqual([[], [], 2]);
    const notSent = await prepared(await unconfirmed(db));
    await resolveAction(db, notSent, 'not_sent', by);
    expect(await kept(notSent)).toEqual([]);
  });

  test('overrules a cancel that was asked for while it ran', async () => {
    const id = await dead(db);
    await db.query('UPDATE aol_actions SET cancel_requested = true WHERE id = $1', [id]);
    expect(await replayAction(db, id, by)).toMatchObject({ status: 'PENDING', cancel_requested: false });
  });

  test('of what is no dead letter, or not there, is refused and logs nothing', async () => {
    const waiting = await queued(db);
    await expect(replayAction(db, waiting, by)).rejects.toThrow('an action that is PENDING cannot be replayed');
    await expect(replayAction(db, await unconfirmed(db), by)).rejects.toMatchObject({ status: 'UNCONFIRMED' });
    await expect(replayAction(db, randomUUID(), by)).rejects.toBeInstanceOf(NotFoundError);
    expect(await logsOf('REPLAYED')).toEqual([]);
  });
});

describe('resolve', () => {
  test('sent: SUCCESS, with the word of the person as receipt', async () => {
    const id = await unconfirmed(db);
    const row = await resolveAction(db, id, 'sent', by);
    expect(row).toMatchObject({ status: 'SUCCESS', artifact_sha256: SHA, claim_tick_id: null, last_error: null });
    expect(row.receipt).toEqual({ outcome: 'sent', resolvedBy: 'operator', resolvedAt: expect.any(String) });
    expect(Date.parse(String(row.receipt?.resolvedAt))).toBeGreaterThan(Date.now() - 60_000);
    expect(row.finished_at).not.toBeNull();
    expect(await lastLog(id)).toMatchObject({ event: 'RESOLVED', detail: { to: 'SUCCESS', lastError: 'cut off' } });
  });

  test('not sent: a new round of attempts', async () => {
    const id = await unconfirmed(db);
    const row = await resolveAction(db, id, 'not_sent', { actor: 'operator' });
    expect(row).toMatchObject({ status: 'PENDING', attempts: 0, attempts_before: 3, claim_tick_id: null });
    expect(await lastLog(id)).toMatchObject({
      event: 'RESOLVED',
      message: 'resolved: it was not sent; a new round of attempts',
    });
  });

  test('both at once: one of them holds', async () => {
    const id = await unconfirmed(db);
    const answers = await Promise.allSettled(
      (['sent', 'not_sent', 'sent', 'not_sent'] as const).map((outcome) => resolveAction(db, id, outcome, by)),
    );
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    expect(await logsOf('RESOLVED')).toHaveLength(1);
  });

  test('sent without an artifact is refused, as is anything that is not UNCONFIRMED', async () => {
    const id = await unconfirmed(db, { hasArtifact: false });
    await expect(resolveAction(db, id, 'sent', by)).rejects.toThrow('is UNCONFIRMED and has no artifact');
    await expect(resolveAction(db, await dead(db), 'sent', by)).rejects.toBeInstanceOf(StateConflictError);
    expect(await resolveAction(db, id, 'not_sent', by)).toMatchObject({ status: 'PENDING' });
  });
});

test('clear cancels a dead letter for good', async () => {
  const id = await dead(db, { why: 'rejected' });
  expect(await clearAction(db, id, by)).toMatchObject({ status: 'CANCELLED', dlq_reason: null });
  expect(await lastLog(id)).toMatchObject({ event: 'CANCELLED', detail: { dlqReason: 'rejected' } });
  await expect(clearAction(db, id, by)).rejects.toMatchObject({ status: 'CANCELLED' });
});

describe('many', () => {
  test('by ids: each once, and the others are named with their status', async () => {
    const [first, second] = [await dead(db), await dead(db)];
    const waiting = await queued(db);
    const nowhere = randomUUID();
    const ids = [first, second, second, waiting, nowhere];
    const refused = expect.arrayContaining([
      { id: waiting, currentStatus: 'PENDING' },
      { id: nowhere, currentStatus: null },
    ]);
    const preview = await replayMany(db, { ids }, { ...by, dryRun: true });
    expect(preview).toMatchObject({ dryRun: true, matched: 2, changed: 0, remaining: 0, refused, lanes: [] });
    const done = await replayMany(db, { ids }, by);
    expect(done).toMatchObject({ dryRun: false, matched: 2, changed: 2, remaining: 0, refused, lanes: ['default'] });
    expect(done.refused).toHaveLength(2);
    expect(await logsOf('REPLAYED')).toHaveLength(2);
  });

  test('by filter: lane, type, reason and time', async () => {
    await createLane(db, 'brand', 'test');
    const early = await dead(db, { lane: 'brand' });
    const { asOf } = await replayMany(db, { filter: {} }, { ...by, dryRun: true });
    await dead(db, { type: 'OTHER', why: 'crashed' });
    await dead(db, { why: 'rejected' });
    const matching = async (filter: Parameters<typeof replayMany>[1]) =>
      (await replayMany(db, filter, { ...by, dryRun: true })).matched;
    expect(await matching({ filter: {} })).toBe(3);
    expect(await matching({ filter: { lane: 'brand' } })).toBe(1);
    expect(await matching({ filter: { type: 'OTHER' } })).toBe(1);
    expect(await matching({ filter: { dlqReason: 'rejected', lane: 'default' } })).toBe(1);
    expect(await matching({ filter: { before: asOf.toISOString() } })).toBe(1);
    await expect(matching({ filter: { lane: 'nowhere' } })).rejects.toBeInstanceOf(NotFoundError);
    expect(await clearMany(db, { filter: { before: asOf.toISOString() } }, by)).toMatchObject({ changed: 1 });
    expect((await findAction(db, early)).status).toBe('CANCELLED');
    expect(await replayMany(db, { filter: {} }, by)).toMatchObject({ matched: 2, changed: 2, remaining: 0 });
  });

  test('at most 1,000 a call, and calls at once share the work', async () => {
    await db.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
       SELECT gen_random_uuid(), 'default', 'T', '{}', 'k' || n, repeat('a', 64), 'x' FROM generate_series(1, 2500) AS n`,
    );
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = id, claim_lease_token = 1, claim_until = now()`,
    );
    await db.query(`UPDATE aol_actions SET status = 'DLQ', dlq_reason = 'exhausted', claim_tick_id = NULL, claim_lease_token = NULL,
      claim_until = NULL`);
    expect(await replayMany(db, { filter: {} }, by)).toMatchObject({
      matched: 2_500,
      changed: 1_000,
      remaining: 1_500,
    });
    const results = await Promise.all([1, 2, 3, 4].map(() => replayMany(db, { filter: { type: 'T' } }, by)));
    expect(results.reduce((total, { changed }) => total + changed, 0)).toBe(1_500);
    expect(await logsOf('REPLAYED')).toHaveLength(2_500);
  });
});
