/** An agent over stdio, by the SDK's own client, against a real stack that is unlocked for REAL: it queues, looks, waits and stops. */

import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import fc from 'fast-check';
import { z } from 'zod';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { actionSchema, actionSummaryListSchema, nextActionsSchema } from '../../src/contracts/http/action.ts';
import { adapterListSchema } from '../../src/contracts/http/adapter.ts';
import { controlAnswerSchema } from '../../src/contracts/http/control.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { tickListSchema } from '../../src/contracts/http/tick.ts';
import { validateResultSchema } from '../../src/contracts/http/validate.ts';
import { createTestApi, POST, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { callTool, connectAgent, tokenOf } from '../support/mcp.ts';
import { answer, answering, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let api: TestApi;
let receiver: Receiver;
let token: string;
let agent: Client;

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  receiver = await startReceiver(answering(answer(200)));
  await stack.startWorker({ proofMode: false, webhook: { allow: receiver.host, signingSecrets: [] } });
  api = await createTestApi({
    database: stack.db,
    artifacts: createArtifactStore(`file:${stack.artifactFolder}`),
    temporal: { health: () => stack.gateway.health(), link: () => null },
  });
  token = await tokenOf(api, 'bot', 'agent');
  agent = await connectAgent({ AOL_API_URL: api.url, AOL_TOKEN: token });
}, 60_000);
afterAll(async () => {
  await agent.close();
  await api.close();
  await stack.stop();
  await receiver.close();
});

/** What a person does, over HTTP. */
const decide = (id: string, verb: 'approve' | 'reject', body: object, as: string = TOKENS.operator) =>
  postRaw(api, `/v1/actions/${id}/${verb}`, JSON.stringify(body), { authorization: `Bearer ${as}` });

const call = (name: string, args: Record<string, unknown> = {}) => callTool(agent, name, args);

async function good<Schema extends z.ZodType>(schema: Schema, name: string, args: Record<string, unknown> = {}) {
  const { text, isError, structured } = await call(name, args);
  expect({ isError, text }).toEqual({ isError: false, text: expect.any(String) });
  expect(JSON.parse(text.slice(text.indexOf('\n') + 1))).toEqual(structured);
  return schema.parse(structured);
}

const state = (id: string, status: string) =>
  until(`${id} is ${status}`, async () => {
    const action = await good(actionSchema, 'get_action', { id });
    return action.status === status && action;
  });
const webhook = (name: string) => ({
  type: 'CALL_WEBHOOK',
  payload: { url: `http://${receiver.host}/${name}`, body: {} },
});

/** What reached the world without a person's word. */
const unapproved = () => receiver.requests().filter((sent) => !sent.startsWith('POST /approved'));

const ALLOWED = [
  'cancel_own_action',
  'enqueue_action',
  'get_action',
  'get_action_logs',
  'get_artifact',
  'get_decision',
  'get_status',
  'kill',
  'list_actions',
  'list_adapters',
  'list_logs',
  'list_ticks',
  'next_actions',
  'pause',
  'validate_action',
  'wait_for_action',
];

const decisionList = z.object({ decisions: z.array(z.record(z.string(), z.unknown())) });
const waited = decisionList.extend({ hasEnded: z.boolean(), action: actionSchema });

