/** Promise 13: whatever an agent's token calls, nothing becomes free to be sent that a person has not approved. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Action, actionSchema } from '../../src/contracts/http/action.ts';
import { batchAnswerSchema } from '../../src/contracts/http/batch.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { CSRF_HEADER, sessionSchema } from '../../src/contracts/http/session.ts';
import { as, createTestApi, namedToken, type TestApi } from '../support/api.ts';
import { awaitingApproval, dead, proved, queued, SHA, unconfirmed } from '../support/settled.ts';

let api: TestApi;
let agent: Record<string, string>;

beforeAll(async () => {
  api = await createTestApi();
  agent = await namedToken(api, { name: 'bot', role: 'agent' });
});
afterAll(() => api.close());
afterEach(nothingIsFree);

const post = (url: string, body: unknown, headers = agent) =>
  api.call({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(body),
  });
const WEBHOOK = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com/', body: {} } };
const real = (more: object = {}) => ({ ...WEBHOOK, mode: 'REAL', ...more });

async function queue(body: object, headers = agent): Promise<Action> {
  const answer = await post('/v1/actions', body, headers);
  expect(answer.statusCode).toBe(201);
  return actionSchema.parse(answer.json());
}

/** What the agent wants: a REAL action that needs nobody, or an approval, or a lane that lets more through. */
async function nothingIsFree(): Promise<void> {
  const { rows } = await api.database.pool.query(
    `SELECT id FROM aol_actions WHERE mode = 'REAL' AND created_by = 'bot'
       AND (NOT approval_needed OR approval_sha256 IS NOT NULL OR approval_by IS NOT NULL)`,
  );
  expect(rows).toEqual([]);
  const { rows: loose } = await api.database.pool.query(
    `SELECT name, value FROM aol_control_flags WHERE (name = 'proof_only' AND value = 'false') OR updated_by = 'bot'
       AND NOT (name IN ('paused', 'killed') AND value = 'true')`,
  );
  expect(loose).toEqual([]);
}

describe('queueing', () => {
  test.each([
    ['nothing said of approval', {}],
    ['approval refused', { requireApproval: false }],
    ['a key', { idempotencyKey: 'mine', requireApproval: false }],
    ['another lane', { lane: 'free', requireApproval: false }],
  ])('REAL with %s awaits approval, though the lane asks nobody', async (_name, more) => {
    await api.database.pool.query(`SELECT aol_create_lane('free', 'test')`);
    await api.database.pool.query(
      `UPDATE aol_control_flags SET value = '"none"' WHERE lane = 'free' AND name = 'approval_policy'`,
    );
    expect((await queue(real(more))).approval).toMatchObject({ needed: true, by: null, sha256: null });
  });

  test('so does each of a batch', async () => {
    const actions = [real(), real({ requireApproval: false }), WEBHOOK, real({ idempotencyKey: 'in-a-batch' })];
    const answer = await post('/v1/actions/batch', { actions });
    const { results } = batchAnswerSchema.parse(answer.json());
    const needed = results.map((result) => 'action' in result && [result.action.mode, result.action.approval.needed]);
    expect(needed).toEqual([
      ['REAL', true],
      ['REAL', true],
      ['PROOF', false],
      ['REAL', true],
    ]);
  });

  test('the same call again is the same action; an operator’s own needs nobody', async () => {
    const asked = real({ idempotencyKey: 'again', requireApproval: false });
    const { id } = await queue(asked);
    const again = await post('/v1/actions', asked);
    expect([again.statusCode, actionSchema.parse(again.json()).id]).toEqual([200, id]);
    expect((await queue(real({ requireApproval: false }), as('operator'))).approval.needed).toBe(false);
  });

  test('under a key of a promotion is refused, in body, header and batch', async () => {
    const idempotencyKey = `promote:${await proved(api.database.pool)}`;
    expect((await post('/v1/actions', real({ idempotencyKey }))).statusCode).toBe(400);
    const byHeader = await post('/v1/actions', real(), { ...agent, 'idempotency-key': idempotencyKey });
    expect(byHeader.statusCode).toBe(400);
    const inBatch = await post('/v1/actions/batch', { actions: [real({ idempotencyKey }), { ...WEBHOOK }] });
    expect(batchAnswerSchema.parse(inBatch.json()).results.map(({ status }) => status)).toEqual([400, 201]);
  });
});

