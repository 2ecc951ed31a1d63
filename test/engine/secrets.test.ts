/** Secrets stay where they are used (promise 11): not in the database, logs, artifacts, Temporal's history or the API's answers. */

import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createApi } from '../../src/api/app.ts';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { createdTokenSchema } from '../../src/contracts/http/token.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { createWaker } from '../../src/temporal/waker.ts';
import { TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { databaseText, filesText, historyText } from '../support/everywhere.ts';
import { call as callOverHttp } from '../support/http.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const SIGNING = `whsec_${Buffer.from('canary-signing-secret-0123456789').toString('base64')}`;
const WRONG_TOKEN = 'canary-wrong-token-0123456789abcdef';

let stack: TestStack;
let receiver: Receiver;
const logged: string[] = [];
beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  receiver = await startReceiver({ onRequest: (socket) => socket.end(answer(200, {}, '{"ok":true}')) });
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  const log = (detail: object, message: string) => void logged.push(`${message} ${JSON.stringify(detail)}`);
  await stack.startWorker({
    proofMode: false,
    webhook: { allow: receiver.host, signingSecrets: [SIGNING] },
    log: { debug: log, info: log, warn: log, error: log },
  });
}, 60_000);
afterAll(async () => {
  await receiver.close();
  await stack.stop();
}, 60_000);

test('no canary is found anywhere but at the receiver, signed', async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString('utf8'));
      done();
    },
  });
  const answers: string[] = [];
  const app = await createApi({
    database: stack.db,
    contracts: builtInContracts,
    tokens: TOKENS,
    artifacts: createArtifactStore(`file:${stack.artifactFolder}`),
    waker: createWaker({ signal: stack.gateway.signal }),
    temporal: { health: stack.gateway.health, link: () => null },
    logger: pino({ level: 'debug' }, sink),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const call = async (method: 'GET' | 'POST', url: string, headers: Record<string, string>, body?: unknown) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const answered = await callOverHttp(port, { method, url, headers, payload });
    answers.push(answered.body);
    return answered;
  };
  const admin = { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/json' };
  const made = createdTokenSchema.parse(
    (await call('POST', '/v1/tokens', admin, { name: 'canary', role: 'operator' })).json(),
  );
  answers.length = 0;
  const own = { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' };
  await call('POST', '/v1/session', { 'content-type': 'application/json' }, { token: made.token });
  await call('POST', '/v1/session', { 'content-type': 'application/json' }, { token: WRONG_TOKEN });
  await call('GET', '/v1/status', { authorization: `Bearer ${WRONG_TOKEN}` });
  const payload = { url: `http://${receiver.host}/hook`, body: { order: 1 } };
  await call('POST', '/v1/actions', own, { type: 'CALL_WEBHOOK', payload, mode: 'REAL' });
  await call('POST', '/v1/actions', own, { type: 'CALL_WEBHOOK', payload });
  const done = await until('both are done', async () => {
    const rows = await stack.rows();
    return rows.length === 2 && rows.every(({ status }) => status === 'SUCCESS') && rows;
  });
  await until('the receiver was called', () =>
    receiver.requests().some((request) => request.includes('webhook-signature')),
  );
  for (const { id } of done)
    for (const part of ['', '/logs', '/artifact']) await call('GET', `/v1/actions/${id}${part}`, own);
  for (const url of ['/v1/actions', '/v1/logs', '/v1/ticks', '/v1/status', '/v1/adapters', '/v1/tokens', '/metrics'])
    await call('GET', url, admin);
  await app.close();

  const places = {
    answers: answers.join('\n'),
    logs: logged.join('\n'),
    database: await databaseText(stack.db),
    artifacts: await filesText(stack.artifactFolder),
    history: await historyText(stack.gateway),
  };
  for (const [place, text] of Object.entries(places)) {
    expect([place, text.length > 100]).toEqual([place, true]);
    for (const secret of [
      SIGNING.slice('whsec_'.length),
      'canary-signing',
      WRONG_TOKEN,
      made.token,
      ...Object.values(TOKENS),
    ]) {
      expect([place, text.includes(secret)]).toEqual([place, false]);
    }
  }
});
