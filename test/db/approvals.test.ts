/** Approvals run out: by the database's clock, once, and whoever comes a moment too late is told. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { approveAction, expireApprovals, rejectAction } from '../../src/db/decide/approvals.ts';
import { findAction } from '../../src/db/decide/cancel.ts';
import { logsOfAction } from '../../src/db/look/logs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { awaiting, SHA } from '../support/settled.ts';

let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
});
afterAll(() => database.drop());

const by = { actor: 'a person' };
const statusOf = async (id: string) => (await findAction(db, id)).status;

test('approved in time, it does not run out any more', async () => {
  const id = await awaiting(db, 3_600);
  expect(await approveAction(db, id, SHA, by)).toMatchObject({ status: 'PENDING', approval_expires_at: null });
});

test('past its time it cannot be approved, even before anybody has cancelled it; it can be rejected', async () => {
  const id = await awaiting(db, -0.001);
  await expect(approveAction(db, id, SHA, by)).rejects.toMatchObject({
    status: 'AWAITING_APPROVAL',
    message: expect.stringContaining('whose time ran out'),
  });
  expect(await rejectAction(db, id, by)).toMatchObject({ status: 'CANCELLED' });
});

test('what ran out is cancelled once, with a log row; what has time or no limit stays', async () => {
  const [late, early, unlimited] = [await awaiting(db, -1), await awaiting(db, 3_600), await awaiting(db, null)];
  const counts = await Promise.all([1, 2, 3].map(() => expireApprovals(db)));
  expect(counts.reduce((total, count) => total + count, 0)).toBe(1);
  expect(await Promise.all([late, early, unlimited].map(statusOf))).toEqual([
    'CANCELLED',
    'AWAITING_APPROVAL',
    'AWAITING_APPROVAL',
  ]);
  expect((await logsOfAction(db, late, { afterId: 0, limit: 10 })).items.at(-1)).toMatchObject({
    event: 'CANCELLED',
    actor: 'engine',
    message: 'nobody approved it in its time',
    detail: { from: 'AWAITING_APPROVAL', to: 'CANCELLED', expired: expect.any(String) },
  });
  expect(await expireApprovals(db)).toBe(0);
});
