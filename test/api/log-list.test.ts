/** The log as an audit: what people did, when, about which text; as pages and as CSV. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AolClient } from '../../src/client/client.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { ENGINE_EVENTS, LOG_EVENTS } from '../../src/domain/events.ts';
import { as, createTestApi, namedToken, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { awaitingApproval, queued, SHA } from '../support/settled.ts';

let api: TestApi;
let db: TestApi['database']['pool'];
beforeAll(async () => {
  api = await createTestApi();
  db = api.database.pool;
});
afterAll(() => api.close());

const get = (query: string) => api.call({ url: `/v1/logs?${query}`, headers: as('viewer') });
const items = async (query: string) => {
  const answer = await get(query);
  if (answer.statusCode !== 200) throw new Error(`${query}: ${answer.statusCode} ${answer.body}`);
  return logListSchema.parse(answer.json()).items;
};

test('people’s acts are found among the work of the engine, with a line of what each action does', async () => {
  const agent = await namedToken(api, { name: 'agent-1', role: 'agent' });
  const anna = await namedToken(api, { name: 'anna', role: 'approver' });
  const payload = { platform: 'bluesky', content: 'A coffee on\n\nTuesday' };
  const id = await awaitingApproval(db, { payload });
  await postRaw(api, `/v1/actions/${id}/approve`, JSON.stringify({ sha256: SHA, reason: 'good' }), anna);
  await postRaw(api, '/v1/control/pause', JSON.stringify({ reason: 'odd' }), agent);
  await postRaw(api, '/v1/control/resume', JSON.stringify({}), as('operator'));
  for (let n = 0; n < 30; n += 1) await queued(db);
  const acts = (await items('people=true')).map(({ event, actor, summary }) => [event, actor, summary]);
  expect(acts).toEqual([
    ['FLAG_CHANGED', 'operator', null],
    ['APPROVED', 'anna', 'Bluesky: A coffee on Tuesday'],
    ['TOKEN_CREATED', 'admin', null],
    ['TOKEN_CREATED', 'admin', null],
  ]);
  expect((await items('people=true&event=APPROVED&lane=default')).map(({ actionId }) => actionId)).toEqual([id]);
  expect(await items('people=false&actor=agent-1')).toHaveLength(1);
  expect((await items('q=good%20approved')).map(({ actionId }) => actionId)).toEqual([id]);
  // A name that was an agent's, and is a person's now.
  await db.query(`UPDATE aol_api_tokens SET revoked_at = now(), revoked_by = 'test' WHERE name = 'agent-1'`);
  await namedToken(api, { name: 'agent-1', role: 'operator' });
  expect((await items('people=true&actor=agent-1')).map(({ event }) => event)).toEqual(['FLAG_CHANGED']);
});

test('a row is told with its words; what its action says is cut, and one of a pruned action has none', async () => {
  const payload = { platform: 'x', content: `${'long '.repeat(40)}` };
  const id = await queued(db, { payload });
  const [row] = await items(`actionId=${id}`);
  expect(row?.summary).toMatch(/^X: long long/u);
  const events = await api.call({ url: `/v1/actions/${id}/logs`, headers: as('viewer') });
  expect(logListSchema.parse(events.json()).items[0]?.summary).toBeUndefined();
});

describe('a range of time', () => {
  beforeAll(async () => {
    // A day a row, in the order in which they would be written.
    await db.query(`INSERT INTO aol_execution_logs (at, lane, event, actor, level, message)
      SELECT timestamptz '2031-01-01 12:00Z' + n * interval '1 day', 'default', CASE WHEN n % 10 = 0 THEN 'APPROVED' ELSE 'CLAIMED' END,
        CASE WHEN n % 10 = 0 THEN 'bert' ELSE 'engine' END, 'INFO', 'day ' || n FROM generate_series(0, 99) AS n`);
  });

  test('begins with its first moment and ends before its last, page by page', async () => {
    const days = async (query: string) => (await items(query)).map(({ message }) => message);
    expect(await days('from=2031-01-02T12:00:00Z&to=2031-01-04T12:00:00Z')).toEqual(['day 2', 'day 1']);
    expect(await days('from=2031-04-10T12:00:00Z')).toEqual(['day 99']);
    expect(await days('from=2040-01-01T00:00:00Z')).toEqual([]);
    expect(await days('to=1999-01-01T00:00:00Z')).toEqual([]);
    expect(await days('from=2031-01-01T00:00:00Z&to=2031-02-01T00:00:00%2B01:00&people=true')).toEqual([
      'day 30',
      'day 20',
      'day 10',
      'day 0',
    ]);
    const first = logListSchema.parse((await get('from=2031-03-01T00:00:00Z&limit=3')).json());
    expect(first).toMatchObject({ total: 41, totalIsExact: true });
    const rest = logListSchema.parse(
      (await get(`from=2031-03-01T00:00:00Z&limit=50&cursor=${first.nextCursor}`)).json(),
    );
    expect([rest.items.length, rest.nextCursor]).toEqual([38, null]);
    expect((await get('from=2031-03-01')).statusCode).toBe(400);
  });

  test('CSV has all of it, quoted, with formulas disarmed, to the last row', async () => {
    const id = await queued(db, { payload: { platform: 'x', content: '=HYPERLINK("http://evil.example")' } });
    await db.query(
      `INSERT INTO aol_execution_logs (at, lane, action_id, event, actor, level, message) VALUES
         ('2032-01-01 12:00Z', 'default', $1, 'REJECTED', 'bert', 'WARNING', '=1+1, he said "no"')`,
      [id],
    );
    const answer = await get('from=2031-12-31T00:00:00Z&format=csv');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(answer.headers['content-disposition']).toContain('attachment');
    const lines = answer.body.split('\r\n');
    expect(lines[0]).toBe('at,event,actor,lane,action,summary,message,artifactSha256,attempt,level,id');
    expect(lines[1]).toMatch(
      new RegExp(
        `^2032-01-01T12:00:00.000Z,REJECTED,bert,default,${id},"X: =HYPERLINK.*","'=1\\+1, he said ""no""",,,WARNING,\\d+$`,
        'u',
      ),
    );
    expect(lines[2]).toBe('');
    const whole = await get('from=2031-01-01T00:00:00Z&to=2031-12-31T00:00:00Z&format=csv&limit=1');
    expect(whole.body.split('\r\n')).toHaveLength(102);
    const client = new AolClient({ baseUrl: api.url, token: TOKENS.viewer });
    const chunks: string[] = [];
    const decoder = new TextDecoder();
    for await (const chunk of await client.exportLogs({ people: true, from: '2031-01-01T00:00:00Z' })) {
      chunks.push(decoder.decode(chunk));
    }
    expect(chunks.join('').trimEnd().split('\r\n')).toHaveLength(12);
    expect((await get('format=csv&q=%00')).statusCode).toBe(400);
  });
});

test('the events that the index of acts leaves out are those of the engine, and walking it looks at nothing else', async () => {
  expect(LOG_EVENTS).toEqual(expect.arrayContaining([...ENGINE_EVENTS]));
  const { rows } = await db.query<{ indexdef: string }>(
    `SELECT indexdef FROM pg_indexes WHERE indexname = 'aol_execution_logs_acts'`,
  );
  for (const event of ENGINE_EVENTS) expect(rows[0]?.indexdef).toContain(`'${event}'`);
  expect(rows[0]?.indexdef.match(/'[A-Z_]+'/gu)).toHaveLength(ENGINE_EVENTS.length);
  await db.query(`INSERT INTO aol_execution_logs (lane, event, actor, message)
    SELECT 'default', 'CLAIMED', 'engine', 'claimed' FROM generate_series(1, 60000)`);
  await db.query('ANALYZE aol_execution_logs');
  const list = logListSchema.parse((await get('people=true&limit=5')).json());
  expect(list.items).toHaveLength(5);
  expect(list.totalIsExact).toBe(true);
});
