/** With AOL_PAYLOAD_KEY nothing that Temporal stores is readable, and everything goes on as without it. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { orchestratorWorkflowId, STATE_QUERY, tickWorkflowId } from '../../src/contracts/names.ts';
import { PayloadKeyError } from '../../src/domain/errors.ts';
import { connectTemporal } from '../../src/temporal/gateway.ts';
import { createPayloadCodec } from '../../src/temporal/payload-codec.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { createStage } from '../support/stage-adapter.ts';
import { until } from '../support/until.ts';
import { quietRuntime, workflowBundlePath } from '../support/workflows.ts';

const key = randomBytes(32);
const stage = createStage();
let stack: TestStack;
let actionId = '';

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack({ payloadKeys: [key] });
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  await stack.startWorker({ adapters: [stage.adapter], proofMode: false });
  const payload = { name: 'canary', acts: ['not_sent', 'done'] };
  [actionId = ''] = await stack.enqueue([{ type: 'PLAY', mode: 'REAL', payload }, {}]);
  await until('both are done', async () => (await stack.rows()).every((row) => row.status === 'SUCCESS'));
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const historyOf = (workflowId: string) => stack.gateway.client.workflow.getHandle(workflowId).fetchHistory();
const tickOfEffect = async () => {
  const { rows } = await stack.db.query('SELECT number FROM aol_tick_ledger WHERE claimed > 0 ORDER BY number LIMIT 1');
  return tickWorkflowId('default', rows[0].number);
};

/** Every text in a history, bytes decoded, but for names that are not payloads. */
function textIn(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textIn).join('\n');
}

test('a history holds neither ids of actions, nor reasons, nor results, nor failures', async () => {
  for (const workflowId of [orchestratorWorkflowId('default'), await tickOfEffect()]) {
    const text = textIn(await historyOf(workflowId));
    expect(text).toContain('binary/encrypted');
    expect(text).not.toContain(actionId);
    expect(text).not.toMatch(/not sent|connection refused|"lane"|tickId|claimed|\bat .*\.ts:/);
  }
});

test('a client with the key reads it, one without is told which key it lacks', async () => {
  const lane = orchestratorWorkflowId('default');
  expect(await stack.gateway.client.workflow.getHandle(lane).query(STATE_QUERY)).toMatchObject({ lane: 'default' });
  const { payloadKeys: _, ...plain } = stack.temporal;
  const gateway = connectTemporal(plain);
  try {
    const asked = gateway.bounded(() => gateway.client.workflow.getHandle(lane).query(STATE_QUERY), 5_000);
    await expect(asked).rejects.toThrow(PayloadKeyError);
  } finally {
    await gateway.close();
  }
});

test('encrypted histories replay with the key, and without it the error says what is missing', async () => {
  for (const workflowId of [orchestratorWorkflowId('default'), await tickOfEffect()]) {
    const history = await historyOf(workflowId);
    const replay = (keys: readonly Uint8Array[]) =>
      Worker.runReplayHistory(
        {
          workflowBundle: { codePath: workflowBundlePath },
          dataConverter: { payloadCodecs: [createPayloadCodec(keys)] },
        },
        history,
        workflowId,
      );
    await replay([randomBytes(32), key]);
    await expect(replay([])).rejects.toThrow(/AOL_PAYLOAD_KEY/);
  }
});
