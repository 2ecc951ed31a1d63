import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actionListSchema, actionSchema } from '../../src/contracts/http/action.ts';
import { batchAnswerSchema } from '../../src/contracts/http/batch.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { as, countRows, createTestApi, POST, postRaw, type TestApi, toldAtOnce } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

function enqueue(body: Record<string, unknown>, headers: Record<string, string> = {}) {
  return postRaw(api, '/v1/actions', JSON.stringify({ type: 'POST_SOCIAL', payload: POST, ...body }), headers);
}

function get(url: string) {
  return api.call({ url, headers: as('viewer') });
}

describe('POST /v1/actions', () => {
  test('queues a proof and wakes its lane, while Temporal is away', async () => {
    const answer = await enqueue({ idempotencyKey: 'first' });
    expect(answer.statusCode).toBe(201);
    const action = actionSchema.parse(answer.json());
    expect(action).toMatchObject({
      lane: 'default',
      type: 'POST_SOCIAL',
      payload: POST,
      idempotencyKey: 'first',
      status: 'PENDING',
      mode: 'PROOF',
      priority: 0,
      maxAttempts: 3,
      createdBy: 'operator',
    });
    expect(answer.headers.location).toBe(`/v1/actions/${action.id}`);
    expect(api.wakes).toContain('default');
  });

  test('D5: a duplicate key is an answer, not an error', async () => {
    const first = await enqueue({ idempotencyKey: 'D5' });
    const again = await enqueue({ idempotencyKey: 'D5' });
    expect([first.statusCode, again.statusCode]).toEqual([201, 200]);
    expect(actionSchema.parse(again.json()).id).toBe(actionSchema.parse(first.json()).id);
    expect((await enqueue({ idempotencyKey: 'after D5' })).statusCode).toBe(201);
  });

  test('the same key with another request is refused and names the action', async () => {
    const first = actionSchema.parse((await enqueue({ idempotencyKey: 'conflict' })).json());
    const other = await enqueue({ idempotencyKey: 'conflict', payload: { ...POST, content: 'Other' } });
    expect(other.statusCode).toBe(409);
    expect(other.json()).toMatchObject({ status: 409, code: 'AOL_KEY_CONFLICT', actionId: first.id });
    expect((await enqueue({ idempotencyKey: 'conflict', priority: 1 })).statusCode).toBe(409);
  });

  test('100 enqueues at once with one key make one action', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const answers = await Promise.all(Array.from({ length: 100 }, () => enqueue({ idempotencyKey: 'hundred' })));
    expect(toldAtOnce(answers)).toEqual([...Array.from({ length: 99 }, () => '200'), '201']);
    expect(new Set(answers.map((answer) => actionSchema.parse(answer.json()).id)).size).toBe(1);
    expect(await countRows(api.database, 'aol_actions')).toBe(before + 1);
  });

  test('takes the key from the header, and refuses two that differ', async () => {
    const one = await enqueue({}, { 'idempotency-key': 'from header' });
    expect(actionSchema.parse(one.json()).idempotencyKey).toBe('from header');
    expect((await enqueue({ idempotencyKey: 'from header' })).statusCode).toBe(200);
    expect((await enqueue({ idempotencyKey: 'a' }, { 'idempotency-key': 'b' })).statusCode).toBe(400);
    expect((await enqueue({}, { 'idempotency-key': 'k'.repeat(256) })).json()).toMatchObject({
      status: 400,
      errors: [{ field: 'Idempotency-Key' }],
    });
  });

  test('what is due within a minute wakes its lane, which sleeps a minute when it is idle', async () => {
    const before = api.wakes.length;
    await enqueue({ runAt: new Date(Date.now() + 50_000).toISOString() });
    expect(api.wakes).toHaveLength(before + 1);
  });

  test('what is due later wakes nobody', async () => {
    const before = api.wakes.length;
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const answer = await enqueue({ runAt });
    expect(actionSchema.parse(answer.json()).runAt).toBe(runAt);
    expect(api.wakes).toHaveLength(before);
  });

  test('REAL of a type that performs is queued', async () => {
    const payload = { url: 'https://example.com/hook', body: { order: 42 } };
    const answer = await enqueue({ type: 'CALL_WEBHOOK', payload, mode: 'REAL' });
    expect([answer.statusCode, actionSchema.parse(answer.json()).mode]).toEqual([201, 'REAL']);
    const wrong = await enqueue({ type: 'CALL_WEBHOOK', payload: { ...payload, url: 'file:///etc/passwd' } });
    expect(wrong.json()).toMatchObject({ status: 422, errors: [{ field: 'payload.url' }] });
  });

  test('REAL is refused while no worker has an account for it, names what is missing, and stores nothing', async () => {
    const before = await countRows(api.database, 'aol_actions');
    const answer = await enqueue({ mode: 'REAL' });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      code: 'AOL_REAL_UNAVAILABLE',
      errors: [{ field: 'mode', rule: expect.stringContaining('BLUESKY_IDENTIFIER, BLUESKY_APP_PASSWORD') }],
    });
    expect(await countRows(api.database, 'aol_actions')).toBe(before);
  });

  test('REAL names its account where there are several; one that no worker has is refused', async () => {
    const own = await createTestApi();
    const ask = (payload: object) =>
      own.call({
        method: 'POST',
        url: '/v1/actions',
        headers: { ...as('operator'), 'content-type': 'application/json' },
        payload: JSON.stringify({ type: 'POST_SOCIAL', payload: { ...POST, ...payload }, mode: 'REAL' }),
      });
    await own.database.pool.query(
      `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('brand-a', 'bluesky', 'a.example', 'https://bsky.social'),
         ('brand-b', 'bluesky', 'b.example', 'https://bsky.social'), ('brand-x', 'x', 'x', 'https://api.x.com')`,
    );
    const named = await ask({ account: 'brand-b' });
    const unnamed = await ask({});
    const others = await ask({ account: 'brand-x' });
    await own.close();
    expect([named.statusCode, unnamed.statusCode, others.statusCode]).toEqual([201, 422, 422]);
    for (const refused of [unnamed, others]) {
      expect(refused.json()).toMatchObject({
        errors: [{ field: 'payload.account', rule: expect.stringContaining('brand-a, brand-b') }],
      });
    }
  });
});

