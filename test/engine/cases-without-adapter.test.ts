/**
 * Cases of providers that AOL has no adapter for (Instagram, Threads, Telegram), with adapters that these tests bring, as others would
 * write them: whether the port can say what is known there, and the engine heeds it.
 */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { headerOf, isSuccess, objectOf } from '../../src/adapters/http-answers.ts';
import { resultOf, withResults } from '../../src/adapters/placeholder.ts';
import { defineAdapter, type HttpRequest, jsonEffect, type PerformContext } from '../../src/adapters/port.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { setFlag } from '../support/engine.ts';
import { startFake } from '../support/providers/fake.ts';
import type { Answer, ProviderServer } from '../support/providers/server.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const metaError = (code: number, subcode: number, message: string): Answer => ({
  status: 400,
  body: { error: { code, error_subcode: subcode, message } },
});
const NOT_READY = metaError(24, 4_279_009, 'Media Not Found');
const BLOCKED = metaError(4, 2_207_051, 'action is blocked');

let stack: TestStack;
let server: ProviderServer;
/** What people see: posts of containers, and messages. */
let published: string[] = [];
/** How often a container says that it is not finished yet, and how often it says so too early. */
let unfinished = 0;
let early = 0;

const textSchema = z.strictObject({ text: z.string() });
const contractOf = (type: string) => ({
  type,
  title: type,
  performs: true,
  payload: textSchema,
  example: { text: 'Hello' },
});
const jsonRequest = (method: 'GET' | 'POST', path: string, value?: object): HttpRequest => ({
  protocol: 'http',
  method,
  url: `${server.url}${path}`,
  headers: value ? { 'content-type': 'application/json' } : {},
  body: value ? { kind: 'json', value: JSON.parse(JSON.stringify(value)) } : { kind: 'none' },
});
const send = (request: HttpRequest, { exchange, signal, results }: PerformContext) =>
  exchange.send(
    request.body.kind === 'json'
      ? { ...request, body: { kind: 'json', value: withResults(request.body.value, results) } }
      : request,
    { signal, wholeBody: true },
  );

const errorSchema = z.object({ error: z.object({ code: z.int(), error_subcode: z.int() }) });
const idSchema = z.object({ id: z.string() });

/** A container is made and waited for; publishing it is the effect. */
const containers = defineAdapter({
  contract: contractOf('PUBLISH_CONTAINER'),
  version: 1,
  redelivery: () => ({ kind: 'neither' }),
  render: ({ text }) => ({
    ...jsonEffect({
      type: 'PUBLISH_CONTAINER',
      adapterVersion: 1,
      summary: `Publish "${text}"`,
      url: `${server.url}/me/threads_publish`,
      body: { creation_id: resultOf('container', 'id') },
    }),
    preparations: [
      { name: 'container', summary: 'Make a container', request: jsonRequest('POST', '/me/threads', { text }) },
    ],
  }),
  async prepare({ request }, _effect, context, before) {
    if (request.protocol !== 'http') return { kind: 'rejected', reason: 'no request' };
    const made = idSchema.safeParse(before);
    const answer = await send(made.success ? jsonRequest('GET', `/${made.data.id}`) : request, context);
    if (answer.kind !== 'answer') return { kind: 'not_sent', reason: answer.reason };
    const result = objectOf(answer) ?? {};
    if (made.success && result.status === 'FINISHED') return { kind: 'ready', result: made.data };
    return { kind: 'not_yet', result: made.success ? made.data : { id: String(result.id) }, askAgainAfterMs: 100 };
  },
  async perform({ request }, context) {
    if (request.protocol !== 'http') return { kind: 'rejected', reason: 'no request' };
    const answer = await send(request, context);
    if (answer.kind !== 'answer') return answer;
    if (isSuccess(answer)) return { kind: 'done', receipt: { id: String(objectOf(answer)?.id) } };
    const said = errorSchema.safeParse(objectOf(answer));
    const code = said.success ? `${said.data.error.code}/${said.data.error.error_subcode}` : String(answer.status);
    if (code === '24/4279009') return { kind: 'not_sent', reason: `${code}: not ready`, retryAfterMs: 0 };
    // It says so of posts that are there.
    if (code === '4/2207051') return { kind: 'unknown', reason: `${code}: blocked` };
    return { kind: 'rejected', reason: code };
  },
});

