/** The final check of the fault suite finds what it is there for: each rule is broken once on purpose. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enqueue } from '../../src/db/decide/cancel.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { request } from '../support/engine.ts';

const checkSql = readFileSync(new URL('./support/check.sql', import.meta.url), 'utf8');
const TICK = '01a20981-0bf3-7448-be01-8cb11ce0aa73';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** What the check says after `break`, in a transaction that never happened; `$ID` is a queued action. */
async function violationsAfter(broken: string): Promise<string[]> {
  const connection = await database.pool.connect();
  try {
    await connection.query('BEGIN');
    const [result] = await enqueue(connection, [request()], 'test');
    if (result?.kind !== 'created') throw new Error('it was not enqueued');
    await connection.query(broken.replaceAll('$ID', `'${result.row.id}'::uuid`));
    const { rows } = await connection.query<{ rule: string }>(checkSql);
    return [...new Set(rows.map(({ rule }) => rule))];
  } finally {
    await connection.query('ROLLBACK');
    connection.release();
  }
}

const log = (event: string, attempt: number | null, detail = '{}', tickId?: string) =>
  `INSERT INTO aol_execution_logs (lane, action_id, attempt, event, actor, message, detail, tick_id)
   VALUES ('default', $ID, ${attempt}, '${event}', 'test', 'test', '${detail}', ${tickId ? `'${tickId}'` : 'NULL'});`;
const tick = (number: number, token: number, running: number, outcome: string | null, id = 'gen_random_uuid()') =>
  `INSERT INTO aol_tick_ledger (id, lane, number, lease_token, run_id, mode, claimed, running, outcome, finished_at)
   VALUES (${id}, 'default', ${number}, ${token}, 'run', 'PROOF', ${running}, ${running},
     ${outcome === null ? 'NULL, NULL' : `'${outcome}', now()`});`;
const releasedOne = `INSERT INTO aol_tick_ledger
    (id, lane, number, lease_token, run_id, mode, claimed, released, outcome, finished_at)
  VALUES ('${TICK}', 'default', 1, 1, 'run', 'PROOF', 1, 1, 'OK', now());`;
const claim = `UPDATE aol_actions SET status = 'RUNNING', claim_tick_id = '${TICK}', claim_lease_token = 1, claim_until = now()
  WHERE id = $ID;`;

describe('the check', () => {
  test('says nothing about a queued action', async () => {
    expect(await violationsAfter('SELECT 1')).toEqual([]);
  });

  test.each([
    ['status differs from its log', log('CLAIMED', null)],
    ['still claimed', claim],
    ['an arrow that is not in the contract', log('SUCCEEDED', null)],
    ['a final action went on', log('CANCELLED', null) + log('CLAIMED', null)],
    ['an intent without an outcome', log('ATTEMPT_STARTED', 1)],
    ['an outcome without an intent', log('RELEASED', 1)],
    ['more attempts than allowed', [1, 2, 3, 4].map((attempt) => log('RETRY_SCHEDULED', attempt)).join('')],
    ['the numbering of attempts differs from the log', log('ATTEMPT_STARTED', 2) + log('RELEASED', 2)],
    ['a proof was performed', log('ATTEMPT_STARTED', 1, '{"deadline": "now"}') + log('RELEASED', 1)],
    ['an attempt is open past its time', log('ATTEMPT_STARTED', 1, '{"deadline": "2026-01-01T00:00:00Z"}')],
    ['a tick is still open', tick(1, 1, 1, null)],
    ['a closed tick still counts running ones', tick(1, 1, 1, 'OK')],
    ['the ledger differs from the log', releasedOne + log('AWAITING_APPROVAL', null, '{}', TICK)],
    ['claims differ from the ledger', releasedOne],
    ['claims differ from the ledger', log('CLAIMED', null) + log('RELEASED', null)],
    ['a fence went back', tick(1, 2, 0, 'IDLE') + tick(2, 1, 0, 'IDLE')],
    ['a tick number is missing', tick(1, 1, 0, 'IDLE') + tick(3, 1, 0, 'IDLE')],
    [
      'an intent under an older fence',
      log('ATTEMPT_STARTED', 1, '{"token": 2}') + log('ATTEMPT_STARTED', 2, '{"token": 1}'),
    ],
    ['a lease token was given twice', log('LEASE_TAKEN', null, '{"token": 1}').repeat(2)],
  ])('finds: %s', async (rule, broken) => {
    expect(await violationsAfter(broken)).toContain(rule);
  });
});
