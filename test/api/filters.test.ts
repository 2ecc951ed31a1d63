/** Finding again: by account, asker, due and created time, several words; in the order in which things are due. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { actionListSchema } from '../../src/contracts/http/action.ts';
import { as, createTestApi, type TestApi } from '../support/api.ts';
import { awaitingApproval, dead, finished, queued } from '../support/settled.ts';
import { until } from '../support/until.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
  await db.query(`SELECT aol_create_lane('brand', 'test'), aol_create_lane('empty', 'test')`);
  await db.query(
    `INSERT INTO aol_accounts (name, provider, identity, server, is_configured) VALUES
       ('brand-a', 'bluesky', 'a.example', 'https://bsky.social', true), ('brand-b', 'bluesky', 'b.example', 'https://bsky.social', true),
       ('gone', 'mastodon', 'c.example', 'https://m.example', false), ('page', 'mastodon', 'd.example', 'https://m.example', true),
       ('smtp.default', 'smtp', 'a@a.example', 'smtp.example:587', true)`,
  );
});
afterAll(() => api.close());

async function page(query: string) {
  const answer = await api.call({ url: `/v1/actions?${query}`, headers: as('viewer') });
  if (answer.statusCode !== 200) throw new Error(`${query}: ${answer.statusCode} ${answer.body}`);
  return actionListSchema.parse(answer.json());
}

/** All items, page by page of so many. */
async function all(query: string, limit = 2): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const { items, nextCursor } = await page(`${query}&limit=${limit}${cursor}`);
    ids.push(...items.map(({ id }) => id));
    if (nextCursor === null) return ids;
    cursor = `&cursor=${nextCursor}`;
  }
}

test('an account has what names it, and what names none where it is the only one', async () => {
  const post = (platform: string, account?: string) =>
    queued(db, { payload: { platform, content: 'x', ...(account && { account }) } });
  const made = {
    a: await post('bluesky', 'brand-a'),
    unclear: await post('bluesky'),
    b: await post('bluesky', 'brand-b'),
    page: await post('mastodon', 'page'),
    only: await post('mastodon'),
    mail: await queued(db, { type: 'SEND_EMAIL', payload: { to: ['a@b.example'], subject: 's', text: 't' } }),
    named: await queued(db, {
      type: 'SEND_EMAIL',
      payload: { to: ['a@b.example'], subject: 's', text: 't', account: 'default' },
    }),
    default: await post('x', 'default'),
  };
  expect(await all('account=brand-a')).toEqual([made.a]);
  expect(await all('account=brand-b')).toEqual([made.b]);
  expect(await all('account=page')).toEqual([made.only, made.page]);
  expect(await all('account=gone')).toEqual([]);
  expect(await all('account=smtp.default')).toEqual([made.named, made.mail]);
  expect(await all('account=x.default')).toEqual([made.default]);
  expect(await all('account=nobody')).toEqual([]);
  expect(await all('account=page&lane=brand')).toEqual([]);
  expect(made.unclear).toHaveLength(36);
});

test('every word must stand in it, in any order and place', async () => {
  const id = await queued(db, {
    idempotencyKey: 'campaign-9-post',
    payload: { platform: 'x', content: 'Zwetschgenkuchen for "everyone", 100% plum' },
  });
  const letter = await dead(db, { payload: { platform: 'x', content: 'Zwetschgenkuchen again' } });
  for (const [q, expected] of [
    ['Zwetschgenkuchen everyone', [id]],
    ['  plum   zwetschgenkuchen ', [id]],
    ['campaign-9 plum', [id]],
    ['"everyone" 100%', [id]],
    ['kuchen', [letter, id]],
    ['provider zwetschgenkuchen', [letter]],
    ['zwetschgenkuchen nobody', []],
  ] as const) {
    expect([q, await all(`q=${encodeURIComponent(q)}`)]).toEqual([q, expected]);
  }
  const eleven = await api.call({
    url: `/v1/actions?q=${'a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k'}`,
    headers: as('viewer'),
  });
  expect([eleven.statusCode, eleven.json()]).toMatchObject([400, { errors: [{ field: 'q' }] }]);
});

test('ranges of due and created time begin with their first moment and end before their last', async () => {
  const at = (runAt: string) => queued(db, { runAt, lane: 'brand' });
  const [nine, ten] = [await at('2027-03-01T09:00:00Z'), await at('2027-03-01T10:00:00Z')];
  const due = (from: string, to: string) => all(`lane=brand&dueFrom=${from}&dueTo=${to}`);
  expect(await due('2027-03-01T09:00:00Z', '2027-03-01T10:00:00Z')).toEqual([nine]);
  expect(await due('2027-03-01T10:00:00%2B01:00', '2027-03-01T12:00:00Z')).toEqual([ten, nine]);
  expect(await all('lane=brand&dueFrom=2027-03-01T09:30:00Z')).toEqual([ten]);
  const { items } = await page(`q=${nine}`);
  const created = items[0]?.createdAt ?? '';
  const later = new Date(Date.parse(created) + 3_600_000).toISOString();
  expect(await all(`lane=brand&createdFrom=${created}&createdTo=${later}`)).toEqual([ten, nine]);
  expect(await all(`lane=brand&createdFrom=${later}`)).toEqual([]);
  expect(await all(`lane=brand&createdTo=${created}`)).not.toContain(ten);
  expect(await all('lane=brand&createdBy=test')).toEqual([ten, nine]);
  expect(await all('lane=brand&createdBy=tes')).toEqual([]);
});