test('a reply names an action of its lane and type that is there, in a batch too', async () => {
  const first = actionSchema.parse((await enqueue({})).json());
  const hook = { type: 'CALL_WEBHOOK', payload: { url: 'https://example.com/', body: 1 } };
  const other = actionSchema.parse((await enqueue(hook)).json());
  await api.call({ method: 'PUT', url: '/v1/lanes/elsewhere', headers: as('admin') });
  const reply = (id: string) => ({ payload: { ...POST, replyTo: `action:${id}` } });
  const nobody = '01937e4a-5b6c-7d8e-9f01-23456789abcd';
  const asked = [reply(first.id), reply(nobody), reply(other.id), { ...reply(first.id), lane: 'elsewhere' }];
  const answers = await Promise.all(asked.map((each) => enqueue(each)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 422, 422, 422]);
  expect(answers[1]?.json()).toMatchObject({
    code: 'AOL_UNPROCESSABLE',
    errors: [
      {
        field: 'payload.replyTo',
        rule: `must name an action of POST_SOCIAL in the same lane: there is none with the id ${nobody}`,
      },
    ],
  });
  const batch = { actions: asked.map((each) => ({ type: 'POST_SOCIAL', ...each })) };
  const { results } = batchAnswerSchema.parse((await postRaw(api, '/v1/actions/batch', JSON.stringify(batch))).json());
  expect(results.map(({ status }) => status)).toEqual([201, 422, 422, 422]);
});

