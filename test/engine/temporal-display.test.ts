/** What operators find in Temporal: search attributes, links to the dashboard, and what the orchestrator answers. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import type { OrchestratorState } from '../../src/contracts/engine/orchestrator.ts';
import { orchestratorWorkflowId, SEARCH_ATTRIBUTES, STATE_QUERY, TICK_UPDATE } from '../../src/contracts/names.ts';
import { silentLog } from '../../src/worker/log.ts';
import { registerSearchAttributes } from '../../src/worker/search-attributes.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const stage = createStage();
const lane = orchestratorWorkflowId('default');
let stack: TestStack;
let actionId = '';

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  const connection = await NativeConnection.connect({ address: stack.temporal.address });
  // Registers them, and does not wait until they have spread: runs that set them too early are tried again.
  const registering = new AbortController();
  const options = { connection, namespace: stack.temporal.namespace, log: silentLog, onUsable: () => undefined };
  const registered = registerSearchAttributes({ ...options, signal: registering.signal });
  await until('they are known', async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: options.namespace,
    });
    return Object.values(SEARCH_ATTRIBUTES).every((name) => customAttributes?.[name] === 2);
  });
  registering.abort();
  await registered;
  await connection.close();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const settings = { adapters: [stage.adapter], proofMode: false, dashboardUrl: 'https://aol.example' };
  await stack.startWorker(settings);
  [actionId = ''] = await stack.enqueue([{ type: 'PLAY', mode: 'REAL', payload: { name: 'a', acts: ['done'] } }, {}]);
  await until('both are done', async () => (await stack.rows()).every((row) => row.status === 'SUCCESS'));
}, 90_000);
afterAll(() => stack.stop(), 60_000);

const found = async (query: string) => {
  const ids: string[] = [];
  for await (const { workflowId } of stack.gateway.client.workflow.list({ query })) ids.push(workflowId);
  return ids;
};

test('orchestrators are found by lane, mode and outcome, ticks by lane and mode', async () => {
  await until('the lane is found', async () =>
    (await found(`AolLane = 'default' AND AolMode = 'REAL' AND AolOutcome = 'OK'`)).includes(lane),
  );
  await until('the tick is found', async () =>
    (await found(`AolLane = 'default' AND AolMode = 'REAL' AND WorkflowType = 'tick'`)).some((id) =>
      id.startsWith('aol/default/tick/'),
    ),
  );
  expect(await found(`AolLane = 'other'`)).toEqual([]);
});

test('a run leads to the dashboard, and an effect to its tick', async () => {
  const { client } = stack.gateway;
  const [tick = ''] = await until('the tick is found', async () => {
    const ids = await found(`AolLane = 'default' AND WorkflowType = 'tick'`);
    return ids.length > 0 && ids;
  });
  const detailsOf = async (workflowId: string) =>
    JSON.stringify(await client.workflow.getHandle(workflowId).query('__temporal_workflow_metadata'));
  expect(await detailsOf(tick)).toContain(`https://aol.example/actions/${actionId}`);
  expect(await detailsOf(lane)).toContain('https://aol.example/actions?lane=default');
  const row = (await stack.rows()).find(({ id }) => id === actionId);
  expect(row?.workflow_id).toBe(tick);
});

test('the query `state` and the update `tick` answer what the API answers', async () => {
  const handle = stack.gateway.client.workflow.getHandle(lane);
  const state = () => handle.query<OrchestratorState>(STATE_QUERY);
  expect(await handle.executeUpdate(TICK_UPDATE)).toEqual({ kind: 'quiet', outcome: 'IDLE' });
  const { rows } = await stack.db.query('SELECT token FROM aol_lease');
  expect(await state()).toMatchObject({
    lane: 'default',
    autonomous: true,
    token: rows[0].token,
    mode: 'REAL',
    lastOutcome: 'IDLE',
    lastTick: { claimed: expect.any(Number), mode: 'REAL' },
    openTickId: null,
  });
  await setFlag(stack.db, 'paused', true);
  expect(await handle.executeUpdate(TICK_UPDATE)).toEqual({ kind: 'quiet', outcome: 'PAUSED' });
  await until('a paused lane is found', async () => (await found(`AolOutcome = 'PAUSED'`)).includes(lane));
});
