/** A deploy that breaks the histories of live runs, and tasks that are lost: the lane goes on by itself, with a new run. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { startCallProxy } from '../faults/support/call-proxy.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { alteredOrchestrator, quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
const proved = async (count: number) =>
  (await stack.rows()).filter(({ status }) => status === 'SUCCESS').length === count;
const run = async () => (await stack.gateway.client.workflow.getHandle('aol/default').describe()).runId;
const folder = mkdtempSync(join(tmpdir(), 'aol-bundle-'));

beforeEach(async () => {
  quietRuntime();
  stack = await createTestStack();
}, 60_000);
afterEach(() => stack.stop(), 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test('a run whose history does not replay is ended, and another one proves what waits', async () => {
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

test('a run whose tasks are lost is ended, though each signal makes its next task a first try', async () => {
  const calls = await startCallProxy(Number(new URL(`http://${stack.temporal.address}`).port));
  try {
    await stack.startWorker({ temporal: { ...stack.temporal, address: `127.0.0.1:${calls.port}` } });
    await stack.enqueue([{}]);
    await until('it is proved', () => proved(1));
    const first = await run();
    calls.intercept({ method: 'PollWorkflowTaskQueue', loses: (answer) => answer.subarray(0, 400).includes(first) });
    await stack.enqueue([{}]);
    await until('it is proved by another run', () => proved(2), 50_000);
    expect(await run()).not.toBe(first);
  } finally {
    await calls.close();
  }
}, 90_000);
