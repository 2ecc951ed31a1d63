/** Many decisions in one call: approvals one by one, what waits cancelled by ids or a filter, dead letters by their cause. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { approvalsAnswerSchema, dlqGroupsSchema } from '../../src/contracts/http/bulk.ts';
import { dlqAnswerSchema } from '../../src/contracts/http/decisions.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { as, createTestApi, namedToken, postRaw, type TestApi } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { awaitingApproval, dead, queued, SHA, unconfirmed } from '../support/settled.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
  await db.query(`SELECT aol_create_lane('brand', 'test'), aol_create_lane('other', 'test')`);
});
beforeEach(() => {
  api.wakes.length = 0;
});
afterAll(() => api.close());

const NOWHERE = '019502a0-0000-7000-8000-000000000000';
const OTHER = 'b'.repeat(64);
const post = (url: string, body: unknown, headers = as('operator')) => postRaw(api, url, JSON.stringify(body), headers);

async function statusOf(id: string): Promise<string> {
  return actionSchema.parse((await api.call({ url: `/v1/actions/${id}`, headers: as('viewer') })).json()).status;
}

async function lastLog(id: string): Promise<string> {
  const answer = await api.call({ url: `/v1/actions/${id}/logs`, headers: as('viewer') });
  const { event, actor, message } = logListSchema.parse(answer.json()).items.at(-1) ?? {};
  return `${event} ${actor}: ${message}`;
}

describe('POST /v1/approvals', () => {
  const decide = async (body: unknown, headers = as('operator')) => {
    const answer = await post('/v1/approvals', body, headers);
    expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
    return approvalsAnswerSchema.parse(answer.json()).results;
  };

  test('each is decided by itself, against its own SHA-256, and answered in its place', async () => {
    const [good, altered, rejected, kept] = [
      await awaitingApproval(db),
      await awaitingApproval(db, { lane: 'brand' }),
      await awaitingApproval(db),
      await awaitingApproval(db),
    ];
    const results = await decide({
      approve: [
        { id: good, sha256: SHA },
        { id: altered, sha256: OTHER },
        { id: NOWHERE, sha256: SHA },
      ],
      reject: [{ id: rejected, reason: 'the wrong tone' }, { id: kept }],
      reason: 'read them',
    });
    expect(results.map(({ id, status }) => [id, status])).toEqual([
      [good, 200],
      [altered, 409],
      [NOWHERE, 404],
      [rejected, 200],
      [kept, 200],
    ]);
    expect(results[0]).toMatchObject({ action: { status: 'PENDING', approval: { by: 'operator', sha256: SHA } } });
    expect(results[1]).toMatchObject({
      problem: { code: 'AOL_STATE_CONFLICT', currentStatus: 'AWAITING_APPROVAL', detail: expect.stringContaining(SHA) },
    });
    expect(await Promise.all([good, altered, rejected].map(statusOf))).toEqual([
      'PENDING',
      'AWAITING_APPROVAL',
      'CANCELLED',
    ]);
    expect(await lastLog(good)).toBe(`APPROVED operator: approved: ${SHA}: read them`);
    expect(await lastLog(rejected)).toBe('REJECTED operator: the wrong tone');
    expect(await lastLog(kept)).toBe('REJECTED operator: read them');
    // Only what is in the queue again wakes its lane.
    expect(api.wakes).toEqual(['default']);
  });

  test('who may not decide about one is refused that one, and it is in the audit', async () => {
    const author = await namedToken(api, { name: 'author', role: 'operator' });
    await setFlag(db, 'approver_must_differ', true, 'other');
    const made = await post(
      '/v1/actions',
      { type: 'CALL_WEBHOOK', payload: { url: 'https://a.example', body: 1 }, lane: 'other', mode: 'REAL' },
      author,
    );
    const { id } = actionSchema.parse(made.json());
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = $2, claim_lease_token = 1, claim_until = now() WHERE id = $1`,
      [id, randomUUID()],
    );
    await db.query(
      `UPDATE aol_actions SET status = 'AWAITING_APPROVAL', artifact_sha256 = $2, artifact_uri = 'artifact:test', approval_needed = true,
         claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL WHERE id = $1`,
      [id, SHA],
    );
    const other = await awaitingApproval(db);
    const results = await decide(
      {
        approve: [
          { id, sha256: SHA },
          { id: other, sha256: SHA },
        ],
      },
      author,
    );
    expect(results.map(({ status }) => status)).toEqual([403, 200]);
    await api.audit.flush();
    const refused = await api.call({ url: '/v1/logs?event=REFUSED&actor=author', headers: as('viewer') });
    expect(logListSchema.parse(refused.json()).items[0]?.message).toContain('/v1/approvals');
    const bound = await namedToken(api, { name: 'bound', role: 'approver', lanes: ['brand'] });
    expect(await decide({ reject: [{ id: await awaitingApproval(db) }] }, bound)).toMatchObject([{ status: 404 }]);
  });

  test('a hundred take one call, each by its own hash, and one wake', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => awaitingApproval(db, { lane: 'brand' })));
    const results = await decide({ approve: ids.map((id) => ({ id, sha256: SHA })) });
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]));
    expect(results.map(({ id }) => id)).toEqual(ids);
    expect(api.wakes).toEqual(['brand']);
  });

  const one = { id: NOWHERE, sha256: SHA };
  test.each([
    ['nothing', {}, 'approve'],
    ['the same twice', { approve: [one], reject: [{ id: NOWHERE }] }, 'approve'],
    ['201 of them', { reject: Array.from({ length: 201 }, () => ({ id: randomUUID() })) }, 'approve'],
    ['no SHA-256', { approve: [{ id: NOWHERE }] }, 'approve.0.sha256'],
    ['an unknown field', { approve: [one], force: true }, 'force'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await post('/v1/approvals', body);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });
});

describe('POST /v1/actions/cancel', () => {
  const cancel = async (body: unknown, headers = as('operator')) => {
    const answer = await post('/v1/actions/cancel', body, headers);
    expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
    return dlqAnswerSchema.parse(answer.json());
  };

  test('counts first, then cancels what waits and fits, and says which ids do not', async () => {
    const lane = 'brand';
    await cancel({ filter: { lane } });
    const made = {
      one: await queued(db, { lane, payload: { platform: 'x', content: 'winter sale of coffee' } }),
      two: await queued(db, { lane, runAt: '2027-01-01T09:00:00Z' }),
      asked: await awaitingApproval(db, { lane }),
      dead: await dead(db, { lane }),
      elsewhere: await queued(db, { payload: { platform: 'x', content: 'winter sale of coffee' } }),
    };
    const counts: readonly (readonly [object, number])[] = [
      [{ lane }, 3],
      [{ lane, status: 'PENDING' }, 2],
      [{ lane, status: ['AWAITING_APPROVAL'] }, 1],
      [{ lane, q: 'coffee winter' }, 1],
      [{ lane, q: 'coffee summer' }, 0],
      [{ lane, dueFrom: '2026-12-31T00:00:00Z', dueTo: '2027-01-02T00:00:00+01:00' }, 1],
      [{ lane, createdBy: 'nobody' }, 0],
      [{ lane, type: 'SEND_EMAIL' }, 0],
    ];
    for (const [filter, matched] of counts) {
      expect([filter, await cancel({ filter, dryRun: true })]).toMatchObject([
        filter,
        { dryRun: true, matched, changed: 0 },
      ]);
    }
    expect(await statusOf(made.one)).toBe('PENDING');
    expect(await cancel({ filter: { lane, status: 'PENDING' }, reason: 'the sale is off' })).toMatchObject({
      matched: 2,
      changed: 2,
      remaining: 0,
      refused: [],
    });
    expect(await lastLog(made.two)).toBe('CANCELLED operator: cancelled: the sale is off');
    expect(await Promise.all([made.asked, made.dead, made.elsewhere].map(statusOf))).toEqual([
      'AWAITING_APPROVAL',
      'DLQ',
      'PENDING',
    ]);
    const byIds = await cancel({ ids: [made.asked, made.dead, NOWHERE] });
    expect(byIds).toMatchObject({ matched: 1, changed: 1 });
    expect(byIds.refused).toEqual([
      { id: made.dead, currentStatus: 'DLQ' },
      { id: NOWHERE, currentStatus: null },
    ]);
  });

  test('what may have been sent is left', async () => {
    const id = await queued(db, { lane: 'other', mode: 'REAL' });
    const tick = randomUUID();
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = $2, claim_lease_token = 1, claim_until = now(), attempts = 1 WHERE id = $1`,
      [id, tick],
    );
    await db.query(
      `INSERT INTO aol_execution_logs (lane, action_id, tick_id, attempt, event, actor, message, detail)
       VALUES ('other', $1, $2, 1, 'ATTEMPT_STARTED', 'engine', 'attempt 1 of 3', jsonb_build_object('deadline', now()))`,
      [id, tick],
    );
    await db.query(
      `UPDATE aol_actions SET status = 'PENDING', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL WHERE id = $1`,
      [id],
    );
    const waits = await queued(db, { lane: 'other', mode: 'REAL' });
    expect(await cancel({ ids: [id, waits] })).toMatchObject({
      changed: 1,
      refused: [{ id, currentStatus: 'PENDING' }],
    });
  });

  test('an agent cancels only its own; a bound token only in its lanes', async () => {
    const agent = await namedToken(api, { name: 'agent-7', role: 'agent' });
    const own = actionSchema.parse(
      (await post('/v1/actions', { type: 'POST_SOCIAL', payload: { platform: 'x', content: 'a' } }, agent)).json(),
    );
    const others = await queued(db);
    expect(await cancel({ ids: [own.id, others] }, agent)).toMatchObject({ changed: 1, refused: [{ id: others }] });
    const bound = await namedToken(api, { name: 'of-brand', role: 'operator', lanes: ['brand'] });
    expect((await post('/v1/actions/cancel', { filter: { lane: 'default' } }, bound)).statusCode).toBe(403);
    await queued(db, { lane: 'brand' });
    expect((await cancel({ filter: {} }, bound)).changed).toBe(1);
    expect(await statusOf(others)).toBe('PENDING');
  });

  test.each([
    ['neither', {}, 'filter'],
    ['both', { ids: [NOWHERE], filter: {} }, 'filter'],
    ['a status that does not wait', { filter: { status: 'DLQ' } }, 'filter.status'],
    ['a time without a zone', { filter: { dueFrom: '2027-01-01T00:00:00' } }, 'filter.dueFrom'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await post('/v1/actions/cancel', body);
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });
});

describe('GET /v1/dlq/groups', () => {
  const groups = async (query = '') =>
    dlqGroupsSchema.parse((await api.call({ url: `/v1/dlq/groups?${query}`, headers: as('viewer') })).json());

  test('four thousand letters of one cause are one group, and are replayed as one', async () => {
    await db.query(`SELECT aol_create_lane('storm', 'test')`);
    await db.query(`
      WITH given AS (
        INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
        SELECT id, 'storm', 'CALL_WEBHOOK', '{"url":"https://a.example","body":1}', id::text, repeat('a', 64), 'test'
        FROM (SELECT uuidv7() AS id FROM generate_series(1, 4000)) AS new RETURNING id)
      SELECT count(*) FROM given`);
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = gen_random_uuid(), claim_lease_token = 1, claim_until = now() WHERE lane = 'storm'`,
    );
    await db.query(`UPDATE aol_actions SET status = 'DLQ', dlq_reason = 'rejected', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
        last_error = 'order ' || (1000 + random() * 1e6)::integer || ' (' || id || ', ' || md5(id::text) || '): 404 for user' || length(id::text) || '@shop.example'
      WHERE lane = 'storm'`);
    const other = await dead(db, { lane: 'storm' });
    const { items, isComplete } = await groups('lane=storm');
    expect(isComplete).toBe(true);
    expect(items).toMatchObject([
      { count: 4_000, lane: 'storm', type: 'CALL_WEBHOOK', account: null, dlqReason: 'rejected' },
      { count: 1, type: 'POST_SOCIAL', dlqReason: 'exhausted', cause: 'the provider said no', sampleId: other },
    ]);
    expect(items[0]?.cause).toBe('order … (…, …): 404 for …@shop.example');
    const filter = { lane: 'storm', cause: items[0]?.cause, dlqReason: 'rejected' };
    const answer = dlqAnswerSchema.parse((await post('/v1/dlq/replay', { filter })).json());
    expect(answer).toMatchObject({ matched: 4_000, changed: 1_000, remaining: 3_000 });
    expect(dlqAnswerSchema.parse((await post('/v1/dlq/clear', { filter })).json()).matched).toBe(3_000);
    expect(await statusOf(other)).toBe('DLQ');
  });

  test('what fails for other reasons is other groups: statuses stay, accounts are told apart', async () => {
    const lane = 'other';
    const failed = async (lastError: string | null, account?: string) => {
      const payload = { platform: 'bluesky', content: 'x', ...(account && { account }) };
      const id = await dead(db, { lane, payload });
      await db.query('UPDATE aol_actions SET last_error = $2 WHERE id = $1', [id, lastError]);
      return id;
    };
    await db.query(
      `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('brand-a', 'bluesky', 'a.example', 'https://bsky.social')`,
    );
    for (const error of ['answered 503', 'answered 404', 'answered 404', null]) await failed(error);
    const named = await failed('answered 404', 'brand-a');
    await failed('answered 404', 'brand-b');
    const told = (await groups(`lane=${lane}&type=POST_SOCIAL`)).items;
    expect(told.map(({ cause, count, account }) => [cause, account, count]).sort()).toEqual([
      ['', 'brand-a', 1],
      ['answered 404', 'brand-a', 3],
      ['answered 404', 'brand-b', 1],
      ['answered 503', 'brand-a', 1],
    ]);
    expect(told[0]).toMatchObject({ count: 3, sampleId: named });
    const matching = async (filter: object) =>
      dlqAnswerSchema.parse((await post('/v1/dlq/replay', { filter: { lane, ...filter }, dryRun: true })).json())
        .matched;
    expect(await matching({ account: 'brand-a', cause: 'answered 404' })).toBe(3);
    expect(await matching({ account: 'brand-b' })).toBe(1);
    expect(await matching({ cause: '' })).toBe(1);
    expect((await groups('lane=brand&type=CALL_WEBHOOK')).items).toEqual([]);
    expect((await unconfirmed(db)).length).toBe(36);
    await db.query('TRUNCATE aol_accounts CASCADE');
  });
});