describe('deciding', () => {
  const decisions = async () => {
    const db = api.database.pool;
    const own = await queue(real());
    const waiting = await awaitingApproval(db);
    const proof = await proved(db, WEBHOOK);
    return [
      [`/v1/actions/${waiting}/approve`, { sha256: SHA }],
      [`/v1/actions/${own.id}/approve`, { sha256: SHA }],
      [`/v1/actions/${waiting}/reject`, {}],
      [`/v1/actions/${proof}/promote`, { sha256: SHA }],
      [`/v1/actions/${await dead(db)}/replay`, {}],
      [`/v1/actions/${await unconfirmed(db)}/resolve`, { outcome: 'not_sent' }],
      [`/v1/dlq/replay`, { filter: {} }],
      [`/v1/dlq/clear`, { filter: {} }],
      ['/v1/control/start', {}],
      ['/v1/control/resume', {}],
      ['/v1/tokens', { name: 'mine', role: 'admin' }],
      ['/v1/tokens', { name: 'bot', role: 'approver' }],
    ] as const;
  };

  test('is refused, each decision, also under the cookie of a session', async () => {
    const session = await signIn();
    for (const [url, body] of await decisions()) {
      for (const headers of [agent, session]) {
        const answer = await post(url, body, headers);
        const { code } = problemSchema.parse(answer.json());
        expect([url, answer.statusCode, code]).toEqual([url, 403, 'AOL_FORBIDDEN']);
      }
    }
    expect((await queue(real({ requireApproval: false }), session)).approval.needed).toBe(true);
  });

  test('flags and lanes are out of its reach, also those that tighten', async () => {
    const call = (method: string, url: string, body: unknown) =>
      api.call({
        method,
        url,
        headers: { ...agent, 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      });
    const flags = [{ proof_only: false }, { approval_policy: 'none' }, { paused: false }, { max_running: 1 }];
    for (const flag of flags) expect((await call('PATCH', '/v1/control/flags', { flags: flag })).statusCode).toBe(403);
    expect((await call('PUT', '/v1/lanes/mine', {})).statusCode).toBe(403);
  });

  test('it pauses and kills; only a person goes on', async () => {
    for (const verb of ['pause', 'kill']) {
      expect((await post(`/v1/control/${verb}`, { reason: 'it looks wrong' })).statusCode).toBe(200);
    }
    for (const verb of ['resume', 'start']) {
      expect((await post(`/v1/control/${verb}`, {})).statusCode).toBe(403);
      expect((await post(`/v1/control/${verb}`, {}, as('operator'))).statusCode).toBe(200);
    }
  });

  async function signIn(): Promise<Record<string, string>> {
    const token = agent.authorization?.slice('Bearer '.length);
    const origin = { origin: api.url, 'sec-fetch-site': 'same-origin' };
    const answer = await post('/v1/session', { token }, origin);
    const cookie = String(answer.headers['set-cookie']).split(';', 1)[0] ?? '';
    const { role, csrfToken } = sessionSchema.parse(answer.json());
    expect(role).toBe('agent');
    return { ...origin, cookie, [CSRF_HEADER]: csrfToken ?? '' };
  }
});

describe('cancelling', () => {
  const cancel = (id: string, headers = agent) => post(`/v1/actions/${id}/cancel`, { reason: 'a mistake' }, headers);

  test('its own, and no other', async () => {
    const own = await queue(real());
    const theirs = await queue(real(), as('operator'));
    expect(actionSchema.parse((await cancel(own.id)).json()).status).toBe('CANCELLED');
    expect((await cancel(theirs.id)).json()).toMatchObject({
      status: 403,
      detail: expect.stringContaining('was queued by operator'),
    });
    expect((await cancel(theirs.id, as('operator'))).statusCode).toBe(200);
  });

  test('what may have happened, or has failed, is for a person to judge, though it is its own', async () => {
    const db = api.database.pool;
    const ids = [await dead(db, {}), await unconfirmed(db)];
    await db.query('ALTER TABLE aol_actions DISABLE TRIGGER aol_actions_immutable');
    await db.query(`UPDATE aol_actions SET created_by = 'bot', approval_needed = true WHERE id = ANY ($1::uuid[])`, [
      ids,
    ]);
    await db.query('ALTER TABLE aol_actions ENABLE TRIGGER aol_actions_immutable');
    for (const id of ids) {
      expect((await cancel(id)).statusCode).toBe(403);
      expect((await cancel(id, as('operator'))).statusCode).toBe(200);
    }
  });
});

describe('the database itself', () => {
  const refused = { code: 'AOL07' };

  test('refuses an agent’s REAL action that needs nobody', async () => {
    const insert = (mode: string, needed: boolean, by: string) =>
      api.database.pool.query(
        `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, approval_needed, created_by)
         VALUES (gen_random_uuid(), 'default', 'T', '{}', gen_random_uuid()::text, repeat('a', 64), $1, $2, $3)`,
        [mode, needed, by],
      );
    await expect(insert('REAL', false, 'bot')).rejects.toMatchObject(refused);
    await insert('REAL', true, 'bot');
    await insert('PROOF', false, 'bot');
    await insert('REAL', false, 'somebody');
  });

  test('refuses to take the need of an approval back, and an approval that is not in the log', async () => {
    const db = api.database.pool;
    const id = await awaitingApproval(db);
    await expect(db.query('UPDATE aol_actions SET approval_needed = false WHERE id = $1', [id])).rejects.toMatchObject(
      refused,
    );
    await expect(
      db.query(`UPDATE aol_actions SET status = 'PENDING', approval_sha256 = artifact_sha256 WHERE id = $1`, [id]),
    ).rejects.toMatchObject(refused);
    const waiting = await queued(db, { mode: 'REAL', requireApproval: true });
    await expect(
      db.query('UPDATE aol_actions SET approval_sha256 = $2 WHERE id = $1', [waiting, SHA]),
    ).rejects.toMatchObject(refused);
  });

  test('does not count an approval that an agent wrote into the log', async () => {
    const db = api.database.pool;
    const id = await awaitingApproval(db);
    await db.query(
      `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message, detail)
       VALUES ('default', $1, 'APPROVED', 'bot', 'approved', jsonb_build_object('sha256', $2::text))`,
      [id, SHA],
    );
    await expect(
      db.query(`UPDATE aol_actions SET status = 'PENDING', approval_sha256 = artifact_sha256 WHERE id = $1`, [id]),
    ).rejects.toMatchObject(refused);
  });
});
