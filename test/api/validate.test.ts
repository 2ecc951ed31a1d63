/** `POST /v1/actions/validate`: the checks of an enqueue, and the effect as a proof would store it; nothing is queued or kept. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBuiltInAdapters } from '../../src/adapters/index.ts';
import { createRegistry } from '../../src/adapters/registry.ts';
import { renderArtifact } from '../../src/adapters/render.ts';
import type { QueueableType } from '../../src/api/context.ts';
import { createBlobStoreAt } from '../../src/artifacts/index.ts';
import { AolClient } from '../../src/client/client.ts';
import { actionSchema } from '../../src/contracts/http/action.ts';
import { validateAnswerSchema } from '../../src/contracts/http/validate.ts';
import { builtInContracts } from '../../src/contracts/payloads/index.ts';
import { addBlob } from '../../src/db/queue/blobs.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { createRenderer, type Renderer } from '../../src/worker/renderer.ts';
import { as, countRows, createTestApi, namedToken, postRaw, type TestApi, TOKENS } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';

let api: TestApi;
let renderer: Renderer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aol-validate-'));
  const own = join(folder, 'own.mjs');
  writeFileSync(own, OWN_ADAPTER);
  renderer = createRenderer({ adapterFiles: [own], artifacts: `file:${folder}` }, 4_000);
  api = await createTestApi({ renderer, contracts: [...builtInContracts, OWN_TYPE] });
  await api.database.pool.query(`SELECT aol_create_lane('brand', 'test')`);
});
afterAll(async () => {
  await api.close();
  await renderer.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the API knows of it; the thread that renders loads the rest. */
const OWN_TYPE: QueueableType = { type: 'PLAY', performs: true, check: () => ({ ok: true }) };

/** Renders what its payload asks for: itself, an endless loop, an error, the end of its process. */
const OWN_ADAPTER = `
import { defineAdapter, jsonEffect } from 'aol';
import { z } from 'zod';
export default defineAdapter({
  contract: { type: 'PLAY', title: 'Play', payload: z.strictObject({ play: z.string() }), example: { play: 'well' }, performs: true },
  version: 1,
  redelivery: () => ({ kind: 'neither' }),
  render({ play }) {
    if (play === 'hang') for (;;);
    if (play === 'throw') throw new Error('it was not to be');
    if (play === 'exit') process.exit(0);
    return jsonEffect({ type: 'PLAY', adapterVersion: 1, summary: 'Play ' + play, url: 'https://example.com/play', body: { play } });
  },
  perform: async () => ({ kind: 'rejected', reason: 'never' }),
});
`;

const post = (actions: readonly unknown[], headers = as('operator')) =>
  postRaw(api, '/v1/actions/validate', JSON.stringify({ actions }), headers);
async function validate(actions: readonly unknown[], headers = as('operator')) {
  const answer = await post(actions, headers);
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
  return validateAnswerSchema.parse(answer.json()).results;
}
const problems = async (action: unknown, headers = as('operator')) => {
  const [result] = await validate([action], headers);
  return result?.ok === false ? result.problem : result;
};
const play = (what: string) => ({ type: 'PLAY', payload: { play: what } });
const WEBHOOK = { type: 'CALL_WEBHOOK', payload: { url: 'https://a.example/hook', body: { order: 42 } } };

