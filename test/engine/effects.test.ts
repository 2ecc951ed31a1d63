/** REAL effects on real servers: outcomes, retries, the DLQ, UNCONFIRMED, kill. Only the provider is played. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction, promoteAction, rejectAction } from '../../src/db/decide/approvals.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { StateConflictError } from '../../src/domain/errors.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { type Act, createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
const stage = createStage();

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'max_actions_per_tick', 20);
  await setFlag(stack.db, 'proof_only', false);
  await stack.startWorker({ adapters: [stage.adapter], proofMode: false });
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const play = async (name: string, acts: readonly Act[], more: Record<string, unknown> = {}, input = {}) => {
  const [id] = await stack.enqueue([
    { type: 'PLAY', mode: 'REAL', payload: { name, acts: [...acts], ...more }, ...input },
  ]);
  return id ?? '';
};
/** The action once it has that status; throws at once when it has ended in another. */
const reaches = (id: string, status: string) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = (await stack.rows()).find((candidate) => candidate.id === id);
    if (row?.status === status) return row;
    if (row?.finished_at) throw new Error(`${id} is ${row.status} and stays so, not ${status}`);
    return false;
  });
const timesPlayed = (name: string) => stage.performances.filter((performance) => performance.name === name).length;
const events = async (id: string) =>
  (await stack.db.query('SELECT event FROM aol_execution_logs WHERE action_id = $1 ORDER BY id', [id])).rows.map(
    (row) => row.event,
  );

