/** A deploy that breaks the histories of live runs: the lane goes on by itself, with a new run. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { alteredOrchestrator, quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
const folder = mkdtempSync(join(tmpdir(), 'aol-bundle-'));

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
}, 60_000);
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
}, 60_000);

test('a run whose history does not replay is ended, and another one proves what waits', async () => {
  const proved = async (count: number) =>
    (await stack.rows()).filter(({ status }) => status === 'SUCCESS').length === count;
  const run = async () => (await stack.gateway.client.workflow.getHandle('aol/default').describe()).runId;
  const before = await stack.startWorker();
  await stack.enqueue([{}]);
  await until('it is proved', () => proved(1));
  await before.shutdown();
  const first = await run();
  const bundle = join(folder, 'altered.js');
  writeFileSync(bundle, await alteredOrchestrator());
  await stack.enqueue([{}]);
  await stack.startWorker({ workflowBundlePath: bundle });
  await until('it is proved by another run', () => proved(2), 50_000);
  expect(await run()).not.toBe(first);
}, 90_000);