describe('what would be proved', () => {
  test('is the effect of the worker, byte for byte, where it holds no id of its action', async () => {
    const payload = { platform: 'mastodon', content: 'Hello everyone' };
    const [result] = await validate([{ type: 'POST_SOCIAL', payload }]);
    if (!result?.ok) throw new Error(JSON.stringify(result));
    const registry = createRegistry(createBuiltInAdapters());
    const adapter = registry.get('POST_SOCIAL');
    const provider = adapter.providers.find(({ name }) => name === 'mastodon');
    if (!provider) throw new Error('no provider');
    const account = { name: 'default', provider: 'mastodon', ...provider.placeholder, settings: {}, facts: {} };
    const unused = () => Promise.reject(new Error('not needed'));
    const blobs = { describe: unused, read: unused, keep: unused };
    const expected = await renderArtifact(adapter, payload, {
      actionId: '01937e4a-5b6c-7d8e-9f01-23456789abcd',
      providerKey: 'aol-01937e4a-5b6c-7d8e-9f01-23456789abcd',
      account,
      blobs,
    });
    expect(result.effect).toEqual({
      ...JSON.parse(new TextDecoder().decode(expected.bytes)),
      request: expect.anything(),
    });
    expect(result).toMatchObject({
      summary: expect.stringContaining('Hello everyone'),
      preview: { kind: 'post', platform: 'mastodon', text: 'Hello everyone' },
      notes: expect.arrayContaining([expect.stringContaining('no worker has its account')]),
    });
    expect(result.byteCount).toBeGreaterThan(100);
    expect(await countRows(api.database, 'aol_actions')).toBe(0);
  });

  test('an effect with the id of its action has another SHA-256 each time, and says so', async () => {
    const [one, other] = await validate([WEBHOOK, WEBHOOK]);
    if (!one?.ok || !other?.ok) throw new Error('refused');
    expect(one.sha256).not.toBe(other.sha256);
    expect(one.notes).toContainEqual(expect.stringContaining('of this look alone'));
    const [fixed, again] = await validate([play('well'), play('well')]);
    if (!fixed?.ok || !again?.ok) throw new Error('refused');
    expect([fixed.sha256, fixed.notes]).toEqual([again.sha256, ['no worker is running']]);
    const canonical = JSON.stringify(fixed.effect);
    expect(new TextEncoder().encode(canonical).byteLength).toBe(fixed.byteCount);
  });

  test('it speaks as the account that a worker has, by its settings and what its check learned', async () => {
    await api.database.pool.query(
      `INSERT INTO aol_accounts (name, provider, identity, server, settings) VALUES
         ('smtp.default', 'smtp', 'brand@a.example', 'smtp.example:587', $1)`,
      [JSON.stringify({ url: { env: 'SMTP_URL' }, from: 'brand@a.example', fromName: 'The Brand' })],
    );
    const bytes = new TextEncoder().encode('a,b\n1,2\n');
    const sha256 = sha256Hex(bytes);
    await createBlobStoreAt(`file:${folder}`).put(bytes);
    await addBlob(api.database.pool, {
      sha256,
      mediaType: 'text/csv',
      byteCount: bytes.byteLength,
      width: null,
      height: null,
      createdBy: 'test',
    });
    const mail = {
      type: 'SEND_EMAIL',
      payload: {
        to: ['you@b.example'],
        subject: 'Numbers',
        text: 'See the file.',
        attachments: [{ sha256, fileName: 'numbers.csv' }],
      },
    };
    const [result] = await validate([mail]);
    if (!result?.ok) throw new Error(JSON.stringify(result));
    expect(result).toMatchObject({
      effect: { account: { name: 'default', identity: 'brand@a.example' } },
      preview: { kind: 'mail', from: expect.stringContaining('The Brand'), to: ['you@b.example'], subject: 'Numbers' },
    });
    expect(result.notes.join()).not.toContain('no worker has its account');
    // The message that was built for the look is kept nowhere.
    expect((await api.database.pool.query('SELECT FROM aol_blobs')).rowCount).toBe(1);
    expect(await problems({ ...mail, payload: { ...mail.payload, account: 'other' } })).toMatchObject({
      status: 422,
      errors: [{ field: 'payload.account', rule: 'must be one of default' }],
    });
    await api.database.pool.query('TRUNCATE aol_accounts CASCADE');
  });
});

