/** A token that is bound to lanes and types sees and touches only those. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accountListSchema } from '../../src/contracts/http/account.ts';
import { actionListSchema } from '../../src/contracts/http/action.ts';
import { budgetListSchema } from '../../src/contracts/http/budget.ts';
import { dlqAnswerSchema } from '../../src/contracts/http/decisions.ts';
import { laneListSchema } from '../../src/contracts/http/lane.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { tickListSchema } from '../../src/contracts/http/tick.ts';
import { tokenListSchema } from '../../src/contracts/http/token.ts';
import { as, createTestApi, namedToken, POST, postRaw, type TestApi } from '../support/api.ts';
import { awaitingApproval, dead, proved, SHA } from '../support/settled.ts';

let api: TestApi;
let bot: Record<string, string>;
let helper: Record<string, string>;
/** Bound to a type alone, in all lanes. */
let typist: Record<string, string>;
const ids: Record<string, string> = {};

beforeAll(async () => {
  api = await createTestApi();
  const db = api.database.pool;
  for (const lane of ['blog', 'shop', 'other']) {
    await api.call({ method: 'PUT', url: `/v1/lanes/${lane}`, headers: as('admin') });
    ids[`${lane} waits`] = await awaitingApproval(db, { lane });
    ids[`${lane} webhook`] = await awaitingApproval(db, { lane, type: 'CALL_WEBHOOK' });
    ids[`${lane} proof`] = await proved(db, { lane });
    ids[`${lane} dead`] = await dead(db, { lane });
    await db.query(
      `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, outcome, finished_at)
       SELECT gen_random_uuid(), $1, n, 1, 'r', 'PROOF', 'OK', now() FROM generate_series(1, 3) AS n`,
      [lane],
    );
  }
  bot = await namedToken(api, { name: 'bot', role: 'agent', lanes: ['blog'], types: ['POST_SOCIAL'] });
  await db.query(
    `INSERT INTO aol_accounts (name, provider, identity, server, state, reason)
     VALUES ('brand', 'bluesky', 'brand.example', 'https://bsky.social', 'needs_login', 'the password is wrong')`,
  );
  await db.query(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, run_at, held_by, created_by)
     SELECT id, lane, 'POST_SOCIAL', '{}', id::text, repeat('a', 64), 'REAL', now() + interval '1 hour', 'brand', 'test'
     FROM (SELECT uuidv7() AS id, lane FROM unnest('{blog,shop,other,other}'::text[]) AS lane) AS new`,
  );
  await db.query(`INSERT INTO aol_notice_destinations (name, seen_at) VALUES ('slack:#secret', now())`);
  typist = await namedToken(api, { name: 'typist', role: 'operator', types: ['POST_SOCIAL'] });
  helper = await namedToken(api, { name: 'helper', role: 'operator', lanes: ['blog', 'shop'], types: ['POST_SOCIAL'] });
});
afterAll(() => api.close());

const get = (url: string, headers: Record<string, string>) => api.call({ url, headers });
const post = (url: string, body: unknown, headers: Record<string, string>) =>
  postRaw(api, url, JSON.stringify(body), headers);
const codes = async (calls: readonly Promise<{ readonly statusCode: number }>[]) =>
  (await Promise.all(calls)).map(({ statusCode }) => statusCode);

describe('reads', () => {
  test('lists hold its lanes and nothing of others', async () => {
    const lanes = (items: readonly { readonly lane: string }[]) => [...new Set(items.map(({ lane }) => lane))].sort();
    const actions = actionListSchema.parse((await get('/v1/actions', helper)).json());
    expect([lanes(actions.items), actions.total]).toEqual([['blog', 'shop'], 10]);
    expect(lanes(laneListSchema.parse((await get('/v1/lanes', helper)).json()).items)).toEqual(['blog', 'shop']);
    expect(lanes(statusSchema.parse((await get('/v1/status', helper)).json()).lanes)).toEqual(['blog', 'shop']);
    const ticks = tickListSchema.parse((await get('/v1/ticks?limit=4', helper)).json());
    expect([lanes(ticks.items), ticks.items.length, ticks.total]).toEqual([['blog', 'shop'], 4, 6]);
    const rest = tickListSchema.parse((await get(`/v1/ticks?limit=4&cursor=${ticks.nextCursor}`, helper)).json());
    expect(new Set([...ticks.items, ...rest.items].map(({ id }) => id)).size).toBe(6);
    const logs = logListSchema.parse((await get('/v1/logs?limit=200', helper)).json());
    expect(lanes(logs.items)).toEqual(['blog', 'shop']);
  });

  test('the status tells of accounts, and counts what waits in its lanes alone; notices are of all lanes', async () => {
    const seen = async (headers: Record<string, string>) => {
      const { accounts, notices } = statusSchema.parse((await get('/v1/status', headers)).json());
      const [listed] = accountListSchema.parse((await get('/v1/accounts', headers)).json()).items;
      const waiting = [...accounts, ...(listed ? [listed, ...listed.budgets] : [])].map((one) => one.waiting);
      return { waiting, notices: notices.map(({ destination }) => destination) };
    };
    expect(await seen(bot)).toEqual({ waiting: [1, 1, 1], notices: [] });
    expect(await seen(helper)).toEqual({ waiting: [2, 2, 2], notices: [] });
    expect(await seen(typist)).toEqual({ waiting: [4, 4, 4], notices: ['slack:#secret'] });
    expect(budgetListSchema.parse((await get('/v1/budgets', typist)).json()).items).toHaveLength(1);
  });

  test('of the log of all lanes it sees the flags, which hold for its lanes too, and no tokens', async () => {
    await post('/v1/control/pause', { reason: 'all stop' }, as('operator'));
    await post('/v1/control/resume', {}, as('operator'));
    const logs = logListSchema.parse((await get('/v1/logs?limit=200', bot)).json());
    const ofAll = logs.items.filter(({ lane }) => lane === '*');
    expect(new Set(ofAll.map(({ event }) => event))).toEqual(new Set(['FLAG_CHANGED']));
    const events = await readEvents(bot);
    expect(events).toContain('"event":"FLAG_CHANGED"');
    expect(events).not.toContain('TOKEN_CREATED');
    expect(events).not.toContain('"lane":"shop"');
  });

  test('an action of another lane is not told apart from one that is not there', async () => {
    const nowhere = '019502a0-0000-7000-8000-000000000000';
    for (const part of ['', '/logs', '/artifact', '/last-approved']) {
      const there = await get(`/v1/actions/${ids['shop proof']}${part}`, bot);
      const absent = await get(`/v1/actions/${nowhere}${part}`, bot);
      expect([part, there.statusCode]).toEqual([part, 404]);
      const detail = (answer: typeof there) =>
        String(problemSchema.parse(answer.json()).detail).replaceAll(/[0-9a-f-]{36}/g, 'ID');
      expect(detail(there)).toBe(detail(absent));
    }
    expect((await get(`/v1/actions?q=${ids['shop proof']}`, bot)).json()).toMatchObject({ total: 0 });
    expect((await get(`/v1/actions/${ids['blog proof']}`, bot)).statusCode).toBe(200);
  });

  test('asking for another lane, or for all, is refused', async () => {
    const urls = [
      '/v1/actions?lane=shop',
      '/v1/ticks?lane=shop',
      '/v1/logs?lane=shop',
      '/v1/logs?lane=*',
      '/v1/events?lane=shop',
      '/v1/lanes/shop',
      '/v1/lanes/nowhere',
      '/v1/lanes/shop/next',
      '/v1/control/flags',
      '/v1/control/flags?lane=shop',
      '/v1/budgets',
      '/v1/budgets?scope=type&name=POST_SOCIAL',
      '/v1/notices',
      '/metrics',
    ];
    for (const url of urls) expect([url, (await get(url, bot)).statusCode]).toEqual([url, 403]);
    expect((await get('/v1/control/flags?lane=blog', bot)).statusCode).toBe(200);
  });

  async function readEvents(headers: Record<string, string>): Promise<string> {
    const ended = new AbortController();
    const response = await fetch(`${api.url}/v1/events?lastEventId=1`, { headers, signal: ended.signal });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes('FLAG_CHANGED')) break;
    }
    ended.abort();
    return text;
  }
});

describe('acts', () => {
  const asked = (lane: string, type = 'POST_SOCIAL') => ({
    type,
    lane,
    payload: type === 'POST_SOCIAL' ? POST : { url: 'https://example.com/', body: {} },
  });

  test('it queues its types in its lanes, and nothing else, single and in batches', async () => {
    expect((await post('/v1/actions', asked('blog'), bot)).statusCode).toBe(201);
    expect((await post('/v1/actions', asked('shop'), bot)).json()).toMatchObject({
      status: 403,
      detail: 'this token is bound to lane blog, and this is about lane shop',
    });
    expect((await post('/v1/actions', asked('blog', 'CALL_WEBHOOK'), bot)).json()).toMatchObject({
      status: 403,
      detail: 'this token is bound to the type POST_SOCIAL, and this is CALL_WEBHOOK',
    });
    const actions = [asked('blog'), asked('shop'), asked('blog', 'CALL_WEBHOOK')];
    expect((await post('/v1/actions/batch', { actions }, bot)).json()).toMatchObject({
      results: [{ status: 201 }, { status: 403 }, { status: 403 }],
    });
  });

  test('it decides only about its lanes and types', async () => {
    const approve = (name: string) => post(`/v1/actions/${ids[name]}/approve`, { sha256: SHA }, helper);
    expect(await codes([approve('other waits'), approve('blog webhook'), approve('blog waits')])).toEqual([
      404, 403, 200,
    ]);
    const others = ['reject', 'promote', 'replay', 'resolve', 'cancel'].map((verb) => {
      const body = { promote: { sha256: SHA }, resolve: { outcome: 'sent' } }[verb] ?? {};
      return post(`/v1/actions/${ids['other dead']}/${verb}`, body, helper);
    });
    expect(await codes(others)).toEqual([404, 404, 404, 404, 404]);
  });

  test('dead letters of others are neither counted nor replayed, by filter or by id', async () => {
    const replay = async (body: object) => dlqAnswerSchema.parse((await post('/v1/dlq/replay', body, helper)).json());
    expect(await replay({ filter: {}, dryRun: true })).toMatchObject({ matched: 2 });
    expect((await post('/v1/dlq/replay', { filter: { lane: 'other' } }, helper)).statusCode).toBe(403);
    const both = [ids['shop dead'] ?? '', ids['other dead'] ?? ''];
    expect(await replay({ ids: both })).toMatchObject({
      changed: 1,
      refused: [{ id: ids['other dead'], currentStatus: null }],
    });
  });

  test('it stops and loosens only its lanes', async () => {
    const kill = (body: object) => post('/v1/control/kill', body, bot);
    expect(await codes([kill({}), kill({ lane: '*' }), kill({ lane: 'shop' }), kill({ lane: 'blog' })])).toEqual([
      403, 403, 403, 200,
    ]);
    const patch = (body: object) =>
      api.call({
        method: 'PATCH',
        url: '/v1/control/flags',
        headers: { ...helper, 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      });
    const flags = { max_running: 5 };
    expect(await codes([patch({ flags }), patch({ lane: 'other', flags }), patch({ lane: 'shop', flags })])).toEqual([
      403, 403, 200,
    ]);
  });
});

describe('limits', () => {
  const change = (method: 'PUT' | 'DELETE', url: string, headers: Record<string, string>, body?: object) =>
    api.call({
      method,
      url,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { payload: JSON.stringify(body) }),
    });

  test('budgets are about all lanes: only who is bound to no lane sets one, of its types', async () => {
    const put = (scope: string, name: string, headers: Record<string, string>) =>
      change('PUT', '/v1/budgets', headers, { scope, name, limits: [{ span: 'day', limit: 500 }] });
    const type = 'POST_SOCIAL';
    const ofLanes = await put('type', type, helper);
    expect(ofLanes.json()).toMatchObject({
      status: 403,
      detail: 'this token is bound to lane blog, shop, and budgets are about all lanes',
    });
    const others = [put('account', '*', helper), put('type', 'CALL_WEBHOOK', typist), put('type', '*', typist)];
    expect(await codes(others)).toEqual([403, 403, 403]);
    expect((await put('domain', 'example.com', typist)).json()).toMatchObject({
      status: 403,
      detail: 'this token is bound to the type POST_SOCIAL, and this is the budget of domain example.com',
    });
    expect((await put('type', type, typist)).statusCode).toBe(200);
    await api.database.pool.query('DELETE FROM aol_budgets');
  });

  test('a level of autonomy is set and taken back for its types in its lanes', async () => {
    const put = (lane: string, type: string, headers: Record<string, string>) =>
      change('PUT', '/v1/autonomy', headers, { lane, type, level: 'draft' });
    const unset = (lane: string, type: string, headers: Record<string, string>) =>
      change('DELETE', `/v1/autonomy/${encodeURIComponent(lane)}/${encodeURIComponent(type)}`, headers);
    for (const act of [put, unset]) {
      const refused = [
        act('blog', 'CALL_WEBHOOK', helper),
        act('blog', '*', helper),
        act('*', 'POST_SOCIAL', helper),
        act('other', 'POST_SOCIAL', helper),
        act('*', '*', typist),
        act('blog', 'CALL_WEBHOOK', typist),
      ];
      expect(await codes(refused)).toEqual([403, 403, 403, 403, 403, 403]);
    }
    expect(await codes([put('blog', 'POST_SOCIAL', helper), put('*', 'POST_SOCIAL', typist)])).toEqual([200, 200]);
    await api.database.pool.query(`UPDATE aol_autonomy SET level = 'auto' WHERE lane <> '*'`);
    expect((await unset('blog', 'POST_SOCIAL', helper)).json()).toMatchObject({ inForce: { lane: '*' } });
    await api.database.pool.query('DELETE FROM aol_autonomy');
  });
});

describe('making one', () => {
  const make = (body: object) => post('/v1/tokens', { name: 'another', role: 'agent', ...body }, as('admin'));

  test.each([
    ['a lane that does not exist', { lanes: ['nowhere'] }, 422, 'lanes'],
    ['a type that does not exist', { types: ['POST_SOCAIL'] }, 422, 'types'],
    ['no lane', { lanes: [] }, 400, 'lanes'],
    ['all lanes', { lanes: ['*'] }, 400, 'lanes.0'],
    ['an admin', { role: 'admin', lanes: ['blog'] }, 400, 'role'],
  ])('bound to %s is refused', async (_name, body, status, field) => {
    expect((await make(body)).json()).toMatchObject({ status, errors: [{ field }] });
  });

  test('its bounds are answered, listed and logged, and never changed', async () => {
    const bounds = { lanes: ['blog', 'shop'], types: ['CALL_WEBHOOK'] };
    expect((await make({ lanes: ['shop', 'blog', 'shop'], types: bounds.types })).json()).toMatchObject(bounds);
    const list = await get('/v1/tokens', as('admin'));
    expect(tokenListSchema.parse(list.json()).items[0]).toMatchObject({ name: 'another', role: 'agent', ...bounds });
    const log = await get('/v1/logs?event=TOKEN_CREATED&limit=1', as('admin'));
    expect(logListSchema.parse(log.json()).items[0]).toMatchObject({
      message: 'token another made, role agent, lanes blog, shop, types CALL_WEBHOOK',
      detail: bounds,
    });
    for (const set of ['lanes = NULL', `types = '{POST_SOCIAL}'`, `role = 'operator'`]) {
      await expect(
        api.database.pool.query(`UPDATE aol_api_tokens SET ${set} WHERE name = 'another'`),
      ).rejects.toMatchObject({ code: 'AOL06' });
    }
  });
});
