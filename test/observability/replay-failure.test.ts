/** A worker whose workflows cannot replay live runs: its metrics say so soon, as the alert expects them (F-26). */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from '@jest/globals';
import { freePort } from '../../src/local/index.ts';
import { silentLog } from '../../src/worker/log.ts';
import { installRuntime } from '../../src/worker/runtime.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { alteredBundle } from '../support/workflows.ts';

let stack: TestStack;
let folder: string;
let page: string;

beforeAll(async () => {
  const port = await freePort();
  page = `http://127.0.0.1:${port}/metrics`;
  installRuntime(silentLog, `127.0.0.1:${port}`);
  stack = await createTestStack();
  folder = await mkdtemp(join(tmpdir(), 'aol-altered-'));
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
}, 60_000);

test('a deploy that cannot replay is counted by its reason within seconds', async () => {
  const worker = await stack.startWorker();
  const [id] = await stack.enqueue([{}]);
  await until('it is proved', async () => (await stack.rows()).find((row) => row.id === id)?.status === 'SUCCESS');
  await worker.shutdown();
  const altered = join(folder, 'bundle.js');
  const code = await alteredBundle('await lane.waitForNextLook();', /\(0,(\w+)\.condition\)\(\w+\.allHandlersFinished/);
  await writeFile(altered, code);
  await stack.startWorker({ workflowBundlePath: altered });
  await stack.enqueue([{}]);
  const failed = (line: string) =>
    line.startsWith('temporal_workflow_task_execution_failed{') &&
    line.includes('failure_reason="NonDeterminismError"') &&
    line.includes('workflow_type="orchestrator"');
  await until('the failure is counted', async () => (await (await fetch(page)).text()).split('\n').some(failed));
}, 60_000);
