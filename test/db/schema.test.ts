import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { migrate, migrateDown, pendingSteps } from '../../src/db/keep/migrate.ts';
import { LOG_EVENTS } from '../../src/domain/events.ts';
import { FLAG_NAMES } from '../../src/domain/flags.ts';
import { TICK_OUTCOMES } from '../../src/domain/ledger.ts';
import { ACTION_STATUSES, canTransition } from '../../src/domain/states.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { request } from '../support/engine.ts';
import { dumpSchema, schemaFile } from '../support/schema-dump.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const checkOf = async (table: string, column: string): Promise<string> => {
  const { rows } = await database.pool.query<{ text: string }>(
    `SELECT string_agg(pg_get_constraintdef(oid), ' ') AS text FROM pg_constraint
     WHERE conrelid = $1::regclass AND contype = 'c' AND conname LIKE $2`,
    [table, `%_${column}_check`],
  );
  return rows[0]?.text ?? '';
};
const wordsIn = (text: string) => [...text.matchAll(/'([A-Z_]+)'::text/g)].map((match) => match[1]).sort();

describe('the database holds the same table as the code', () => {
  test('every arrow, and no other', async () => {
    for (const from of ACTION_STATUSES) {
      for (const to of ACTION_STATUSES) {
        const { rows } = await database.pool.query('SELECT aol_transition_allowed($1, $2) AS allowed', [from, to]);
        expect(`${from}→${to} ${rows[0].allowed}`).toBe(`${from}→${to} ${canTransition(from, to)}`);
      }
    }
  });

  test('statuses, events, outcomes and flag names', async () => {
    expect(wordsIn(await checkOf('aol_actions', 'status'))).toEqual([...ACTION_STATUSES].sort());
    expect(wordsIn(await checkOf('aol_execution_logs', 'event'))).toEqual([...LOG_EVENTS].sort());
    expect(wordsIn(await checkOf('aol_tick_ledger', 'outcome'))).toEqual([...TICK_OUTCOMES].sort());
    const { rows } = await database.pool.query(`SELECT name FROM aol_control_flags WHERE lane = '*' ORDER BY name`);
    expect(rows.map((row) => row.name)).toEqual([...FLAG_NAMES].sort());
  });
});

test('what is held has an index of its own, which no other can stand in for: its condition names no status', async () => {
  const { rows } = await database.pool.query<{ view: string; held: string; claimable: string }>(
    `SELECT pg_get_viewdef('aol_held') AS view, pg_get_viewdef('aol_claimable') AS claimable,
       (SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'aol_actions_held'::regclass) AS held`,
  );
  const [found] = rows;
  const condition = (text = '') => text.slice(text.lastIndexOf('WHERE') + 'WHERE'.length).trim();
  expect(condition(found?.view)).toBe(`${found?.held};`);
  expect(found?.held).not.toContain('status');
  expect(condition(found?.claimable)).toBe("(status = 'PENDING'::text);");
});

test('the schema is the one that lies in the repository: `npm run schema` renews it', async () => {
  expect(await dumpSchema(database.pool)).toBe(readFileSync(schemaFile, 'utf8'));
});

