/** Revise, reschedule and request changes over HTTP; and what is said of an approval that would run out too early. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { actionListSchema, actionSchema } from '../../src/contracts/http/action.ts';
import { batchAnswerSchema } from '../../src/contracts/http/batch.ts';
import { createLane } from '../../src/db/decide/flags.ts';
import { as, createTestApi, namedToken, postRaw, type TestApi } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { awaiting, awaitingApproval, dead, proved, queued, SHA } from '../support/settled.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
let approver: Record<string, string>;
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

beforeAll(async () => {
  api = await createTestApi({ approvalTtlMs: 2 * DAY_MS });
  db = api.database.pool;
  approver = await namedToken(api, { name: 'anna', role: 'approver' });
});
beforeEach(() => {
  api.wakes.length = 0;
});
afterAll(() => api.close());

const WEBHOOK = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com', body: 1 } } as const;
const OTHER = { url: 'https://example.com', body: 2 };
const post = (id: string, verb: string, body: unknown, headers = approver) =>
  postRaw(api, `/v1/actions/${id}/${verb}`, JSON.stringify(body), headers);
const show = async (id: string) =>
  actionSchema.parse((await api.call({ url: `/v1/actions/${id}`, headers: as('viewer') })).json());

describe('revise', () => {
  test('an approver changes what waits: 201, then 200 with the same; both name each other, and the lane is woken', async () => {
    const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
    const first = await post(id, 'revise', { payload: OTHER, reason: 'wrong number' });
    const revised = actionSchema.parse(first.json());
    expect([first.statusCode, first.headers.location]).toEqual([201, `/v1/actions/${revised.id}`]);
    expect(revised).toMatchObject({
      payload: OTHER,
      revises: id,
      revisedBy: null,
      createdBy: 'anna',
      approval: { needed: true },
    });
    expect(await show(id)).toMatchObject({ status: 'CANCELLED', revisedBy: revised.id });
    expect(api.wakes).toEqual(['default']);
    const again = await post(id, 'revise', { payload: OTHER, reason: 'wrong number' });
    expect([again.statusCode, again.json()]).toMatchObject([200, { id: revised.id }]);
  });

  test('a dead letter is edited and queued again', async () => {
    const id = await dead(db, WEBHOOK);
    expect((await post(id, 'revise', { payload: OTHER })).statusCode).toBe(201);
  });

  test('the payload is checked as at enqueue: 422 names the field, 400 what is missing, and nothing has changed', async () => {
    const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
    const wrong = await post(id, 'revise', { payload: { url: 'not one', body: 1 } });
    expect([wrong.statusCode, wrong.json()]).toMatchObject([422, { errors: [{ field: 'payload.url' }] }]);
    for (const body of [{}, { reason: 'nothing' }, { payload: OTHER, mode: 'REAL' }, { runAt: 'tomorrow' }]) {
      expect((await post(id, 'revise', body)).statusCode).toBe(400);
    }
    const posted = await awaitingApproval(db);
    expect((await post(posted, 'revise', { runAt: inDays(1) })).json()).toMatchObject({ code: 'AOL_REAL_UNAVAILABLE' });
    expect(await show(id)).toMatchObject({ status: 'AWAITING_APPROVAL', revisedBy: null });
  });

  test('409 where the state forbids it, with the status', async () => {
    const answer = await post(await proved(db, WEBHOOK), 'revise', { payload: OTHER });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { currentStatus: 'SUCCESS' }]);
  });

  test('nobody takes its key beforehand', async () => {
    const body = { ...WEBHOOK, idempotencyKey: `revise:${await queued(db)}:1` };
    expect((await postRaw(api, '/v1/actions', JSON.stringify(body))).statusCode).toBe(400);
  });
});

describe('of other lanes and types, and of agents', () => {
  beforeAll(() => createLane(db, 'elsewhere', 'test'));

  test.each(['revise', 'reschedule', 'request-changes'])('%s is refused', async (verb) => {
    const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
    const body = { revise: { payload: OTHER }, reschedule: { runAt: inDays(1) }, 'request-changes': { reason: 'x' } }[
      verb
    ];
    const bound = { role: 'approver' as const, types: ['POST_SOCIAL'] };
    const others = [
      [await namedToken(api, { name: `${verb}-type`, ...bound }), 403],
      [await namedToken(api, { name: `${verb}-lane`, role: 'approver', lanes: ['elsewhere'] }), 404],
      [await namedToken(api, { name: `${verb}-agent`, role: 'agent' }), 403],
      [as('viewer'), 403],
    ] as const;
    for (const [headers, status] of others) expect((await post(id, verb, body, headers)).statusCode).toBe(status);
    expect(await show(id)).toMatchObject({ status: 'AWAITING_APPROVAL', approval: { changesRequested: null } });
  });
});

describe('reschedule', () => {
  test('moves what waits, and answers its new time', async () => {
    const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
    const runAt = inDays(1);
    const moved = await post(id, 'reschedule', { runAt, reason: 'rain' });
    expect(actionSchema.parse(moved.json())).toMatchObject({ status: 'AWAITING_APPROVAL', runAt });
    expect((await post(id, 'approve', { sha256: SHA })).json()).toMatchObject({ status: 'PENDING', runAt });
  });

  test('past the end of its approval it is 409', async () => {
    const answer = await post(await awaiting(db, 3_600), 'reschedule', { runAt: inDays(1) });
    const detail = expect.stringContaining('its approval runs out');
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { detail }]);
  });
});

test('request changes: whoever asked reads who wants what', async () => {
  const id = await awaitingApproval(db, { ...WEBHOOK, mode: 'REAL' });
  expect((await post(id, 'request-changes', {})).statusCode).toBe(400);
  const answer = await post(id, 'request-changes', { reason: 'the 24th' });
  expect(answer.statusCode).toBe(200);
  const changesRequested = { by: 'anna', reason: 'the 24th', at: expect.any(String) };
  expect((await show(id)).approval).toMatchObject({ changesRequested, by: null });
});

describe('an approval that would run out before the action is due', () => {
  const asking = { ...WEBHOOK, mode: 'REAL', requireApproval: true } as const;
  const enqueue = async (input: object) =>
    actionSchema.parse((await postRaw(api, '/v1/actions', JSON.stringify(input))).json());

  test('is said at enqueue, alone and in a batch, and goes on being said', async () => {
    const action = await enqueue({ ...asking, runAt: inDays(3) });
    expect([action.approvalExpiresFirst, (await show(action.id)).approvalExpiresFirst]).toEqual([true, true]);
    const actions = [
      { ...asking, runAt: inDays(3) },
      { ...asking, runAt: inDays(1) },
      { ...asking, requireApproval: false, runAt: inDays(3) },
    ];
    const batch = batchAnswerSchema.parse(
      (await postRaw(api, '/v1/actions/batch', JSON.stringify({ actions }))).json(),
    );
    expect(batch.results.map((result) => 'action' in result && result.action.approvalExpiresFirst)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('the time that is answered is the one for which it was queued, though it is shown at once and wakes the lane', async () => {
    const runAt = inDays(3);
    expect((await enqueue({ ...asking, runAt })).runAt).toBe(runAt);
    expect(api.wakes).toEqual(['default']);
    await enqueue({ ...WEBHOOK, runAt });
    expect(api.wakes).toEqual(['default']);
  });

  test('what is shown before its time is listed by its time', async () => {
    await createLane(db, 'planned', 'test');
    const lane = { lane: 'planned' };
    const [third, first, second, proof] = [
      await enqueue({ ...asking, ...lane, runAt: inDays(3) }),
      await enqueue({ ...asking, ...lane, runAt: inDays(1) }),
      await awaitingApproval(db, { ...asking, ...lane, runAt: inDays(2) }).then(show),
      await enqueue({ ...WEBHOOK, ...lane, runAt: inDays(4) }),
    ];
    await db.query('UPDATE aol_actions SET run_at = due_at WHERE id = $1', [second.id]);
    const list = async (query: string) => {
      const answer = await api.call({ url: `/v1/actions?lane=planned&${query}`, headers: as('viewer') });
      return actionListSchema.parse(answer.json()).items.map(({ id }) => id);
    };
    expect(await list('order=due')).toEqual([first, second, third, proof].map(({ id }) => id));
    const range = `dueFrom=${inDays(1.5)}&dueTo=${inDays(3.5)}`;
    expect(await list(`order=due&${range}`)).toEqual([second.id, third.id]);
    expect((await list(range)).sort()).toEqual([second.id, third.id].sort());
  });

  test('of what waits its own end counts; what is approved has none', async () => {
    const id = await awaitingApproval(db, { ...asking, runAt: inDays(3) });
    await db.query(`UPDATE aol_actions SET approval_expires_at = now() + interval '2 days' WHERE id = $1`, [id]);
    expect((await show(id)).approvalExpiresFirst).toBe(true);
    await post(id, 'approve', { sha256: SHA });
    expect((await show(id)).approvalExpiresFirst).toBe(false);
  });

  test('is said of what was promoted and needs others, too', async () => {
    await setFlag(db, 'approvals_needed', 2);
    const promoted = await post(await proved(db, WEBHOOK), 'promote', { sha256: SHA, runAt: inDays(3) });
    expect(actionSchema.parse(promoted.json())).toMatchObject({ approvalExpiresFirst: true });
    await setFlag(db, 'approvals_needed', 1);
  });
});
