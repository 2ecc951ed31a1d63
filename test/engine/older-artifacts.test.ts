/** What a person approved is performed as it was stored, also by a worker whose adapter has a newer version (promise 6). */

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { type JsonObject, jsonObjectSchema } from '../../src/contracts/http/json.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { setFlag } from '../support/engine.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let receiver: Receiver;
let seen: string[] = [];

beforeAll(async () => {
  quietRuntime();
  receiver = await startReceiver({
    onRequest(socket, request) {
      seen.push(request);
      // Of a path that is called so, the first answer is lost.
      const isLost = request.includes(' /lost ') && seen.length === 1;
      if (isLost) socket.destroy();
      else socket.end(answer(204));
    },
  });
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  await stack.startWorker({ proofMode: false, webhook: { allow: receiver.host } });
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await receiver.close();
}, 60_000);

beforeEach(() => {
  seen = [];
});

const reaches = (id: string, status: string) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = (await stack.rows()).find((one) => one.id === id);
    if (row?.finished_at && row.status !== status) throw new Error(`${id} is ${row.status}: ${row.last_error}`);
    return row?.status === status && row;
  });

/** Queues a webhook, and approves what another version of its adapter would have stored of it. */
async function approvedAs(payload: JsonObject, change: (effect: JsonObject) => JsonObject) {
  const [id = ''] = await stack.enqueue([{ type: 'CALL_WEBHOOK', mode: 'REAL', requireApproval: true, payload }]);
  const rendered = await reaches(id, 'AWAITING_APPROVAL');
  const store = createArtifactStore(`file:${stack.artifactFolder}`);
  const artifact = Buffer.from(await store.get(rendered.artifact_uri ?? '')).toString('utf8');
  const bytes = Buffer.from(canonicalJson(change(jsonObjectSchema.parse(JSON.parse(artifact)))));
  const sha256 = sha256Hex(bytes);
  const uri = await store.put(id, sha256, bytes);
  await stack.db.query('ALTER TABLE aol_actions DISABLE TRIGGER aol_actions_immutable');
  await stack.db.query('UPDATE aol_actions SET artifact_sha256 = $2, artifact_uri = $3 WHERE id = $1', [
    id,
    sha256,
    uri,
  ]);
  await stack.db.query('ALTER TABLE aol_actions ENABLE TRIGGER aol_actions_immutable');

  await approveAction(stack.db, id, sha256, { actor: 'a person' });
  await stack.gateway.signal('aol/default', 'wake');
  return { id, sha256, uri, bytes, store };
}

/** What version 1 of the adapter stored: an effect without a preview, and without what a repeat does. */
function asVersion1({ preview: _preview, redelivery: _redelivery, ...effect }: JsonObject): JsonObject {
  return { ...effect, adapterVersion: 1 };
}

test('a webhook that was approved under version 1 is sent as it was stored, byte for byte', async () => {
  const payload = { url: `http://${receiver.host}/hook?a=1`, body: { b: 'Grüße 👋', a: [1.5] } };
  const { id, sha256, uri, bytes, store } = await approvedAs(payload, asVersion1);
  const done = await reaches(id, 'SUCCESS');
  expect(done).toMatchObject({ artifact_sha256: sha256, artifact_uri: uri, approval_sha256: sha256 });
  expect(Buffer.from(await store.get(uri))).toEqual(bytes);
  const [head = '', body] = (seen[0] ?? '').split('\r\n\r\n');
  expect(seen).toHaveLength(1);
  expect(head.split('\r\n')[0]).toBe('POST /hook?a=1 HTTP/1.1');
  expect(body).toBe('{"a":[1.5],"b":"Grüße 👋"}');
}, 60_000);

test.each<[string, (effect: JsonObject) => JsonObject, string, number]>([
  ['that the receiver dedupes for a day', (effect) => effect, 'SUCCESS', 2],
  [
    'that it dedupes no more',
    (effect) => ({ ...effect, redelivery: { kind: 'dedupes', windowMs: 0, settleMs: 0 } }),
    'UNCONFIRMED',
    1,
  ],
  [
    'nothing of it, as version 3 did',
    ({ redelivery: _redelivery, ...effect }) => ({ ...effect, adapterVersion: 3 }),
    'SUCCESS',
    2,
  ],
])(
  'what a repeat does is approved with the rest: the artifact says %s',
  async (_name, change, status, requests) => {
    const payload = { url: `http://${receiver.host}/lost`, body: 1, dedupes: '24h' };
    const { id } = await approvedAs(payload, change);
    await reaches(id, status);
    expect(seen).toHaveLength(requests);
  },
  60_000,
);