describe('the tools', () => {
  test('are these and no others, each with its schemas', async () => {
    const { tools } = await agent.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(ALLOWED);
    for (const { inputSchema, outputSchema, description, annotations } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: 'object' });
      expect(description).not.toBe('');
      expect(annotations?.readOnlyHint).toBeDefined();
    }
    expect(agent.getInstructions()).toContain('a person then approves or rejects it');
    expect(agent.getServerVersion()).toMatchObject({ name: 'aol' });
  });

  test('queue a proof and show it: the artifact has the SHA-256 that was recorded', async () => {
    const types = await good(adapterListSchema, 'list_adapters');
    expect(types.items.map(({ type }) => type)).toContain('POST_SOCIAL');
    const asked = { type: 'POST_SOCIAL', payload: POST, idempotencyKey: 'agent-1' };
    const { id } = await good(actionSchema, 'enqueue_action', asked);
    expect((await good(actionSchema, 'enqueue_action', asked)).id).toBe(id);
    const proved = await state(id, 'SUCCESS');
    expect(proved).toMatchObject({ mode: 'PROOF', createdBy: 'bot' });
    const artifact = z.object({ sha256: z.string(), artifact: z.string() });
    const shown = await good(artifact, 'get_artifact', { id });
    expect(createHash('sha256').update(shown.artifact).digest('hex')).toBe(proved.artifactSha256);
    expect(shown.sha256).toBe(proved.artifactSha256);
    const logs = await good(logListSchema, 'get_action_logs', { id });
    expect(logs.items.map(({ event }) => event)).toEqual(['ENQUEUED', 'ATTEMPT_STARTED', 'SUCCEEDED']);
    expect((await good(logListSchema, 'list_logs', { actionId: id, event: ['SUCCEEDED'] })).total).toBe(1);
    const list = await good(actionSummaryListSchema, 'list_actions', { status: ['SUCCESS', 'DLQ'], q: 'agent-1' });
    expect(list.items.map((item) => item.id)).toEqual([id]);
    expect((await good(tickListSchema, 'list_ticks', { lane: 'default' })).total).toBeGreaterThan(0);
    expect((await good(nextActionsSchema, 'next_actions')).items).toEqual([]);
    expect((await good(statusSchema, 'get_status')).workers.count).toBe(1);
  });

  test('say what is wrong, with the field', async () => {
    const refused = await call('enqueue_action', { type: 'POST_SOCIAL', payload: { platform: 'x' } });
    expect(refused).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^AOL_UNPROCESSABLE: .*\npayload.content/),
    });
    const wrong = await call('enqueue_action', { type: 'POST_SOCIAL', payload: POST, colour: 'red' });
    expect(wrong).toMatchObject({ isError: true, text: expect.stringContaining('colour') });
    const unknown = await call('get_action', { id: crypto.randomUUID() });
    expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining('AOL_NOT_FOUND') });
  });

  test('an API that is away is an error of the call, not the end', async () => {
    const stranded = await connectAgent({ AOL_API_URL: 'http://127.0.0.1:9', AOL_TOKEN: token });
    const { isError, text } = await callTool(stranded, 'get_status');
    expect({ isError, text }).toMatchObject({ isError: true, text: expect.stringContaining('AOL_UNREACHABLE') });
    await stranded.close();
  });
});

