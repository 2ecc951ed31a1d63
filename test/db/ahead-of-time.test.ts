/** What needs a person asks at once, whatever its time is, and is not performed before it. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EnqueueInput } from '../../src/contracts/http/action.ts';
import { approveAction, promoteAction } from '../../src/db/decide/approvals.ts';
import { setAutonomy } from '../../src/db/decide/autonomy.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { createLane, setFlags } from '../../src/db/decide/flags.ts';
import { rescheduleAction } from '../../src/db/decide/revise.ts';
import { leaveTick } from '../../src/db/queue/attempts.ts';
import { passGate } from '../../src/db/queue/gate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimedActions, claimOnce, holder, realWorker, setFlag } from '../support/engine.ts';
import { awaitingApproval, finished, proved, queued, SHA } from '../support/settled.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
  await setFlag(db, 'proof_only', false);
  await setFlag(db, 'tick_interval_ms', 0);
  await setFlag(db, 'max_actions_per_tick', 20);
});
afterAll(() => database.drop());

const anna = { actor: 'anna' };
const admin = { actor: 'admin', mayLoosen: true };
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const ahead = (input: Partial<EnqueueInput> = {}) => queued(db, { mode: 'REAL', runAt: TOMORROW, ...input });
const isClaimedAtOnce = async (id: string) => (await findAction(db, id)).run_at <= new Date();
const dueAt = async (id: string) => (await findAction(db, id)).due_at.toISOString();

describe('asks at once', () => {
  afterEach(async () => {
    await setFlag(db, 'approval_policy', 'none');
    await db.query('DELETE FROM aol_autonomy');
  });

  test('what its asker wants approved, and nothing else of REAL', async () => {
    const asks = await ahead({ requireApproval: true });
    expect([await isClaimedAtOnce(asks), await dueAt(asks)]).toEqual([true, TOMORROW]);
    expect(await isClaimedAtOnce(await ahead())).toBe(false);
  });

  test('a proof keeps its time', async () => {
    expect(await isClaimedAtOnce(await ahead({ mode: 'PROOF', requireApproval: true }))).toBe(false);
  });

  test('what the lane wants approved: all of it, or the first of a type', async () => {
    await setFlag(db, 'approval_policy', 'all');
    expect(await isClaimedAtOnce(await ahead())).toBe(true);
    await setFlag(db, 'approval_policy', 'first_of_type');
    const input = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } };
    expect(await isClaimedAtOnce(await ahead(input))).toBe(true);
    await finished(db, { status: 'SUCCESS', daysAgo: 1, input: { mode: 'REAL', ...input } });
    expect(await isClaimedAtOnce(await ahead(input))).toBe(false);
  });

  test('what its type is not trusted with', async () => {
    await setAutonomy(db, { lane: 'default', type: 'POST_SOCIAL', level: 'approve' }, admin);
    expect(await isClaimedAtOnce(await ahead())).toBe(true);
    await setAutonomy(db, { lane: 'default', type: 'POST_SOCIAL', level: 'draft' }, admin);
    expect(await isClaimedAtOnce(await ahead())).toBe(false);
  });

  test('of a batch each by itself', async () => {
    const ids = [await ahead(), await ahead({ requireApproval: true }), await ahead({ mode: 'PROOF' })];
    expect(await Promise.all(ids.map(isClaimedAtOnce))).toEqual([false, true, false]);
  });

  test('what waits for its time, as soon as its lane or its type wants a person; other lanes and approved ones wait on', async () => {
    await createLane(db, 'other', 'test');
    await setFlag(db, 'approval_policy', 'none', 'other');
    const [waits, elsewhere, approved] = [await ahead(), await ahead({ lane: 'other' }), await approvedAhead()];
    await setFlags(db, 'default', { approval_policy: 'all' }, anna);
    expect(await Promise.all([waits, elsewhere, approved].map(isClaimedAtOnce))).toEqual([true, false, false]);
    await setFlags(db, 'default', { approval_policy: 'none' }, anna);
    const [also, unlike] = [
      await ahead(),
      await ahead({ type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } }),
    ];
    await setAutonomy(db, { lane: '*', type: 'POST_SOCIAL', level: 'approve' }, admin);
    expect(await Promise.all([also, unlike, elsewhere].map(isClaimedAtOnce))).toEqual([true, false, true]);
  });
});

async function approvedAhead(): Promise<string> {
  const id = await awaitingApproval(db, { runAt: TOMORROW });
  await db.query('UPDATE aol_actions SET attempts = 0 WHERE id = $1', [id]);
  await approveAction(db, id, SHA, anna);
  return id;
}

describe('is performed at its time', () => {
  beforeEach(async () => {
    await db.query(`UPDATE aol_actions SET status = 'PENDING', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
      claim_worker = NULL WHERE status = 'RUNNING'`);
    await db.query(
      `UPDATE aol_actions SET status = 'CANCELLED', finished_at = now() WHERE status IN ('PENDING', 'AWAITING_APPROVAL')`,
    );
  });

  let runs = 0;
  const claimsOf = async () => {
    runs += 1;
    const { tickId, result } = await claimOnce(db, holder(`r${runs}`), undefined, realWorker);
    if (result.kind !== 'claimed') return { tickId, token: 0, ids: [] };
    return { tickId, token: result.token, ids: (await claimedActions(db, tickId)).map(({ id }) => id) };
  };
  const gateOf = ({ tickId, token }: Awaited<ReturnType<typeof claimsOf>>, actionId: string) =>
    passGate(db, {
      ...{
        lane: 'default',
        actionId,
        tickId,
        token,
        artifactSha256: SHA,
        artifactUri: 'artifact:test',
        proofMode: false,
      },
      ...{ attemptTimeoutMs: 20_000, redelivery: { kind: 'neither' }, worker: 'aol-test' },
    });

  test('approved, it is not claimed before', async () => {
    const id = await approvedAhead();
    expect((await claimsOf()).ids).toEqual([]);
    await rescheduleAction(db, id, new Date().toISOString(), anna);
    const claims = await claimsOf();
    expect(claims.ids).toEqual([id]);
    expect(await gateOf(claims, id)).toMatchObject({ kind: 'open' });
  });

  test('it is claimed to be shown, and the gate asks for a person', async () => {
    const id = await ahead({ requireApproval: true });
    const claims = await claimsOf();
    expect(claims.ids).toEqual([id]);
    expect(await gateOf(claims, id)).toEqual({ kind: 'approval_needed' });
  });

  test('when no person is wanted any more, it waits for its time', async () => {
    await setFlag(db, 'approval_policy', 'all', 'default');
    const id = await ahead();
    await setFlag(db, 'approval_policy', 'none', 'default');
    const claims = await claimsOf();
    expect(await gateOf(claims, id)).toEqual({ kind: 'shut', reason: 'not_due' });
    const claim = { lane: 'default', actionId: id, tickId: claims.tickId, token: claims.token };
    await leaveTick(db, claim, { to: 'PENDING', message: 'waits', untilDue: true });
    const row = await findAction(db, id);
    expect([row.status, row.run_at.toISOString()]).toEqual(['PENDING', TOMORROW]);
  });

  test('promoted for a time, it waits; where others have to approve it, it asks them at once', async () => {
    const { row } = await promoteAction(db, await proved(db), SHA, { ...anna, runAt: TOMORROW });
    expect([row.run_at.toISOString(), row.due_at.toISOString(), row.approval_sha256]).toEqual([
      TOMORROW,
      TOMORROW,
      SHA,
    ]);
    await setFlag(db, 'approvals_needed', 2);
    const proof = await proved(db);
    const asks = await promoteAction(db, proof, SHA, { ...anna, runAt: TOMORROW });
    expect([await isClaimedAtOnce(asks.row.id), await dueAt(asks.row.id)]).toEqual([true, TOMORROW]);
    await setFlag(db, 'approvals_needed', 1);
    expect(await promoteAction(db, proof, SHA, { ...anna, runAt: TOMORROW })).toMatchObject({ created: false });
    const later = { ...anna, runAt: new Date(Date.parse(TOMORROW) + 1_000).toISOString() };
    await expect(promoteAction(db, proof, SHA, later)).rejects.toMatchObject({ code: 'AOL_STATE_CONFLICT' });
  });
});

test('the database moves the time of nothing that runs or has ended', async () => {
  const id = await finished(db, { status: 'SUCCESS', daysAgo: 1 });
  await expect(db.query('UPDATE aol_actions SET due_at = now() WHERE id = $1', [id])).rejects.toMatchObject({
    code: 'AOL02',
  });
});
