/** Ticks with many effects, and a database that is far away. */

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startProxy } from '../faults/support/proxy.ts';
import { createRandom } from '../faults/support/random.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
const stage = createStage();

beforeAll(() => quietRuntime());
beforeEach(async () => {
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
}, 60_000);
afterEach(() => stack.stop(), 60_000);

const queue = (count: number) =>
  stack.enqueue(
    Array.from({ length: count }, (_, index) => ({
      type: 'PLAY',
      mode: 'REAL' as const,
      payload: { name: `${index}`, acts: ['done'] },
    })),
  );
const allSucceeded = async () => (await stack.rows()).every(({ status }) => status === 'SUCCESS');

test('a tick of 120 effects is one workflow with one activity for all first attempts', async () => {
  await setFlag(stack.db, 'max_actions_per_tick', 200);
  await setFlag(stack.db, 'max_running', 200);
  await queue(120);
  await stack.startWorker({ adapters: [stage.adapter], proofMode: false });
  await until('all were performed', allSucceeded, 40_000);
  const handle = stack.gateway.client.workflow.getHandle('aol/default/tick/1');
  await handle.result();
  expect((await handle.describe()).historyLength).toBeLessThanOrEqual(14);
  const { rows } = await stack.db.query('SELECT claimed, running, outcome FROM aol_tick_ledger WHERE number = 1');
  expect(rows).toEqual([{ claimed: 120, running: 0, outcome: 'OK' }]);
}, 90_000);

test('effects go out though PostgreSQL is 100 ms away in each direction', async () => {
  const url = new URL(stack.databaseUrl);
  const proxy = await startProxy(Number(url.port), createRandom(1));
  url.port = String(proxy.port);
  proxy.slow(100, 100);
  stage.performances.splice(0);
  const ids = await queue(2);
  const worker = await stack.startWorker({ adapters: [stage.adapter], proofMode: false, databaseUrl: url.href });
  await until('all were performed', allSucceeded, 40_000);
  expect(stage.performances.map(({ key }) => key).sort()).toEqual(ids.map((id) => `aol-${id}`).sort());
  await worker.shutdown();
  await proxy.close();
}, 90_000);