describe('REAL', () => {
  beforeEach(() => setFlag(stack.db, 'proof_only', false));
  afterEach(() => setFlag(stack.db, 'proof_only', true));

  test('is a request that waits for a person, though the lane is REAL and asks nobody', async () => {
    const status = await good(statusSchema, 'get_status');
    expect(status).toMatchObject({ mode: 'REAL', lanes: [{ flags: { approval_policy: 'none' } }] });
    const { id } = await good(actionSchema, 'enqueue_action', { ...webhook('real'), mode: 'REAL' });
    const waiting = await state(id, 'AWAITING_APPROVAL');
    expect(waiting).toMatchObject({ mode: 'REAL', approval: { needed: true, by: null } });
    for (const requireApproval of [false, true]) {
      const sly = await call('enqueue_action', { ...webhook('sly'), mode: 'REAL', requireApproval });
      expect(sly.isError).toBe(true);
    }
    expect(unapproved()).toEqual([]);
  });

  test('with the token in its own hands it has nothing sent either, by any route', async () => {
    const { id } = await good(actionSchema, 'enqueue_action', { ...webhook('own-hands'), mode: 'REAL' });
    const { artifactSha256: sha256 } = await state(id, 'AWAITING_APPROVAL');
    const proof = await good(actionSchema, 'enqueue_action', webhook('own-hands'));
    const proved = await state(proof.id, 'SUCCESS');
    const real = { ...webhook('own-hands'), mode: 'REAL', requireApproval: false };
    const tries: [string, unknown][] = [
      [`/v1/actions/${id}/approve`, { sha256 }],
      [`/v1/actions/${id}/replay`, {}],
      [`/v1/actions/${id}/resolve`, { outcome: 'not_sent' }],
      [`/v1/actions/${proof.id}/promote`, { sha256: proved.artifactSha256 }],
      [`/v1/actions/${id}/revise`, { payload: webhook('own-hands').payload }],
      [`/v1/actions/${id}/reschedule`, { runAt: '2020-01-01T00:00:00Z' }],
      [`/v1/actions/${id}/request-changes`, { reason: 'none' }],
      ['/v1/actions', real],
      ['/v1/actions', { ...real, idempotencyKey: `promote:${proof.id}` }],
      ['/v1/actions/batch', { actions: [real, real] }],
      ['/v1/control/start', { force: true }],
      ['/v1/tokens', { name: 'friend', role: 'approver' }],
    ];
    for (const [url, body] of tries) {
      await postRaw(api, url, JSON.stringify(body), { authorization: `Bearer ${token}` });
    }
    await until('all of it waits for a person', async () => {
      const { rows } = await stack.db.query(
        `SELECT FROM aol_actions WHERE mode = 'REAL' AND created_by = 'bot' AND status IN ('PENDING', 'RUNNING')`,
      );
      return rows.length === 0;
    });
    expect(unapproved()).toEqual([]);
  });

  test('approved by a person it is sent, and the agent that waits is told who approved it', async () => {
    const { id } = await good(actionSchema, 'enqueue_action', { ...webhook('approved'), mode: 'REAL' });
    const { artifactSha256: sha256 } = await state(id, 'AWAITING_APPROVAL');
    const early = await good(waited, 'wait_for_action', { id, timeoutSeconds: 1 });
    expect(early).toMatchObject({ hasEnded: false, action: { status: 'AWAITING_APPROVAL' }, decisions: [] });
    const waiting = good(waited, 'wait_for_action', { id, timeoutSeconds: 50 });
    await decide(id, 'approve', { sha256, reason: 'as agreed' });
    expect(await waiting).toMatchObject({
      hasEnded: true,
      action: { status: 'SUCCESS', approval: { by: 'operator' } },
      decisions: [{ decision: 'APPROVED', by: 'operator', reason: 'as agreed' }],
    });
    expect(receiver.requests().filter((sent) => sent.startsWith('POST /approved'))).toHaveLength(1);
  });

  test('before it queues it may look: the effect, and that a person must approve it', async () => {
    const before = await stack.db.query('SELECT FROM aol_actions');
    const look = await good(z.object({ result: validateResultSchema }), 'validate_action', {
      ...webhook('looked-at'),
      mode: 'REAL',
    });
    expect(look.result).toMatchObject({
      ok: true,
      notes: expect.arrayContaining([expect.stringContaining('must approve')]),
    });
    expect((await call('validate_action', { type: 'CALL_WEBHOOK', payload: {} })).text).toContain(
      'It would be refused',
    );
    expect((await stack.db.query('SELECT FROM aol_actions')).rowCount).toBe(before.rowCount);
  }, 30_000);

  test('rejected, it learns why', async () => {
    const { id } = await good(actionSchema, 'enqueue_action', { ...webhook('rejected'), mode: 'REAL' });
    await state(id, 'AWAITING_APPROVAL');
    expect((await call('get_decision', { id })).text).toContain('Nobody has decided');
    await decide(id, 'reject', { reason: 'the wrong audience' }, await tokenOf(api, 'anna', 'approver'));
    const { text } = await call('wait_for_action', { id });
    expect(text).toContain(`${id} is CANCELLED. REJECTED by anna: the wrong audience.`);
    expect(await good(decisionList, 'get_decision', { id })).toMatchObject({
      decisions: [{ decision: 'REJECTED', by: 'anna', reason: 'the wrong audience' }],
    });
  });

  test('it takes back what is its own, and nothing else', async () => {
    const { id } = await good(actionSchema, 'enqueue_action', { ...webhook('mine'), mode: 'REAL' });
    await state(id, 'AWAITING_APPROVAL');
    const [theirs = ''] = await stack.enqueue([{ ...webhook('theirs'), mode: 'REAL', requireApproval: true }]);
    const refused = await call('cancel_own_action', { id: theirs, reason: 'I would rather not' });
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('AOL_FORBIDDEN') });
    const cancelled = await good(actionSchema, 'cancel_own_action', { id, reason: 'a better idea' });
    expect(cancelled.status).toBe('CANCELLED');
    expect((await call('get_decision', { id })).text).toContain('CANCELLED by bot: a better idea.');
  });
});

