/** `POST_CHAT` on a real Matrix homeserver. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postChatAdapter } from '../../../src/adapters/post-chat/index.ts';
import { canonicalJson } from '../../../src/domain/hashing.ts';
import { SAMPLE_CONTEXT } from '../../support/contexts.ts';
import { INSTALL_LIMIT_MS, type MatrixServer, startMatrix } from '../../support/providers/index.ts';
import { begunAgo, type Sender, sender, storedBody } from '../../support/sending.ts';

let matrix: MatrixServer;
let bot: Sender;
let message: { readonly service: 'matrix'; readonly channel: string; readonly text: string };
const allow = () => [`127.0.0.1:${matrix.port}`];
const senderWith = (accessToken: string) =>
  sender(
    postChatAdapter,
    'matrix',
    {
      settings: { server: matrix.url, userId: matrix.userId, accessToken: { env: 'MATRIX_ACCESS_TOKEN' } },
      secrets: { accessToken },
    },
    allow(),
  );
/** Each action has a key of its own. */
const action = (number: number) => ({ ...SAMPLE_CONTEXT, providerKey: `aol-action-${number}` });

beforeAll(async () => {
  matrix = await startMatrix();
  bot = senderWith(matrix.accessToken);
  message = { service: 'matrix', channel: matrix.roomId, text: 'Done <b> @room' };
}, INSTALL_LIMIT_MS);
afterAll(() => matrix?.close());

test('a message is what was stored, byte for byte, and the same again is the same message', async () => {
  const effect = await bot.prove(message);
  const outcome = await bot.perform(effect);
  expect(outcome).toMatchObject({ kind: 'done', receipt: { room: matrix.roomId, eventId: expect.any(String) } });
  expect(matrix.seen().at(-1)?.body.toString('utf8')).toBe(canonicalJson(storedBody(effect)));
  expect(await bot.perform(effect, { attempt: 2 })).toEqual(outcome);
  expect(await matrix.messages()).toHaveLength(1);
  const [stored] = await matrix.messages();
  expect(stored?.content).toMatchObject({ body: 'Done <b> @room', msgtype: 'm.text', 'm.mentions': {} });
  expect(JSON.stringify([effect, outcome])).not.toContain(matrix.accessToken);
});

test('a lost answer is found by our key, also with another access token', async () => {
  const effect = await bot.prove({ ...message, text: 'lost' });
  const key = { providerKey: action(2).providerKey };
  const text = JSON.stringify(effect).replaceAll(SAMPLE_CONTEXT.providerKey, key.providerKey);
  const sent: typeof effect = JSON.parse(text);
  matrix.misbehave({ at: 'PUT *', how: 'store_then_drop' });
  expect(await bot.perform(sent, key)).toMatchObject({ kind: 'unknown' });
  const other = senderWith(await matrix.login());
  expect(await other.reconcile(sent, key)).toMatchObject({
    kind: 'happened',
    receipt: { foundByReading: true, eventId: expect.any(String) },
  });
  const never = { providerKey: action(3).providerKey };
  expect(await bot.reconcile(sent, { ...never, ...begunAgo(0) })).toMatchObject({ kind: 'cannot_tell' });
  expect(await bot.reconcile(sent, { ...never, ...begunAgo(61_000) })).toEqual({ kind: 'did_not_happen' });
});

test('what it refuses', async () => {
  expect(await senderWith('nobody').send(message)).toMatchObject({ kind: 'on_hold', needsLogin: true });
  expect(await bot.send({ ...message, channel: '!nowhere:aol.test' })).toMatchObject({ kind: 'rejected' });
  for (const how of ['status_500', 'garbage', 'cut'] as const) {
    matrix.misbehave({ at: 'PUT *', how });
    expect([how, (await bot.send(message)).kind]).toEqual([how, 'unknown']);
  }
  expect(await bot.check()).toMatchObject({ kind: 'ready', identity: matrix.userId });
  expect(await senderWith('nobody').check()).toMatchObject({ kind: 'needs_login' });
});

test('too many at once wait as long as it says', async () => {
  const outcomes = [];
  for (let count = 0; count < 12; count += 1) {
    const effect = await bot.prove({ ...message, text: `burst ${count}` });
    const sent: typeof effect = JSON.parse(
      JSON.stringify(effect).replaceAll(SAMPLE_CONTEXT.providerKey, action(10 + count).providerKey),
    );
    outcomes.push(await bot.perform(sent));
  }
  const limited = outcomes.find(({ kind }) => kind === 'not_sent');
  expect(limited).toMatchObject({ kind: 'not_sent', retryAfterMs: expect.any(Number) });
});
