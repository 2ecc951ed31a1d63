/** Lists of actions with long payloads, and lists that take long. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actionListAnswerSchema } from '../../src/contracts/http/action.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { summaryOf } from '../../src/contracts/payloads/summary.ts';
import { createPool } from '../../src/db/pool.ts';
import { as, createTestApi, type TestApi } from '../support/api.ts';
import { queued } from '../support/settled.ts';

let long: TestApi;
beforeAll(async () => {
  long = await createTestApi();
  // In parts: each is a statement, and a statement may take five seconds.
  for (const _ of Array.from({ length: 20 })) await insertLong(30);
});
afterAll(() => long.close());

const insertLong = (rows: number) =>
  long.database.pool.query(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, created_by)
     SELECT id, 'default', 'POST_SOCIAL', jsonb_build_object('content', (SELECT string_agg(md5(id::text || n), ' ') FROM generate_series(1, 900) AS n),
       'tag', CASE WHEN row_number() OVER (ORDER BY id) % 5 = 0 THEN 'needle' END), id::text, repeat('a', 64), 'test'
     FROM (SELECT uuidv7() AS id FROM generate_series(1, $1)) AS new`,
    [rows],
  );

const list = async (query: string) => {
  const answer = await long.call({ url: `/v1/actions?${query}`, headers: as('viewer') });
  return { status: answer.statusCode, body: answer.body, answer: actionListAnswerSchema.parse(answer.json()) };
};

test('fields=summary has one line of what each does instead of its payload, and all else', async () => {
  const whole = (await list('limit=3')).answer;
  const summary = (await list('limit=3&fields=summary')).answer;
  expect(summary.items).toEqual(
    whole.items.map(({ payload, ...rest }) => ({ ...rest, summary: summaryOf(rest.type, payload ?? {}) })),
  );
  expect(summary.items[0]?.summary).toMatch(/^a platform: [0-9a-f ]{280,}$/);
  expect(whole.items[0]?.payload).toHaveProperty('content');
  const byExpiry = await list('status=AWAITING_APPROVAL&order=expires&fields=summary');
  expect([byExpiry.status, byExpiry.body.includes('"payload"')]).toEqual([200, false]);
  expect((await long.call({ url: '/v1/actions?fields=some', headers: as('viewer') })).statusCode).toBe(400);
});

test('a search finds each match once, page by page, however far it looks in one call', async () => {
  const found: unknown[] = [];
  let cursor = '';
  do {
    const { answer } = await list(`q=needle&limit=7&fields=summary${cursor}`);
    found.push(...answer.items.map(({ id }) => id));
    expect(answer.totalIsExact).toBe(false);
    cursor = answer.nextCursor === null ? '' : `&cursor=${answer.nextCursor}`;
  } while (cursor !== '');
  expect([found.length, new Set(found).size]).toEqual([120, 120]);
});

test('beside many searches at once other reads are served, and searches too many are told so by their own code', async () => {
  const searches = Array.from({ length: 30 }, () => long.call({ url: '/v1/actions?q=nowhere', headers: as('viewer') }));
  const reads = await Promise.all(
    Array.from({ length: 5 }, () => long.call({ url: '/v1/actions?limit=1', headers: as('viewer') })),
  );
  expect(reads.map(({ statusCode }) => statusCode)).toEqual(reads.map(() => 200));
  const answers = await Promise.all(searches);
  const refused = answers.filter(({ statusCode }) => statusCode !== 200);
  expect(refused.length).toBeLessThan(answers.length);
  const problems = refused.map((answer) => problemSchema.parse(answer.json()));
  expect(problems.filter(({ code }) => code !== 'AOL_TOO_MANY_AT_ONCE')).toEqual([]);
});

test('a long body has the same summary as a short one: what it says', async () => {
  const body = {
    text: 'We are hiring',
    pages: Array.from({ length: 900 }, (_, page) => `page ${page}`),
    note: 'x'.repeat(900),
  };
  const id = await queued(long.database.pool, {
    type: 'CALL_WEBHOOK',
    payload: { url: 'https://a.example/posts', body },
  });
  const [item] = (await list(`q=${id}&fields=summary`)).answer.items;
  expect(item?.summary).toBe('a.example/posts: We are hiring');
});

test('a list that takes longer than a statement may is too broad (422); one that waits for a lock too long is not (503)', async () => {
  const lock = await long.database.pool.connect();
  await lock.query(
    'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE aol_execution_logs IN ACCESS EXCLUSIVE MODE',
  );
  const answers = await Promise.all(
    // A statement that waits takes time, too: without a limit of their own locks look like it.
    [{}, { lockTimeoutMs: 100 }].map(async (limits) => {
      const pool = createPool({
        databaseUrl: long.database.url,
        applicationName: 'test',
        statementTimeoutMs: 300,
        ...limits,
      });
      const one = await createTestApi({ database: pool });
      const answer = await one.call({ url: '/v1/logs', headers: as('viewer') });
      // What it has to write into the log waits for the lock, too.
      return { answer, close: () => one.close().then(() => pool.end()) };
    }),
  );
  await lock.query('ROLLBACK');
  lock.release();
  for (const { close } of answers) await close();
  expect(answers.map(({ answer }) => [answer.statusCode, problemSchema.parse(answer.json()).code])).toEqual([
    [422, 'AOL_TOO_BROAD'],
    [503, 'AOL_TOO_MANY_AT_ONCE'],
  ]);
});
