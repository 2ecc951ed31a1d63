/**
 * Matrix: `PUT …/send/m.room.message/{txnId}`. A server's memory of a transaction dies with the access token, so that a repeat is
 * made only after reading has shown that nothing happened: each message carries our key, and is found in its room by it.
 */

import { z } from 'zod';
import { isObject, type JsonObject } from '../../contracts/http/json.ts';
import type { PostChat } from '../../contracts/payloads/post-chat.ts';
import type { AttemptOutcome, Reconciled } from '../../domain/outcomes.ts';
import { settingOf } from '../account-settings.ts';
import type { Answer } from '../exchange/index.ts';
import { answered, commonOutcome, limited, objectOf, textIn } from '../http-answers.ts';
import { addedAtSending } from '../placeholder.ts';
import type { Effect, HttpRequest, PerformContext } from '../port.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { foundByReading, notFound, objectsIn, SETTLE_MS } from '../reading.ts';
import { type ChatServiceAdapter, sendable, withAuthorization } from './service.ts';

const CLIENT_API = '/_matrix/client/v3';
/** A member of a message's content by which it is found again. */
const KEY = 'aol.key';
const MAX_PAGES = 20;

const provider = defineProvider({
  name: 'matrix',
  title: 'Matrix',
  settings: z.strictObject({
    server: z.url(),
    userId: z
      .string()
      .regex(/^@[^\s:]{1,200}:\S{1,200}$/u, { message: 'must be a user: @name:example.com' })
      .optional(),
    accessToken: secretReferenceSchema,
  }),
  identify: ({ userId, server }) => ({ identity: userId ?? `bot at ${new URL(server).host}`, server }),
  variables: {
    server: { name: 'MATRIX_URL', required: true },
    userId: { name: 'MATRIX_USER' },
    accessToken: { name: 'MATRIX_ACCESS_TOKEN', required: true, secret: true },
  },
  placeholder: { identity: 'not configured', server: 'https://not-configured.invalid' },
  async check({ settings, credential: { accessToken }, exchange, signal }) {
    const url = new URL(`${CLIENT_API}/account/whoami`, settings.server).href;
    const answer = await exchange.send(get(url, `Bearer ${accessToken}`), { signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    const body = objectOf(answer);
    const reason = answered('Matrix', answer, textIn(body, 'errcode'));
    if (answer.status === 401) return { kind: 'needs_login', reason };
    const userId = answer.status === 200 ? textIn(body, 'user_id') : undefined;
    if (userId === undefined) return { kind: 'unreachable', reason };
    if (settings.userId !== undefined && userId !== settings.userId)
      return { kind: 'on_hold', reason: `the access token is of ${userId}` };
    const deviceId = textIn(body, 'device_id');
    return { kind: 'ready', identity: userId, facts: deviceId === undefined ? {} : { deviceId } };
  },
});

export const matrix: ChatServiceAdapter = {
  name: 'Matrix',
  provider,
  redelivery: () => ({ kind: 'neither' }),
  render(message, { providerKey, account }) {
    const path = `${roomPath(message.channel)}/send/m.room.message/${encodeURIComponent(providerKey)}`;
    const headers = {
      accept: 'application/json',
      authorization: addedAtSending('authorization'),
      'content-type': 'application/json',
    };
    const value = contentOf(message, providerKey);
    const url = new URL(path, account.server).href;
    const request: HttpRequest = { protocol: 'http', method: 'PUT', url, headers, body: { kind: 'json', value } };
    return { request, addedAtSending: ['headers.authorization'] };
  },
  async perform(effect, context) {
    const sending = await sendable(effect, context, (request, { accessToken }) =>
      withAuthorization(request, accessToken && `Bearer ${accessToken}`),
    );
    if (sending.kind !== 'ready') return sending;
    const answer = await context.exchange.send(sending.request, { signal: context.signal, wholeBody: true });
    return answer.kind === 'answer' ? outcomeOf(answer, effect) : answer;
  },
  reconcile: findMessage,
};

/** Without `m.mentions` a server looks for names and `@room` in the text, and calls whom it finds. */
function contentOf({ text, thread }: PostChat, providerKey: string): JsonObject {
  const content = { msgtype: 'm.text', body: text, 'm.mentions': {}, [KEY]: providerKey };
  if (thread === undefined) return content;
  const relation = { rel_type: 'm.thread', event_id: thread, is_falling_back: true };
  return { ...content, 'm.relates_to': { ...relation, 'm.in_reply_to': { event_id: thread } } };
}

function roomPath(room: string): string {
  return `${CLIENT_API}/rooms/${encodeURIComponent(room)}`;
}

function roomOf({ request }: Effect): string {
  const path = request.protocol === 'http' ? new URL(request.url).pathname : '';
  return decodeURIComponent(/\/rooms\/([^/]+)\/send\//u.exec(path)?.[1] ?? '');
}

function outcomeOf(answer: Answer, effect: Effect): AttemptOutcome {
  const body = objectOf(answer);
  const code = textIn(body, 'errcode');
  const reason = answered('Matrix', answer, code);
  if (answer.status === 200) {
    // A page of a proxy is an answer too.
    if (!body) return { kind: 'unknown', reason: answered('Matrix', answer, 'no JSON') };
    return { kind: 'done', receipt: { status: 200, ...receiptOf(textIn(body, 'event_id'), effect) } };
  }
  if (answer.status === 429 && typeof body?.retry_after_ms === 'number') {
    return limited(reason, body.retry_after_ms, [], Date.now());
  }
  if (answer.status === 401) return { kind: 'on_hold', reason, needsLogin: true };
  if (code === 'M_USER_DEACTIVATED' || code === 'M_USER_SUSPENDED' || code === 'M_USER_LOCKED')
    return { kind: 'on_hold', reason };
  const common = commonOutcome('Matrix', answer, [], Date.now(), code);
  if (common) return common;
  if (answer.status < 300) return { kind: 'unknown', reason };
  return { kind: 'rejected', reason: `${reason} (the room ${roomOf(effect)})` };
}

function receiptOf(eventId: string | undefined, effect: Effect) {
  const room = roomOf(effect);
  if (eventId === undefined) return { room, note: 'the answer named no event' };
  const permalink = `https://matrix.to/#/${encodeURIComponent(room)}/${encodeURIComponent(eventId)}`;
  return { room, eventId, permalink };
}

/** Walks back through the room to before the first attempt. */
async function findMessage(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const reading = await sendable(effect, context, (request, { accessToken }) =>
    withAuthorization(request, accessToken && `Bearer ${accessToken}`),
  );
  if (reading.kind !== 'ready') return { kind: 'cannot_tell', reason: reading.reason };
  const { authorization = '' } = reading.request.headers;
  const { providerKey } = context;
  // Anybody in the room can repeat our key in a message of theirs.
  const userId = settingOf(reading.account, 'userId');
  const isOwn = (sender: unknown) => userId === undefined || sender === userId;
  const sinceMs = context.firstAttemptAt.getTime() - SETTLE_MS;
  const url = new URL(`${roomPath(roomOf(effect))}/messages`, reading.account.server);
  url.searchParams.set('dir', 'b');
  url.searchParams.set('limit', '100');
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await context.exchange.send(get(url.href, authorization), {
      signal: context.signal,
      wholeBody: true,
    });
    if (answer.kind !== 'answer') return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: 5_000 };
    const body = objectOf(answer);
    const events = objectsIn(body?.chunk);
    if (answer.status !== 200 || !events) {
      const reason = answered('Matrix', answer, textIn(body, 'errcode'));
      const mayPass = answer.status === 429 || answer.status >= 500;
      return { kind: 'cannot_tell', reason, ...(mayPass && { askAgainAfterMs: 10_000 }) };
    }
    const found = events.find(
      ({ sender, content }) => isOwn(sender) && isObject(content) && content[KEY] === providerKey,
    );
    if (found) {
      const eventId = typeof found.event_id === 'string' ? found.event_id : undefined;
      return { kind: 'happened', receipt: { ...foundByReading(), ...receiptOf(eventId, effect) } };
    }
    const oldest = events.at(-1)?.origin_server_ts;
    const end = textIn(body, 'end');
    if (end === undefined || (typeof oldest === 'number' && oldest < sinceMs)) return notFound(context, Date.now());
    url.searchParams.set('from', end);
  }
  return { kind: 'cannot_tell', reason: 'the room has more messages since then than can be read' };
}

function get(url: string, authorization: string): HttpRequest {
  const headers = { accept: 'application/json', authorization };
  return { protocol: 'http', method: 'GET', url, headers, body: { kind: 'none' } };
}