/** One request, nothing to know it again by, and nothing to read. */
const messages = defineAdapter({
  contract: contractOf('TELL_CHAT'),
  version: 1,
  redelivery: () => ({ kind: 'neither' }),
  render: ({ text }) =>
    jsonEffect({
      type: 'TELL_CHAT',
      adapterVersion: 1,
      summary: `Tell "${text}"`,
      url: `${server.url}/sendMessage`,
      headers: { 'content-type': 'application/json' },
      body: { chat_id: 1, text },
    }),
  async perform({ request }, context) {
    if (request.protocol !== 'http') return { kind: 'rejected', reason: 'no request' };
    const answer = await send(request, context);
    if (answer.kind !== 'answer') return answer;
    return isSuccess(answer) && headerOf(answer, 'content-type')?.includes('json')
      ? { kind: 'done', receipt: {} }
      : { kind: 'unknown', reason: String(answer.status) };
  },
});

beforeAll(async () => {
  quietRuntime();
  server = await startFake({
    routes: {
      'POST /me/threads': () => ({ status: 200, body: { id: 'c1' } }),
      'GET /c1': () => {
        unfinished -= 1;
        return { status: 200, body: { status: unfinished >= 0 ? 'IN_PROGRESS' : 'FINISHED' } };
      },
      'POST /me/threads_publish': (call) => {
        const { creation_id: id } = call.json(z.object({ creation_id: z.string() }));
        early -= 1;
        if (early >= 0) return NOT_READY;
        published.push(id);
        return { status: 200, body: { id: 'p1' } };
      },
      'POST /sendMessage': (call) => {
        published.push(call.json(z.object({ text: z.string() })).text);
        return { status: 200, body: { ok: true } };
      },
    },
    missing: { status: 404, body: {} },
    malformed: (reason) => ({ status: 400, body: { reason } }),
  });
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const webhook = { allow: new URL(server.url).host };
  await stack.startWorker({ adapters: [containers, messages], proofMode: false, webhook });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await server?.close();
}, 60_000);
beforeEach(() => {
  published = [];
  server.behave();
});

async function ends(type: string, status: string): Promise<ActionRow> {
  const [id] = await stack.enqueue([{ type, mode: 'REAL', payload: { text: 'Hello' } }]);
  return until(`it is ${status}`, async () => {
    const row = (await stack.rows()).find((one) => one.id === id);
    if (row?.finished_at && row.status !== status) throw new Error(`${row.status}: ${row.last_error}`);
    return row?.status === status && row;
  });
}
const publishes = () => server.seen().filter(({ path }) => path === '/me/threads_publish').length;

test('case 3: Instagram says that the action is blocked, and the post is there: for a person, never rejected and never repeated', async () => {
  server.misbehave({ at: 'POST /me/threads_publish', how: 'store_then_answer', answer: BLOCKED });
  const before = publishes();
  expect(await ends('PUBLISH_CONTAINER', 'UNCONFIRMED')).toMatchObject({ attempts: 1 });
  expect([published, publishes() - before]).toEqual([['c1'], 1]);
});

test('case 30: Telegram delivers what ran into a time limit: for a person, and one message', async () => {
  server.misbehave({ at: 'POST /sendMessage', how: 'store_then_drop' });
  expect(await ends('TELL_CHAT', 'UNCONFIRMED')).toMatchObject({ attempts: 1 });
  expect(published).toEqual(['Hello']);
});

test('case 31: a container of Threads that is not ready is waited for without an attempt; one that only says so is published later, once', async () => {
  unfinished = 2;
  expect(await ends('PUBLISH_CONTAINER', 'SUCCESS')).toMatchObject({ attempts: 1, receipt: { id: 'p1' } });
  expect(published).toEqual(['c1']);
  [published, early] = [[], 1];
  expect(await ends('PUBLISH_CONTAINER', 'SUCCESS')).toMatchObject({ attempts: 2 });
  expect(published).toEqual(['c1']);
});
