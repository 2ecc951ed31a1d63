/** An agent over stdio, by the SDK's own client, against a real stack that is unlocked for REAL: it queues, looks and stops. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import fc from 'fast-check';
import { z } from 'zod';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { actionListSchema, actionSchema, nextActionsSchema } from '../../src/contracts/http/action.ts';
import { adapterListSchema } from '../../src/contracts/http/adapter.ts';
import { controlAnswerSchema } from '../../src/contracts/http/control.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { statusSchema } from '../../src/contracts/http/status.ts';
import { tickListSchema } from '../../src/contracts/http/tick.ts';
import { createTestApi, POST, type TestApi, TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { answer, answering, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let stack: TestStack;
let api: TestApi;
let receiver: Receiver;
let dataDir: string;
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
  // As `aol up` leaves it: the operator's token is found there.
  dataDir = mkdtempSync(join(tmpdir(), 'aol-mcp-'));
  writeFileSync(join(dataDir, 'tokens.json'), JSON.stringify(TOKENS), { mode: 0o600 });
  agent = await connect({});
}, 60_000);
afterAll(async () => {
  await agent.close();
  await api.close();
  await stack.stop();
  await receiver.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function connect(env: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [join(root, 'bin', 'aol.mjs'), 'mcp'],
      cwd: tmpdir(),
      env: { PATH: '/usr/bin:/bin', AOL_DATA_DIR: dataDir, AOL_API_PORT: new URL(api.url).port, ...env },
    }),
  );
  // Without the tools' schemas the client would not check their answers against them.
  await client.listTools();
  return client;
}

const resultSchema = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })).length(1),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});

async function call(name: string, args: Record<string, unknown> = {}, client = agent) {
  const result = resultSchema.parse(await client.callTool({ name, arguments: args }));
  return {
    text: result.content[0]?.text ?? '',
    isError: result.isError === true,
    structured: result.structuredContent,
  };
}

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

const ALLOWED = [
  'enqueue_action',
  'get_action',
  'get_action_logs',
  'get_artifact',
  'get_status',
  'kill',
  'list_actions',
  'list_adapters',
  'list_logs',
  'list_ticks',
  'next_actions',
  'pause',
];

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
    expect(agent.getInstructions()).toContain('a person approves');
    expect(agent.getServerVersion()).toMatchObject({ name: 'aol' });
  });

  test('queue a proof and show it: the artifact has the SHA-256 that was recorded', async () => {
    const types = await good(adapterListSchema, 'list_adapters');
    expect(types.items.map(({ type }) => type)).toContain('POST_SOCIAL');
    const asked = { type: 'POST_SOCIAL', payload: POST, idempotencyKey: 'agent-1' };
    const { id } = await good(actionSchema, 'enqueue_action', asked);
    expect((await good(actionSchema, 'enqueue_action', asked)).id).toBe(id);
    const proved = await state(id, 'SUCCESS');
    expect(proved).toMatchObject({ mode: 'PROOF', createdBy: 'operator' });
    const artifact = z.object({ sha256: z.string(), artifact: z.string() });
    const shown = await good(artifact, 'get_artifact', { id });
    expect(createHash('sha256').update(shown.artifact).digest('hex')).toBe(proved.artifactSha256);
    expect(shown.sha256).toBe(proved.artifactSha256);
    const logs = await good(logListSchema, 'get_action_logs', { id });
    expect(logs.items.map(({ event }) => event)).toEqual(['ENQUEUED', 'ATTEMPT_STARTED', 'SUCCEEDED']);
    expect((await good(logListSchema, 'list_logs', { actionId: id, event: ['SUCCEEDED'] })).total).toBe(1);
    const list = await good(actionListSchema, 'list_actions', { status: ['SUCCESS', 'DLQ'], q: 'agent-1' });
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
    const stranded = await connect({ AOL_API_PORT: '9' });
    const { isError, text } = await call('get_status', {}, stranded);
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
    expect(receiver.requests()).toEqual([]);
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
    expect(logs.items.map(({ actor }) => actor)).toEqual(['operator', 'operator']);
  });

  /** Whatever an agent comes upon, with arguments that mean something to the API or to other tools. */
  test('no sequence of calls changes another flag, or has anything sent', async () => {
    await setFlag(stack.db, 'proof_only', false);
    const { rows } = await stack.db.query(
      `SELECT id, artifact_sha256 FROM aol_actions WHERE status = 'AWAITING_APPROVAL'`,
    );
    const waiting = z.object({ id: z.string(), artifact_sha256: z.string() }).parse(rows[0]);
    const before = await flags();
    const forbidden = [
      'approve',
      'promote',
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
      fc.tuple(fc.constantFrom(...ALLOWED, ...ALLOWED, ...forbidden), fc.array(argument, { maxLength: 6 })),
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
      `SELECT FROM aol_actions WHERE mode = 'REAL' AND (approval_by IS NOT NULL OR NOT approval_needed)`,
    );
    expect(approved).toEqual([]);
    expect(receiver.requests()).toEqual([]);
  });
});

describe('its token', () => {
  test('is never an admin’s', async () => {
    const client = await connect({ AOL_MCP_TOKEN: TOKENS.admin });
    const { isError, text } = await call('pause', { reason: 'x' }, client);
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining("an admin's") });
    await client.close();
  });

  test('may be a viewer’s: it looks, and stops nothing', async () => {
    const client = await connect({ AOL_MCP_TOKEN: TOKENS.viewer });
    expect((await call('get_status', {}, client)).isError).toBe(false);
    const { isError, text } = await call('pause', { reason: 'x' }, client);
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining('AOL_FORBIDDEN') });
    await client.close();
  });

  test('where there is none the server does not start, and says what to set', async () => {
    const missing = connect({ AOL_DATA_DIR: join(dataDir, 'nowhere') });
    await expect(missing).rejects.toThrow(/closed/i);
  });
});
