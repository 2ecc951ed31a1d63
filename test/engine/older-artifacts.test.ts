/** What a person approved is performed as it was stored, also by a worker whose adapter has a newer version (promise 6). */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import type { ActionRow } from '../../src/db/action-row.ts';
import { approveAction } from '../../src/db/decide/approvals.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { setFlag } from '../support/engine.ts';
import { answer, answering, type Receiver, startReceiver } from '../support/receiver.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

let stack: TestStack;
let receiver: Receiver;

beforeAll(async () => {
  quietRuntime();
  receiver = await startReceiver(answering(answer(204)));
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'proof_only', false);
  await stack.startWorker({ proofMode: false, webhook: { allow: receiver.host } });
}, 60_000);
afterAll(async () => {
  await stack.stop();
  await receiver.close();
}, 60_000);

const reaches = (id: string, status: string) =>
  until(`${id} is ${status}`, async (): Promise<ActionRow | false> => {
    const row = (await stack.rows()).find((one) => one.id === id);
    if (row?.finished_at && row.status !== status) throw new Error(`${id} is ${row.status}: ${row.last_error}`);
    return row?.status === status && row;
  });

/** What version 1 of the adapter would have stored instead: an effect without a preview. */
function asVersion1(artifact: string): Buffer {
  const { preview: _preview, ...effect } = jsonObjectSchema.parse(JSON.parse(artifact));
  return Buffer.from(canonicalJson({ ...effect, adapterVersion: 1 }));
}

test('a webhook that was approved under version 1 is sent as it was stored, byte for byte', async () => {
  const payload = { url: `http://${receiver.host}/hook?a=1`, body: { b: 'Grüße 👋', a: [1.5] } };
  const [id = ''] = await stack.enqueue([{ type: 'CALL_WEBHOOK', mode: 'REAL', requireApproval: true, payload }]);
  const rendered = await reaches(id, 'AWAITING_APPROVAL');
  const store = createArtifactStore(`file:${stack.artifactFolder}`);
  const bytes = asVersion1(Buffer.from(await store.get(rendered.artifact_uri ?? '')).toString('utf8'));
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

  const done = await reaches(id, 'SUCCESS');
  expect(done).toMatchObject({ artifact_sha256: sha256, artifact_uri: uri, approval_sha256: sha256 });
  expect(Buffer.from(await store.get(uri))).toEqual(bytes);
  const [head = '', body] = (receiver.requests()[0] ?? '').split('\r\n\r\n');
  expect(receiver.requests()).toHaveLength(1);
  expect(head.split('\r\n')[0]).toBe('POST /hook?a=1 HTTP/1.1');
  expect(body).toBe('{"a":[1.5],"b":"Grüße 👋"}');
}, 60_000);
