/** docs/tables.md names every table with its columns, and each of its queries runs. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { codeSpansIn, sqlIn } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/tables.md', import.meta.url), 'utf8');
const OF_THE_WORK = ['aol_actions', 'aol_execution_logs', 'aol_tick_ledger', 'aol_control_flags', 'aol_lease'];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function namesIn(sql: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

describe('names', () => {
  test('every table and view has its row, and no other', async () => {
    const [, section = ''] = page.split('\n## Tables and views\n');
    const [table = ''] = section.split('\n## ');
    const listed = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, first = '']) => codeSpansIn(first));
    const existing = await namesIn(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'aol\\_%'`,
    );
    expect(listed.sort()).toEqual(existing.sort());
  });

  test.each(OF_THE_WORK)('%s: all its columns, and no other', async (table) => {
    const [, text = ''] = page.split(`**\`${table}\`**`);
    const [section = ''] = text.split(/\n\*\*`|\n## /);
    const columns = await namesIn(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '${table}'`,
    );
    const spans = codeSpansIn(section);
    expect(columns.filter((column) => !spans.includes(column))).toEqual([]);
    const first = section.split('.')[0] ?? '';
    expect(codeSpansIn(first).filter((span) => /^[a-z_]+$/.test(span) && !columns.includes(span))).toEqual([]);
  });
});

describe('queries', () => {
  test('there are some', () => {
    expect(sqlIn(page).length).toBeGreaterThan(12);
  });

  test.each(sqlIn(page))('%s', async (sql) => {
    const connection = await database.pool.connect();
    try {
      await connection.query('BEGIN');
      await expect(connection.query(sql)).resolves.toBeDefined();
    } finally {
      await connection.query('ROLLBACK');
      connection.release();
    }
  });
});