test('what waits, by what is due first: over lanes, modes, priorities and both statuses, page by page', async () => {
  await db.query('UPDATE aol_actions SET status = $1, finished_at = now() WHERE status = $2', ['CANCELLED', 'PENDING']);
  const lane = 'brand';
  const made = {
    third: await queued(db, { lane, runAt: '2027-05-03T00:00:00Z', priority: 9 }),
    first: await queued(db, { lane, runAt: '2027-05-01T00:00:00Z', priority: -9 }),
    fifth: await awaitingApproval(db, { lane, runAt: '2027-05-05T00:00:00Z' }),
    second: await awaitingApproval(db, { runAt: '2027-05-02T00:00:00Z' }),
    fourth: await queued(db, { mode: 'REAL', runAt: '2027-05-04T00:00:00Z' }),
    now: await queued(db),
    sent: await finished(db, { status: 'SUCCESS', daysAgo: 1 }),
  };
  const { now, first, second, third, fourth, fifth } = made;
  const expected = [now, first, second, third, fourth, fifth];
  for (const limit of [1, 2, 5, 6, 7]) expect([limit, await all('order=due', limit)]).toEqual([limit, expected]);
  for (const [query, some] of [
    ['status=PENDING', [now, first, third, fourth]],
    ['status=AWAITING_APPROVAL', [second, fifth]],
    ['status=AWAITING_APPROVAL,PENDING&lane=brand', [first, third, fifth]],
    ['mode=REAL', [second, fourth, fifth]],
    ['dueFrom=2027-05-02T00:00:00Z&dueTo=2027-05-04T00:00:00Z', [second, third]],
    ['type=SEND_EMAIL', []],
    ['lane=empty', []],
    ['lane=nowhere', []],
  ] as const) {
    expect([query, await all(`order=due&${query}`)]).toEqual([query, some]);
    expect([query, (await page(`order=due&${query}&fields=all`)).total]).toEqual([query, some.length]);
  }
  // What leaves meanwhile moves nothing of the pages behind it.
  const head = await page('order=due&limit=2');
  await api.call({ method: 'POST', url: `/v1/actions/${first}/cancel`, headers: as('operator') });
  expect((await page(`order=due&limit=1&cursor=${head.nextCursor}`)).items[0]?.id).toBe(second);
});

test.each([
  ['order=due&status=DLQ', 'order'],
  ['order=due&q=x', 'order'],
  ['order=due&cursor=eA', 'cursor'],
  ['dueFrom=2027-03-01T09:00:00', 'dueFrom'],
  ['createdTo=yesterday', 'createdTo'],
  ['account=A%20B', 'account'],
])('%s is 400', async (query, field) => {
  const answer = await api.call({ url: `/v1/actions?${query}`, headers: as('viewer') });
  expect([answer.statusCode, answer.json()]).toMatchObject([400, { errors: [{ field }] }]);
});

/** An API whose queue holds this many actions, each due a second after the other. */
async function queueOf(actions: number) {
  const api = await createTestApi();
  // Rows alone: what watches new actions is not asked here.
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  try {
    await client.query('ALTER TABLE aol_actions DISABLE TRIGGER USER');
    await client.query(
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by, run_at, due_at, priority)
       SELECT id, 'default', 'POST_SOCIAL', '{"platform":"x","content":"hay"}', id::text, repeat('a', 64), 'test', due, due, n % 3
       FROM (SELECT uuidv7() AS id, n, now() + n * interval '1 second' AS due FROM generate_series(1, $1::integer) AS n) AS new`,
      [actions],
    );
    await client.query('ANALYZE aol_actions');
  } finally {
    await client.end();
  }
  const get = async (query: string) => {
    const startedMs = performance.now();
    const answer = await api.call({ url: `/v1/actions?${query}`, headers: as('viewer') });
    expect([query, answer.statusCode]).toEqual([query, 200]);
    return { list: actionListSchema.parse(answer.json()), tookMs: performance.now() - startedMs };
  };
  return { api, get };
}

test('a page by due time walks an index: of twenty times as many that wait it takes no longer', async () => {
  const [few, many] = [await queueOf(20_000), await queueOf(400_000)];
  const soon = new Date(Date.now() + 15_000_000).toISOString();
  const queries = ['order=due&limit=50', `order=due&limit=50&dueFrom=${soon}`];
  const measured = [few, many].map(({ get }) => ({ get, timesMs: queries.map(() => Number.POSITIVE_INFINITY) }));
  /** The one and the other in turns, so that what else the machine does meets both. */
  const measure = async () => {
    for (const { get, timesMs } of measured) {
      for (const [index, query] of queries.entries()) {
        timesMs[index] = Math.min(timesMs[index] ?? 0, (await get(query)).tookMs);
      }
    }
    const [ofFew = 0, ofMany = 0] = measured.map(({ timesMs }) => timesMs.reduce((one, other) => one + other, 0));
    return ofMany / ofFew;
  };
  try {
    for (let round = 0; round < 5; round += 1) await measure();
    // The quickest of more rounds comes nearer to the truth. Without the indexes, which were left out to try it, that is five.
    await until('a page of many is as quick as one of few', async () => (await measure()) < 2.5);
    const { get } = many;
    const { list } = await get('order=due&limit=50');
    expect(list).toMatchObject({ total: 10_000, totalIsExact: false });
    const times = list.items.map(({ runAt }) => Date.parse(runAt));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  } finally {
    await Promise.all([few, many].map(({ api: own }) => own.close()));
  }
}, 120_000);
