/** A worker that was told how long to keep things prunes by itself; one that was not keeps them. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
}, 60_000);
afterAll(() => stack.stop(), 60_000);

test('old finished actions go with their artifacts, younger ones stay', async () => {
  const keeping = await stack.startWorker();
  const [old, young] = await stack.enqueue([{}, {}]);
  await until('both are proved', async () => (await stack.rows()).every((row) => row.status === 'SUCCESS'));
  await stack.db.query(`UPDATE aol_actions SET finished_at = now() - interval '3 days' WHERE id = $1`, [old]);
  await keeping.shutdown();
  expect(await stack.rows()).toHaveLength(2);
  await stack.startWorker({ retentionMs: 2 * 24 * 3_600_000 });
  await until('the old one is gone', async () => (await stack.rows()).length === 1);
  expect((await stack.rows())[0]?.id).toBe(young);
}, 60_000);