describe('what would be refused is answered in its place, as an enqueue is', () => {
  test.each([
    ['an unknown type', { type: 'NOWHERE', payload: {} }, 400, 'type'],
    ['a payload that fails', { type: 'POST_SOCIAL', payload: { platform: 'x' } }, 422, 'payload.content'],
    ['an unknown field', { ...WEBHOOK, when: 'now' }, 400, 'when'],
    ['a lane that is not there', { ...WEBHOOK, lane: 'nowhere' }, 422, 'lane'],
    [
      'REAL without an account',
      { type: 'POST_SOCIAL', payload: { platform: 'x', content: 'a' }, mode: 'REAL' },
      422,
      'mode',
    ],
    [
      'a file that is not there',
      { type: 'POST_SOCIAL', payload: { platform: 'x', content: 'a', media: [{ sha256: 'a'.repeat(64) }] } },
      422,
      'payload.media.0.sha256',
    ],
  ])('%s', async (_name, action, status, field) => {
    const results = await validate([play('well'), action, play('well')]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({
      problem: { status, errors: expect.arrayContaining([expect.objectContaining({ field })]) },
    });
  });

  test('an adapter that throws, hangs or ends its thread refuses that one, and the API goes on', async () => {
    const hanging = post([play('hang')]);
    const kill = await api.call({ method: 'POST', url: '/v1/control/pause', headers: as('operator') });
    expect(kill.statusCode).toBe(200);
    expect((await hanging).json()).toMatchObject({
      results: [{ ok: false, problem: { status: 422, detail: expect.stringContaining('longer than 4000 ms') } }],
    });
    expect(await problems(play('throw'))).toMatchObject({ detail: expect.stringContaining('it was not to be') });
    expect(await problems(play('exit'))).toMatchObject({ detail: expect.stringContaining('ended its thread') });
    expect(await validate([play('well')])).toMatchObject([{ ok: true, summary: 'Play well' }]);
    await api.call({ method: 'POST', url: '/v1/control/resume', headers: as('operator') });
  }, 30_000);

  test('a call without items, or with 51, is 400', async () => {
    expect((await post([])).statusCode).toBe(400);
    expect((await post(Array.from({ length: 51 }, () => play('well')))).statusCode).toBe(400);
  });
});

test('who asks is bound as in an enqueue; an agent may look, and its REAL awaits approval', async () => {
  const bound = await namedToken(api, { name: 'of-brand', role: 'agent', lanes: ['brand'] });
  expect(await problems(WEBHOOK, bound)).toMatchObject({ status: 403 });
  await setFlag(api.database.pool, 'approval_policy', 'none', 'brand');
  const asked = { ...WEBHOOK, lane: 'brand', mode: 'REAL', runAt: '2027-01-01T09:00:00+01:00' };
  const [result] = await validate([asked], bound);
  expect(result).toMatchObject({
    ok: true,
    notes: expect.arrayContaining([
      'it would be due at 2027-01-01T08:00:00.000Z',
      expect.stringContaining('lane brand is PROOF'),
      'a person must approve it before it is sent',
    ]),
  });
  const [operators] = await validate([asked]);
  expect(operators?.ok && operators.notes.join()).not.toContain('a person must approve');
  const admin = new AolClient({ baseUrl: api.url, token: TOKENS.admin });
  await admin.patchFlags({ lane: 'brand', flags: { proof_only: false }, forMs: 3_600_000 });
  const [late, soon] = await validate([asked, { ...asked, runAt: new Date(Date.now() + 60_000).toISOString() }]);
  expect(late?.ok && late.notes).toContainEqual(
    expect.stringMatching(/^REAL of lane brand is locked again at .*, before it is due$/u),
  );
  expect(soon?.ok && soon.notes.join()).not.toContain('is locked again');
  const viewer = new AolClient({ baseUrl: api.url, token: TOKENS.viewer });
  expect((await viewer.validate({ actions: [{ type: 'PLAY', payload: { play: 'well' } }] })).results).toMatchObject([
    { ok: true },
  ]);
  expect(actionSchema.safeParse(result).success).toBe(false);
});