describe('reading', () => {
  test('pages are stable, newest first, and filters hold', async () => {
    const firstPage = actionListSchema.parse((await get('/v1/actions?limit=2')).json());
    expect(firstPage.items).toHaveLength(2);
    const ids = firstPage.items.map((item) => item.id);
    let cursor = firstPage.nextCursor;
    while (cursor !== null) {
      const page = actionListSchema.parse((await get(`/v1/actions?limit=2&cursor=${cursor}`)).json());
      ids.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    }
    expect(ids).toHaveLength(firstPage.total);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    const none = actionListSchema.parse((await get('/v1/actions?status=DLQ&type=POST_SOCIAL&lane=default')).json());
    expect(none).toEqual({ items: [], nextCursor: null, total: 0, totalIsExact: true });
  });

  test('an action says why it waits', async () => {
    const { id } = actionSchema.parse((await enqueue({})).json());
    expect(actionSchema.parse((await get(`/v1/actions/${id}`)).json()).waiting).toBe('no worker is running');
  });

  test('logs tell what happened, in order', async () => {
    const { id } = actionSchema.parse((await enqueue({})).json());
    const logs = logListSchema.parse((await get(`/v1/actions/${id}/logs?limit=1`)).json());
    expect(logs).toMatchObject({ total: 1, nextCursor: null, items: [{ event: 'ENQUEUED', actor: 'operator' }] });
  });

  test('the artifact is exactly the hashed bytes', async () => {
    const { id } = actionSchema.parse((await enqueue({})).json());
    expect((await get(`/v1/actions/${id}/artifact`)).statusCode).toBe(404);
    const bytes = Buffer.from('{"summary":"Grüße\\u0001"}');
    await succeed(id, bytes);
    const answer = await get(`/v1/actions/${id}/artifact`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.bytes.equals(bytes)).toBe(true);
    expect(answer.headers.etag).toBe(`"${sha256Hex(bytes)}"`);
    expect(answer.headers['x-content-sha256']).toBe(sha256Hex(bytes));
    api.artifacts.set(`file:${id}`, Buffer.from('tampered'));
    const tampered = await get(`/v1/actions/${id}/artifact`);
    expect(tampered.statusCode).toBe(500);
    expect(tampered.json()).toMatchObject({ code: 'AOL_ARTIFACT' });
    expect(tampered.body).not.toContain('file:');
  });

  test('what is not there is 404, a wrong id is 400', async () => {
    expect((await get('/v1/actions/019502a0-0000-7000-8000-000000000000')).statusCode).toBe(404);
    expect((await get('/v1/actions/019502a0-0000-7000-8000-000000000000/logs')).statusCode).toBe(404);
    expect((await get('/v1/actions/1')).json()).toMatchObject({ status: 400, errors: [{ field: 'id' }] });
  });
});

describe('cancel', () => {
  test('cancels what waits, once; a final action is left alone', async () => {
    const { id } = actionSchema.parse((await enqueue({})).json());
    const cancelled = await postRaw(api, `/v1/actions/${id}/cancel`, '{"reason":"not now"}');
    expect(cancelled.statusCode).toBe(200);
    expect(actionSchema.parse(cancelled.json()).status).toBe('CANCELLED');
    const again = await api.call({ method: 'POST', url: `/v1/actions/${id}/cancel`, headers: as('operator') });
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'AOL_STATE_CONFLICT', currentStatus: 'CANCELLED' });
  });
});

/** Brings an action to SUCCESS by hand, as a worker would. */
async function succeed(id: string, bytes: Buffer): Promise<void> {
  const uri = `file:${id}`;
  api.artifacts.set(uri, bytes);
  await api.database.pool.query(
    `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = $1, claim_lease_token = 1, claim_until = now() WHERE id = $1`,
    [id],
  );
  await api.database.pool.query(
    `UPDATE aol_actions SET status = 'SUCCESS', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
       artifact_sha256 = $2, artifact_uri = $3, finished_at = now() WHERE id = $1`,
    [id, sha256Hex(bytes), uri],
  );
}