describe('outcomes', () => {
  test('done is SUCCESS with the receipt, and the intent is committed before the effect', async () => {
    const id = await play('done', ['done']);
    const row = await reaches(id, 'SUCCESS');
    expect(row).toMatchObject({ mode: 'REAL', attempts: 1, receipt: { attempt: 1 } });
    expect(await events(id)).toEqual(['ENQUEUED', 'CLAIMED', 'ATTEMPT_STARTED', 'SUCCEEDED']);
    const { rows } = await stack.db.query(
      `SELECT at FROM aol_execution_logs WHERE action_id = $1 AND event = 'ATTEMPT_STARTED'`,
      [id],
    );
    const performed = stage.performances.find(({ name }) => name === 'done');
    expect(performed?.atMs).toBeGreaterThanOrEqual(rows[0].at.getTime());
    expect(performed?.key).toBe(`aol-${id}`);
  });

  test('rejected is the DLQ at once', async () => {
    const row = await reaches(await play('rejected', ['rejected']), 'DLQ');
    expect(row).toMatchObject({ dlq_reason: 'rejected', attempts: 1, last_error: '400 bad request' });
    expect(timesPlayed('rejected')).toBe(1);
  });

  test('not sent is tried three times with a growing, jittered wait, then it is the DLQ', async () => {
    const id = await play('refused', ['not_sent']);
    const row = await reaches(id, 'DLQ');
    expect(row).toMatchObject({ dlq_reason: 'exhausted', attempts: 3 });
    const times = stage.performances.filter(({ name }) => name === 'refused').map(({ atMs }) => atMs);
    expect(times).toHaveLength(3);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(500);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('not sent, then done, is SUCCESS at the second attempt', async () => {
    const row = await reaches(await play('second', ['not_sent', 'done']), 'SUCCESS');
    expect(row).toMatchObject({ attempts: 2, last_error: null });
  });

  test('a long Retry-After returns the action to the queue until then', async () => {
    const id = await play('later', ['not_sent'], { retryAfterMs: 120_000 });
    const row = await until('it waits in the queue', async () => {
      const found = (await stack.rows()).find((candidate) => candidate.id === id);
      return found?.status === 'PENDING' && found.attempts === 1 && found;
    });
    expect(row.run_at.getTime() - Date.now()).toBeGreaterThan(100_000);
    expect(row.claim_tick_id).toBeNull();
  });

  test('unknown at a provider that does not deduplicate is never repeated: UNCONFIRMED', async () => {
    const row = await reaches(await play('unknown', ['unknown', 'done']), 'UNCONFIRMED');
    expect(row).toMatchObject({ attempts: 1 });
    expect(timesPlayed('unknown')).toBe(1);
  });

  test('whatever an adapter throws is an unknown outcome', async () => {
    await reaches(await play('throws', ['throw', 'done']), 'UNCONFIRMED');
    expect(timesPlayed('throws')).toBe(1);
  });

  test('case 2: an answer that is no outcome is unknown; done is done though its receipt cannot be stored', async () => {
    const junk = await play('junk', ['junk', 'done']);
    const big = await play('bigint', ['bigint']);
    await reaches(junk, 'UNCONFIRMED');
    expect(await reaches(big, 'SUCCESS')).toMatchObject({
      receipt: { note: expect.stringMatching(/could not be stored/) },
    });
    expect([timesPlayed('junk'), timesPlayed('bigint')]).toEqual([1, 1]);
  });

  test('an adapter that does not end when it is told to is left behind, as unknown', async () => {
    const deaf = await play('deaf', ['deaf']);
    await until('it is at work', () => timesPlayed('deaf') === 1);
    await pressControl(stack.db, '*', { killed: true }, { actor: 'test' });
    await reaches(deaf, 'UNCONFIRMED');
    await pressControl(stack.db, '*', { killed: false }, { actor: 'test' });
  });

  test('unknown at a provider that deduplicates is repeated under the same key', async () => {
    const id = await play('dedupes', ['unknown', 'done'], { redelivery: 'dedupes' });
    await reaches(id, 'SUCCESS');
    const keys = stage.performances.filter(({ name }) => name === 'dedupes').map(({ key }) => key);
    expect(keys).toEqual([`aol-${id}`, `aol-${id}`]);
  });

  test('a provider that can be asked settles what is unknown', async () => {
    const asked = { redelivery: 'reconciles' };
    const happened = await play('asked-yes', ['unknown'], { ...asked, reconciled: 'done' });
    const didNot = await play('asked-no', ['unknown', 'done'], { ...asked, reconciled: 'not_sent' });
    const cannotTell = await play('asked-perhaps', ['unknown'], asked);
    expect(await reaches(happened, 'SUCCESS')).toMatchObject({ receipt: { reconciled: true } });
    expect(await reaches(didNot, 'SUCCESS')).toMatchObject({ attempts: 2 });
    await reaches(cannotTell, 'UNCONFIRMED');
    expect([timesPlayed('asked-yes'), timesPlayed('asked-no'), timesPlayed('asked-perhaps')]).toEqual([1, 2, 1]);
  });
});

describe('nothing is held up', () => {
  test('one that hangs delays no other, and ends at its deadline as unknown', async () => {
    const hanging = await play('hangs', ['hang']);
    await until('it hangs', () => timesPlayed('hangs') === 1);
    const startedAt = Date.now();
    const ids = await Promise.all(Array.from({ length: 5 }, (_, index) => play(`beside-${index}`, ['done'])));
    for (const id of ids) await reaches(id, 'SUCCESS');
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    const row = await until(
      'its deadline',
      async () => {
        const found = (await stack.rows()).find((candidate) => candidate.id === hanging);
        return found?.status === 'UNCONFIRMED' && found;
      },
      25_000,
    );
    const took = row.updated_at.getTime() - (stage.performances.find(({ name }) => name === 'hangs')?.atMs ?? 0);
    expect(took).toBeGreaterThanOrEqual(19_500);
    expect(took).toBeLessThanOrEqual(21_500);
  }, 40_000);
});

describe('kill and pause', () => {
  const press = (values: { paused?: boolean; killed?: boolean }) =>
    pressControl(stack.db, '*', values, { actor: 'test' });

  test('kill aborts what is at work within a second; it is UNCONFIRMED, and nothing starts afterwards', async () => {
    const id = await play('cut-off', ['hang']);
    await until('it is at work', () => timesPlayed('cut-off') === 1);
    const pressedAt = Date.now();
    await press({ killed: true });
    await until('it was aborted', () => stage.aborted.includes('cut-off'));
    expect(Date.now() - pressedAt).toBeLessThan(1_000);
    await reaches(id, 'UNCONFIRMED');
    const waiting = await play('after-kill', ['done']);
    const before = stage.performances.length;
    await stack.gateway.signal('aol/default', 'control').catch(() => undefined);
    await until(
      'the orchestrator ended',
      async () => (await stack.gateway.client.workflow.getHandle('aol/default').describe()).status.name === 'COMPLETED',
    );
    expect(stage.performances).toHaveLength(before);
    await press({ killed: false });
    await reaches(waiting, 'SUCCESS');
  }, 30_000);

  test('a cancel of its tick aborts what is at work, and its worker goes on', async () => {
    const id = await play('cancelled', ['hang']);
    await until('it is at work', () => timesPlayed('cancelled') === 1);
    const ticks = stack.gateway.client.workflow.list({
      query: `WorkflowType = 'tick' AND ExecutionStatus = 'Running'`,
    });
    const cancelled = async () => {
      for await (const { workflowId } of ticks) return stack.gateway.client.workflow.getHandle(workflowId).cancel();
      return undefined;
    };
    await until('its tick is cancelled', cancelled);
    await until('it was aborted', () => stage.aborted.includes('cancelled'));
    await reaches(id, 'UNCONFIRMED');
    await reaches(await play('after-cancel', ['done']), 'SUCCESS');
  }, 30_000);

  test('pause lets what runs finish and stops retries; resume goes on', async () => {
    const slow = await play('slow', ['slow']);
    const retried = await play('retried', ['not_sent', 'not_sent', 'done']);
    await until('both began', () => timesPlayed('slow') === 1 && timesPlayed('retried') >= 1);
    await press({ paused: true });
    const played = timesPlayed('retried');
    await reaches(slow, 'SUCCESS');
    await reaches(retried, 'PENDING');
    expect(timesPlayed('retried')).toBe(played);
    await press({ paused: false });
    expect(await reaches(retried, 'SUCCESS')).toMatchObject({ dlq_reason: null });
  }, 30_000);
});

describe('approval', () => {
  const by = { actor: 'a person' };
  const artifactOf = async (id: string) => (await stack.rows()).find((row) => row.id === id)?.artifact_sha256 ?? '';
  const wake = () => stack.gateway.signal('aol/default', 'wake');

  test('what needs a person waits with its artifact; only its SHA-256 lets it go, once', async () => {
    const id = await play('approved', ['done'], {}, { requireApproval: true });
    await reaches(id, 'AWAITING_APPROVAL');
    expect(timesPlayed('approved')).toBe(0);
    await expect(approveAction(stack.db, id, 'f'.repeat(64), by)).rejects.toThrow(StateConflictError);
    const sha256 = await artifactOf(id);
    await approveAction(stack.db, id, sha256, by);
    await expect(approveAction(stack.db, id, sha256, by)).rejects.toThrow(StateConflictError);
    await wake();
    expect(await reaches(id, 'SUCCESS')).toMatchObject({ approval_by: 'a person', approval_sha256: sha256 });
    expect(timesPlayed('approved')).toBe(1);
  });

  test('what was approved is what is sent, as it was stored: whatever the payload would render now', async () => {
    const id = await play('swapped', ['done'], {}, { requireApproval: true });
    await reaches(id, 'AWAITING_APPROVAL');
    // Before the approval: from then on a lane that is awake may take it at any moment.
    await stack.db.query('ALTER TABLE aol_actions DISABLE TRIGGER aol_actions_immutable');
    await stack.db.query(`UPDATE aol_actions SET payload = jsonb_set(payload, '{name}', '"another"') WHERE id = $1`, [
      id,
    ]);
    await stack.db.query('ALTER TABLE aol_actions ENABLE TRIGGER aol_actions_immutable');
    await approveAction(stack.db, id, await artifactOf(id), by);
    await wake();
    await reaches(id, 'SUCCESS');
    expect([timesPlayed('swapped'), timesPlayed('another')]).toEqual([1, 0]);
  });

  test('where what was approved is lost, anything else is refused', async () => {
    const id = await play('lost', ['done'], {}, { requireApproval: true });
    await reaches(id, 'AWAITING_APPROVAL');
    await stack.db.query('ALTER TABLE aol_actions DISABLE TRIGGER aol_actions_immutable');
    await stack.db.query(
      `UPDATE aol_actions SET payload = jsonb_set(payload, '{name}', '"another"'),
         artifact_uri = replace(artifact_uri, artifact_sha256, repeat('0', 64)) WHERE id = $1`,
      [id],
    );
    await stack.db.query('ALTER TABLE aol_actions ENABLE TRIGGER aol_actions_immutable');
    await approveAction(stack.db, id, await artifactOf(id), by);
    await wake();
    expect(await reaches(id, 'DLQ')).toMatchObject({ dlq_reason: 'rejected' });
    expect([timesPlayed('lost'), timesPlayed('another')]).toEqual([0, 0]);
  });

  test('a rejected one is cancelled and never sent', async () => {
    const id = await play('rejected-by-person', ['done'], {}, { requireApproval: true });
    await reaches(id, 'AWAITING_APPROVAL');
    await rejectAction(stack.db, id, { ...by, reason: 'not like this' });
    await reaches(id, 'CANCELLED');
    expect(timesPlayed('rejected-by-person')).toBe(0);
  });

  test('what nobody approves in its time is cancelled by the supervisor, and never sent', async () => {
    const id = await play('expires', ['done'], {}, { requireApproval: true });
    const { approval_expires_at } = await reaches(id, 'AWAITING_APPROVAL');
    const inDays = ((approval_expires_at?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(inDays).toBeGreaterThan(6.9);
    expect(inDays).toBeLessThan(7.1);
    await stack.db.query('UPDATE aol_actions SET approval_expires_at = clock_timestamp() WHERE id = $1', [id]);
    expect(await reaches(id, 'CANCELLED')).toMatchObject({ finished_at: expect.any(Date) });
    expect(await events(id)).toEqual(['ENQUEUED', 'CLAIMED', 'AWAITING_APPROVAL', 'CANCELLED']);
    expect(timesPlayed('expires')).toBe(0);
  });

  test('a proof is promoted once, and performs the very bytes that were proven, under the proof’s key', async () => {
    const proof = await play('promoted', ['done'], {}, { mode: 'PROOF' });
    await reaches(proof, 'SUCCESS');
    expect(timesPlayed('promoted')).toBe(0);
    const sha256 = await artifactOf(proof);
    await expect(promoteAction(stack.db, proof, 'f'.repeat(64), by)).rejects.toThrow(StateConflictError);
    const promotions = await Promise.all(Array.from({ length: 10 }, () => promoteAction(stack.db, proof, sha256, by)));
    expect(promotions.filter(({ created }) => created)).toHaveLength(1);
    const [id] = [...new Set(promotions.map(({ row }) => row.id))];
    await wake();
    expect(await reaches(id ?? '', 'SUCCESS')).toMatchObject({
      mode: 'REAL',
      promoted_from: proof,
      idempotency_key: `promote:${proof}`,
      artifact_sha256: sha256,
    });
    expect(stage.performances.filter(({ name }) => name === 'promoted').map(({ key }) => key)).toEqual([
      `aol-${proof}`,
    ]);
  });
});

test('in the end every attempt has one intent and one outcome, and the ledger is closed and balanced', async () => {
  await until('every tick is closed', async () => {
    const { rows } = await stack.db.query('SELECT count(*) AS n FROM aol_tick_ledger WHERE finished_at IS NULL');
    return rows[0].n === 0;
  });
  const { rows } = await stack.db.query(
    `SELECT action_id, attempt, array_agg(event) AS events FROM aol_execution_logs WHERE attempt IS NOT NULL
     GROUP BY action_id, attempt HAVING count(*) <> 2`,
  );
  expect(rows).toEqual([]);
});