describe('the database refuses', () => {
  const refused = async (sql: string, values: unknown[] = []) => {
    await expect(database.pool.query(sql, values)).rejects.toMatchObject({ name: 'error' });
  };

  test('an arrow that the table lacks, also by hand', async () => {
    const [result] = await enqueue(database.pool, [request()], 'test');
    if (result?.kind !== 'created') throw new Error('not created');
    await refused(`UPDATE aol_actions SET status = 'SUCCESS' WHERE id = $1`, [result.row.id]);
    await refused(`UPDATE aol_actions SET mode = 'REAL' WHERE id = $1`, [result.row.id]);
    await refused(`UPDATE aol_actions SET payload = '{}' WHERE id = $1`, [result.row.id]);
    await refused('DELETE FROM aol_actions WHERE id = $1', [result.row.id]);
  });

  test('an action that begins otherwise than PENDING, or in a lane that does not exist', async () => {
    const insert = (status: string, lane: string) =>
      `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, created_by, finished_at)
       VALUES (gen_random_uuid(), '${lane}', 'T', '{}', 'k', repeat('a', 64), '${status}', 'x',
         CASE WHEN '${status}' = 'CANCELLED' THEN now() END)`;
    await refused(insert('CANCELLED', 'default'));
    await refused(insert('PENDING', 'nowhere'));
  });

  test('changing the log', async () => {
    await refused(`UPDATE aol_execution_logs SET message = 'x'`);
    await refused('DELETE FROM aol_execution_logs');
    await refused('TRUNCATE aol_execution_logs');
  });

  test('a second intent or a second outcome of one attempt', async () => {
    const row = `INSERT INTO aol_execution_logs (lane, action_id, attempt, event, actor, message)
      VALUES ('default', '00000000-0000-7000-8000-000000000001', 1, $1, 'x', 'x')`;
    await database.pool.query(row, ['ATTEMPT_STARTED']);
    await refused(row, ['ATTEMPT_STARTED']);
    await database.pool.query(row, ['SUCCEEDED']);
    await refused(row, ['DEAD_LETTERED']);
  });

  test('flags that nobody knows and values out of bounds', async () => {
    const set = `UPDATE aol_control_flags SET value = $2::jsonb WHERE lane = '*' AND name = $1`;
    await refused(set, ['paused', '"yes"']);
    await refused(set, ['max_actions_per_tick', '0']);
    await refused(set, ['max_actions_per_tick', '1.5']);
    await refused(set, ['max_tick_ms', '60001']);
    await refused(set, ['approval_policy', '"some"']);
    await refused(`INSERT INTO aol_control_flags VALUES ('*', 'unknown', 'true', 1, 'x')`);
  });

  test('a fencing token that does not grow, and the deletion of a lane', async () => {
    const take = `UPDATE aol_lease SET owner = $1, token = $2, acquired_at = now(), renewed_at = now(), expires_at = now()
      WHERE lane = 'default'`;
    await database.pool.query(take, ['a', 5]);
    await database.pool.query(take, ['a', 5]);
    await refused(take, ['b', 5]);
    await refused(take, ['a', 4]);
    await refused(`DELETE FROM aol_lease WHERE lane = 'default'`);
  });

  test('a ledger row whose counts do not balance', async () => {
    await refused(
      `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, claimed, succeeded)
       VALUES (gen_random_uuid(), 'default', 1, 1, 'r', 'PROOF', 2, 1)`,
    );
  });
});

describe('migrations', () => {
  test('twenty at once are one, and down takes everything back', async () => {
    const empty = await createTestDatabase();
    try {
      await migrateDown(empty.url);
      const { rows } = await empty.pool.query(
        `SELECT proname AS name FROM pg_proc WHERE proname LIKE 'aol\\_%'
         UNION ALL SELECT tablename FROM pg_tables WHERE tablename LIKE 'aol\\_%' AND tablename NOT LIKE 'aol\\_migrations%'`,
      );
      expect(rows).toEqual([]);
      expect(await pendingSteps(empty.url)).not.toEqual([]);
      const lines: string[] = [];
      await Promise.all(Array.from({ length: 20 }, () => migrate(empty.url, (line) => lines.push(line))));
      expect(lines.filter((line) => line.startsWith('migrated'))).toHaveLength(1);
      expect(await pendingSteps(empty.url)).toEqual([]);
    } finally {
      await empty.drop();
    }
  });

  test('a database of a newer version is refused by name', async () => {
    const newer = await createTestDatabase();
    try {
      await newer.pool.query(
        `INSERT INTO aol_migrations (name, batch, migration_time) VALUES ('9999_from_the_future', 9, now())`,
      );
      await expect(migrate(newer.url)).rejects.toThrow(/DATABASE_URL.*9999_from_the_future/);
    } finally {
      await newer.drop();
    }
  });

  test('a user who may change rows and nothing else finds it up to date, as worker and API in compose do', async () => {
    const { url, pool, drop } = await createTestDatabase();
    const role = `aol_run_${randomBytes(6).toString('hex')}`;
    try {
      await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
      await pool.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
      const limited = Object.assign(new URL(url), { username: role, password: 'x' });
      const lines: string[] = [];
      await migrate(limited.href, (line) => lines.push(line));
      expect(lines).toEqual(['the schema is up to date']);
    } finally {
      await pool.query(`DROP OWNED BY ${role}`);
      await pool.query(`DROP ROLE ${role}`);
      await drop();
    }
  });
});