describe('stopping', () => {
  const flags = async () => {
    const { rows } = await stack.db.query(`SELECT lane, name, value FROM aol_control_flags ORDER BY lane, name`);
    return Object.fromEntries(rows.map(({ lane, name, value }) => [`${lane} ${name}`, value]));
  };
  const release = async () => {
    await stack.db.query(`DELETE FROM aol_control_flags WHERE lane <> '*'`);
    await stack.db.query(`UPDATE aol_control_flags SET value = 'false' WHERE name IN ('paused', 'killed')`);
  };
  afterEach(release);

  test('is allowed, with a reason that the log keeps', async () => {
    const reason = 'something looks wrong';
    expect(await good(controlAnswerSchema, 'pause', { lane: 'default', reason })).toMatchObject({ paused: true });
    expect(await good(controlAnswerSchema, 'kill', { reason })).toMatchObject({ killed: true, lane: '*' });
    expect((await call('kill')).isError).toBe(true);
    const logs = await good(logListSchema, 'list_logs', { event: ['FLAG_CHANGED'], q: reason });
    expect(logs.items.map(({ actor }) => actor)).toEqual(['bot', 'bot']);
  });

  /** Whatever an agent comes upon, with arguments that mean something to the API or to other tools. */
  test('no sequence of calls changes another flag, or has anything sent', async () => {
    await setFlag(stack.db, 'proof_only', false);
    const { rows } = await stack.db.query(
      `SELECT id, artifact_sha256 FROM aol_actions WHERE status = 'AWAITING_APPROVAL'`,
    );
    const waiting = z.object({ id: z.string(), artifact_sha256: z.string() }).parse(rows[0]);
    const before = await flags();
    const quick = ALLOWED.filter((name) => name !== 'wait_for_action');
    const forbidden = [
      'approve',
      'promote',
      'revise',
      'reschedule',
      'request-changes',
      'reject',
      'resume',
      'start',
      'replay',
      'resolve',
      'set_flags',
      'cancel',
      'flags',
    ];
    const argument = fc.constantFrom<[string, unknown]>(
      ['id', waiting.id],
      ['actionId', waiting.id],
      ['sha256', waiting.artifact_sha256],
      ['lane', 'default'],
      ['lane', '*'],
      ['reason', 'because'],
      ['mode', 'REAL'],
      ['mode', 'PROOF'],
      ['requireApproval', false],
      ['approval', { needed: false, by: 'me', sha256: waiting.artifact_sha256 }],
      ['flags', { proof_only: false, killed: false, paused: false, max_running: 1000 }],
      ['paused', false],
      ['verb', 'resume'],
      ['outcome', 'sent'],
      ['promotedFrom', waiting.id],
      ['idempotencyKey', `promote:${waiting.id}`],
      ['type', 'CALL_WEBHOOK'],
      ['payload', webhook('sequence').payload],
    );
    const calls = fc.array(
      fc.tuple(fc.constantFrom(...quick, ...quick, ...forbidden), fc.array(argument, { maxLength: 6 })),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc
        .asyncProperty(calls, async (sequence) => {
          for (const [name, args] of sequence) {
            const { isError } = await call(name, Object.fromEntries(args));
            if (forbidden.includes(name)) expect(isError).toBe(true);
          }
          const stopped = Object.entries(await flags()).filter(([name, value]) => before[name] !== value);
          for (const [name, value] of stopped)
            expect([name.split(' ')[1], value]).toEqual([expect.stringMatching(/^(paused|killed)$/), true]);
        })
        .afterEach(release),
      { numRuns: 15 },
    );
    await setFlag(stack.db, 'proof_only', true);
    const { rows: approved } = await stack.db.query(
      `SELECT FROM aol_actions WHERE mode = 'REAL' AND (approval_by <> 'operator' OR NOT approval_needed)`,
    );
    expect(approved).toEqual([]);
    expect(unapproved()).toEqual([]);
  });
});
