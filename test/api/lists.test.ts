/** Lists over HTTP: filters, keyset pages, totals; what comes next in a lane; what an action is compared with; adapters. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { actionListSchema, lastApprovedSchema, nextActionsSchema } from '../../src/contracts/http/action.ts';
import { adapterListSchema } from '../../src/contracts/http/adapter.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { tickListSchema } from '../../src/contracts/http/tick.ts';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { as, createTestApi, type TestApi } from '../support/api.ts';
import { claimOnce, holder, setFlag } from '../support/engine.ts';
import { awaiting, awaitingApproval, dead, queued, SHA, unconfirmed } from '../support/settled.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
  await db.query(`SELECT aol_create_lane('brand', 'test')`);
});
afterAll(() => api.close());

async function get<Schema extends z.ZodType>(schema: Schema, url: string): Promise<z.output<Schema>> {
  const answer = await api.call({ url, headers: as('viewer') });
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`);
  return schema.parse(answer.json());
}

/** All items of a list, by its cursors. */
async function all(path: string, query: string, limit = 3) {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await get(actionListSchema, `${path}?${query}&limit=${limit}${cursor}`);
    ids.push(...page.items.map(({ id }) => id));
    if (page.nextCursor === null) return ids;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

describe('GET /v1/actions', () => {
  test('status lists, lanes, modes, types and words, alone and together, page by page', async () => {
    const made = {
      pending: await queued(db, {
        idempotencyKey: 'order-17',
        payload: { platform: 'x', content: 'Grüße "quoted" 100%' },
      }),
      brand: await queued(db, {
        lane: 'brand',
        type: 'CALL_WEBHOOK',
        payload: { url: 'https://a.example', body: 'x_y' },
      }),
      dead: await dead(db),
      deadBrand: await dead(db, { lane: 'brand' }),
      real: await queued(db, { mode: 'REAL' }),
      unconfirmed: await unconfirmed(db),
    };
    const newest = Object.values(made).reverse();
    expect(await all('/v1/actions', '')).toEqual(newest);
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['status=DLQ', [made.deadBrand, made.dead]],
      ['status=DLQ,UNCONFIRMED', [made.unconfirmed, made.deadBrand, made.dead]],
      ['status=DLQ&lane=brand', [made.deadBrand]],
      ['lane=brand', [made.deadBrand, made.brand]],
      ['mode=REAL', [made.unconfirmed, made.real]],
      ['mode=REAL&status=PENDING', [made.real]],
      ['type=CALL_WEBHOOK', [made.brand]],
      [`q=${made.real}`, [made.real]],
      [`q=${made.real.toUpperCase()}`, [made.real]],
      [`q=${made.real}&status=DLQ`, []],
      ['q=order-', [made.pending]],
      ['q=rder-17', []],
      [`q=${encodeURIComponent('grüsse')}`, []],
      [`q=${encodeURIComponent('grüße "quoted"')}`, [made.pending]],
      ['q=100%25', [made.pending]],
      ['q=100_', []],
      ['q=x_y', [made.brand]],
      ['q=PROVIDER said', [made.deadBrand, made.dead]],
      ['q=provider&lane=brand&status=DLQ,PENDING', [made.deadBrand]],
      ['lane=nowhere', []],
    ];
    for (const [query, expected] of cases) {
      const escaped = query.replaceAll(' ', '%20');
      expect([query, await all('/v1/actions', escaped, 1)]).toEqual([query, expected]);
      const { total, totalIsExact } = await get(actionListSchema, `/v1/actions?${escaped}`);
      expect([query, total, totalIsExact]).toEqual([query, expected.length, true]);
    }
  });

  test.each([
    ['status=DLQ,', 'status'],
    ['status=dlq', 'status'],
    ['status=DLQ&status=RUNNING', 'status'],
    ['mode=real', 'mode'],
    ['limit=201', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=', 'limit'],
    ['limit=1e1', 'limit'],
    ['q=', 'q'],
    ['q=%00', 'q'],
    ['sort=id', 'sort'],
    ['order=newest&status=AWAITING_APPROVAL', 'order'],
    ['order=expires', 'order'],
    ['order=expires&status=WAITING', 'status'],
    ['order=expires&status=AWAITING_APPROVAL,DLQ', 'order'],
    ['order=expires&status=AWAITING_APPROVAL&q=x', 'order'],
    [`order=expires&status=AWAITING_APPROVAL&cursor=${Buffer.from('x').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('x').toString('base64url')}`, 'cursor'],
  ])('%s is 400', async (query, field) => {
    const answer = await api.call({ url: `/v1/actions?${query}`, headers: as('viewer') });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
  });

  test('what waits for approval, by what runs out first; what never does comes last', async () => {
    const waiting = {
      never: await awaiting(db, null),
      late: await awaiting(db, 3_000),
      soon: await awaiting(db, 1_000),
      never2: await awaiting(db, null),
      middle: await awaiting(db, 2_000),
    };
    const query = 'status=AWAITING_APPROVAL&order=expires';
    const expected = [waiting.soon, waiting.middle, waiting.late, waiting.never, waiting.never2];
    for (const limit of [1, 2, 4, 5])
      expect([limit, await all('/v1/actions', query, limit)]).toEqual([limit, expected]);
    expect(await all('/v1/actions', `${query}&lane=default&type=POST_SOCIAL&mode=REAL`)).toEqual(expected);
    for (const none of ['lane=brand', 'type=CALL_WEBHOOK', 'mode=PROOF'])
      expect(await all('/v1/actions', `${query}&${none}`)).toEqual([]);
    expect((await get(actionListSchema, `/v1/actions?${query}&limit=1`)).total).toBe(5);
    // What was approved meanwhile moves nothing of the pages behind it.
    const first = await get(actionListSchema, `/v1/actions?${query}&limit=1`);
    const reject = { method: 'POST', url: `/v1/actions/${waiting.soon}/reject`, headers: as('admin') } as const;
    expect((await api.call(reject)).statusCode).toBe(200);
    const second = await get(actionListSchema, `/v1/actions?${query}&limit=1&cursor=${first.nextCursor}`);
    expect(second.items[0]?.id).toBe(waiting.middle);
  });

  test('a total stops at 10,000 and says so; a search looks through so many rows and goes on', async () => {
    await db.query(`INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
      SELECT ('019502a0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'default', 'POST_SOCIAL',
        jsonb_build_object('content', CASE WHEN n = 1 THEN 'needle' ELSE 'hay' END), 'old-' || n, repeat('a', 64), 'test'
      FROM generate_series(1, 10500) AS n`);
    expect(await get(actionListSchema, '/v1/actions?limit=1')).toMatchObject({ total: 10_000, totalIsExact: false });
    expect(await get(actionListSchema, '/v1/actions?status=PENDING&limit=1')).toMatchObject({
      total: 10_000,
      totalIsExact: false,
    });
    const first = await get(actionListSchema, '/v1/actions?q=needle&limit=5');
    expect(first).toMatchObject({ items: [], total: 0, totalIsExact: false, nextCursor: expect.any(String) });
    expect(await all('/v1/actions', 'q=needle', 5)).toEqual(['019502a0-0000-7000-8000-000000000001']);
  });
});

describe('GET /v1/logs and /v1/ticks', () => {
  test('filters hold, alone and together', async () => {
    const { tickId } = await claimOnce(db, holder('first'));
    const ofTick = await get(logListSchema, `/v1/logs?tickId=${tickId}`);
    expect(ofTick.items.length).toBeGreaterThan(0);
    expect(new Set(ofTick.items.map((entry) => entry.tickId))).toEqual(new Set([tickId]));
    expect(ofTick.items.map(({ id }) => id)).toEqual(ofTick.items.map(({ id }) => id).sort((a, b) => b - a));
    const actionId = ofTick.items[0]?.actionId ?? '';
    const ofAction = await get(logListSchema, `/v1/logs?actionId=${actionId}`);
    expect(new Set(ofAction.items.map((entry) => entry.actionId))).toEqual(new Set([actionId]));
    const both = await get(
      logListSchema,
      `/v1/logs?actionId=${actionId}&tickId=${tickId}&event=ATTEMPT_STARTED,CLAIMED`,
    );
    expect(both.items).toHaveLength(1);
    await api.call({ method: 'POST', url: '/v1/control/pause', headers: as('operator') });
    await api.call({ method: 'POST', url: '/v1/control/resume', headers: as('operator') });
    const severe = await get(logListSchema, '/v1/logs?level=WARNING,ERROR&actor=operator');
    expect(severe.items.map(({ message }) => message)).toEqual(['paused = false', 'paused = true']);
    expect(severe).toMatchObject({ total: 2, totalIsExact: true });
    const words = await get(logListSchema, '/v1/logs?q=PAUSED%20=&lane=*&limit=1');
    expect(words.items).toHaveLength(1);
    const rest = await get(logListSchema, `/v1/logs?q=PAUSED%20=&lane=*&limit=1&cursor=${words.nextCursor}`);
    expect(rest.items[0]?.id).toBeLessThan(words.items[0]?.id ?? 0);
    expect((await get(logListSchema, '/v1/logs?level=DEBUG')).items).toEqual([]);
  });

  test('ticks of a lane and of all have pages of their own order', async () => {
    await setFlag(db, 'tick_interval_ms', 0);
    for (let n = 0; n < 3; n += 1) await claimOnce(db, holder('first', 1));
    for (const query of ['', 'lane=default&']) {
      const whole = await get(tickListSchema, `/v1/ticks?${query}limit=200`);
      const numbers: number[] = [];
      for (let cursor = ''; ; ) {
        const page = await get(tickListSchema, `/v1/ticks?${query}limit=1${cursor}`);
        numbers.push(...page.items.map((tick) => tick.number));
        if (page.nextCursor === null) break;
        cursor = `&cursor=${page.nextCursor}`;
      }
      expect(numbers.length).toBeGreaterThan(2);
      expect(numbers).toEqual(whole.items.map((tick) => tick.number));
      expect(whole).toMatchObject({ total: numbers.length, totalIsExact: true });
    }
  });
});

describe('GET /v1/lanes/{lane}/next', () => {
  test('says why nothing is claimed', async () => {
    expect((await get(nextActionsSchema, '/v1/lanes/brand/next')).why).toBe('no worker is running');
    await setFlag(db, 'killed', true, 'brand');
    expect((await get(nextActionsSchema, '/v1/lanes/brand/next')).why).toContain('the lane is killed');
    await setFlag(db, 'killed', false, 'brand');
    await setFlag(db, 'paused', true);
    expect((await get(nextActionsSchema, '/v1/lanes/brand/next')).why).toContain('all lanes are paused');
    await setFlag(db, 'paused', false);
    expect((await api.call({ url: '/v1/lanes/nowhere/next', headers: as('viewer') })).statusCode).toBe(404);
  });

  test('is what the claim then takes', async () => {
    const worker = new (await import('pg')).default.Client({
      connectionString: api.database.url,
      application_name: 'aol-worker:PROOF',
    });
    await worker.connect();
    await db.query(`SELECT aol_create_lane('queue', 'test')`);
    expect((await get(nextActionsSchema, '/v1/lanes/queue/next')).why).toContain('nothing is queued');
    const low = await queued(db, { lane: 'queue', priority: -5 });
    const ids = [low, await queued(db, { lane: 'queue' }), await queued(db, { lane: 'queue', priority: 9 })];
    await queued(db, { lane: 'queue', priority: 1 });
    await queued(db, { lane: 'queue', mode: 'REAL', priority: 100 });
    const next = await get(nextActionsSchema, '/v1/lanes/queue/next');
    expect(next.items).toHaveLength(3);
    expect(next.items[0]?.id).toBe(low);
    expect(next.items[1]?.id).toBe(ids[2]);
    const { tickId } = await claimOnce(db, holder('other', null, 'queue'));
    const { rows } = await db.query<{ id: string }>('SELECT id FROM aol_actions WHERE claim_tick_id = $1', [tickId]);
    expect(rows.map((row) => row.id).sort()).toEqual(next.items.map(({ id }) => id).sort());
    await worker.end();
  });
});

describe('GET /v1/actions/{id}/last-approved', () => {
  const about = async (id: string) => (await get(lastApprovedSchema, `/v1/actions/${id}/last-approved`)).action?.id;
  const webhook = (url: string) => ({ type: 'CALL_WEBHOOK', payload: { url, body: 1 } });
  const post = (account: string) => ({ payload: { platform: 'bluesky', content: 'Hello', account } });
  const approve = (id: string) => approveAction(db, id, SHA, { actor: 'anna' });

  test('is the one of its account that a person approved last; what was only sent is none', async () => {
    const url = 'https://one.example';
    const asked = await awaitingApproval(db, webhook(url));
    const sent = await queued(db, { ...webhook(url), mode: 'REAL' });
    await db.query(
      `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = $2, claim_lease_token = 1, claim_until = now() WHERE id = $1`,
      [sent, randomUUID()],
    );
    await db.query(
      `UPDATE aol_actions SET status = 'SUCCESS', claim_tick_id = NULL, claim_lease_token = NULL, claim_until = NULL,
         artifact_sha256 = repeat('b', 64), artifact_uri = 'artifact:b', receipt = '{}', finished_at = now() WHERE id = $1`,
      [sent],
    );
    expect(await about(asked)).toBeUndefined();
    const [first, second] = [await awaitingApproval(db, webhook(url)), await awaitingApproval(db, webhook(url))];
    const elsewhere = await awaitingApproval(db, webhook('https://two.example'));
    // The older of the two is approved last.
    for (const id of [second, elsewhere, first]) await approve(id);
    expect(await about(asked)).toBe(first);
    expect(await about(first)).toBe(second);
    expect(await about(elsewhere)).toBeUndefined();
  });

  test('of two accounts of one provider each has its own', async () => {
    const [one, other] = [await awaitingApproval(db, post('one')), await awaitingApproval(db, post('other'))];
    await approve(one);
    await approve(other);
    expect(await about(await awaitingApproval(db, post('one')))).toBe(one);
  });
});

test('GET /v1/adapters tells each type, its schema, and what REAL lacks', async () => {
  const { items } = await get(adapterListSchema, '/v1/adapters');
  expect(items.map(({ type }) => type)).toEqual(expect.arrayContaining(['POST_SOCIAL', 'CALL_WEBHOOK']));
  const webhook = items.find(({ type }) => type === 'CALL_WEBHOOK');
  expect(webhook).toMatchObject({
    performs: true,
    redelivery: 'depends',
    real: { configured: true, missing: [] },
    payloadSchema: { type: 'object', properties: { url: { type: 'string' } }, additionalProperties: false },
    example: { url: expect.any(String) },
  });
  expect(items.find(({ type }) => type === 'POST_SOCIAL')).toMatchObject({
    performs: true,
    real: { configured: false },
    providers: expect.arrayContaining([
      { provider: 'mastodon', accounts: [], configured: false, missing: ['MASTODON_URL', 'MASTODON_ACCESS_TOKEN'] },
    ]),
  });
});
