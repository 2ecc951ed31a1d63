/** `aol notices`: where people are told, and whether a test arrives. */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestApi, type TestApi } from '../support/api.ts';
import { createTestCli, type TestCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const OPS = 'mailto:ops@example.com';
let api: TestApi;
let cli: TestCli;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
  cli = createTestCli({ AOL_API_PORT: new URL(api.url).port });
});
afterAll(async () => {
  cli.close();
  await api.close();
});
beforeEach(async () => {
  await db.query('TRUNCATE aol_notices, aol_notice_messages, aol_notice_destinations');
});

const there = () => db.query('INSERT INTO aol_notice_destinations (name) VALUES ($1)', [OPS]);
/** A worker's part of a test: the message, and how it went. */
async function deliver(error: string | null): Promise<void> {
  await until('it is asked for', async () => ((await db.query('SELECT FROM aol_notices')).rowCount ?? 0) > 0);
  await db.query(
    `INSERT INTO aol_notice_messages (id, destination, subject, content, attempts, state, sent_at, last_error)
     VALUES (gen_random_uuid(), $1, 'AOL: a test', '{}', 1, CASE WHEN $2::text IS NULL THEN 'sent' ELSE 'waiting' END,
       CASE WHEN $2::text IS NULL THEN clock_timestamp() END, $2)`,
    [OPS, error],
  );
}

test('says that nobody is told, and what to set', async () => {
  expect((await cli.run(['notices', 'list'])).out).toContain('set AOL_NOTICES');
  const { exitCode, talk } = await cli.run(['notices', 'test']);
  expect([exitCode, talk]).toEqual([3, expect.stringContaining('AOL_NOTICES')]);
});

test('a test that arrives, and one that does not', async () => {
  await there();
  const [well] = await Promise.all([cli.run(['notices', 'test']), deliver(null)]);
  expect(well).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/mailto:ops@example\.com +sent +1 +AOL: a test/u),
  });
  await db.query('TRUNCATE aol_notices, aol_notice_messages');
  const [bad] = await Promise.all([cli.run(['notices', 'test']), deliver('the server is away')]);
  expect(bad).toMatchObject({ exitCode: 1, out: expect.stringContaining('the server is away') });
  const { out } = await cli.run(['notices', 'list']);
  expect(out).toMatch(/failing since .*: the server is away/u);
  expect((await cli.run(['status'])).out).toContain('notices to mailto:ops@example.com do not arrive since');
});
