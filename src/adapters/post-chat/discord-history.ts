/** Whether a bot's message is in its channel: by its nonce, or else by author and text since the first attempt. */

import type { JsonObject } from '../../contracts/http/json.ts';
import type { Reconciled } from '../../domain/outcomes.ts';
import type { Answer, Exchanged } from '../exchange/index.ts';
import { answered, headerOf, jsonOf, objectOf, retryAfterMs, textIn } from '../http-answers.ts';
import { type Effect, type HttpRequest, jsonBodyOf, type PerformContext } from '../port.ts';
import { foundByReading, notFound, objectsIn, SETTLE_MS } from '../reading.ts';
import { channelOf, messageReceipt } from './discord-answers.ts';
import { sendable, withAuthorization } from './service.ts';

const EPOCH_MS = 1_420_070_400_000;
const PAGE = 100;
const MAX_PAGES = 10;

type CannotTell = Extract<Reconciled, { kind: 'cannot_tell' }>;

export async function findDiscordMessage(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const sending = await sendable(effect, context, (request, { botToken }) =>
    withAuthorization(request, botToken && `Bot ${botToken}`),
  );
  if (sending.kind !== 'ready') return { kind: 'cannot_tell', reason: sending.reason };
  const { request, account } = sending;
  const read = (path: string) =>
    context.exchange.send(reading(request, new URL(`/api/v10${path}`, account.server).href), {
      signal: context.signal,
      wholeBody: true,
    });
  const me = await read('/users/@me');
  const botId = me.kind === 'answer' && me.status === 200 ? textIn(objectOf(me), 'id') : undefined;
  if (botId === undefined) return unreadable(me);
  const messages = `/channels/${channelOf(effect)}/messages`;
  const body = jsonBodyOf(effect);
  const [nonce, content] = [textIn(body, 'nonce'), textIn(body, 'content')];
  const isOurs = (message: JsonObject) =>
    textIn(message.author, 'id') === botId &&
    (textIn(message, 'nonce') === nonce || (textIn(message, 'nonce') === undefined && isSame(message, content)));
  let after = snowflakeAt(context.firstAttemptAt.getTime() - SETTLE_MS);
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await read(`${messages}?after=${after}&limit=${PAGE}`);
    const found = messagesIn(answer);
    if (!found) return unreadable(answer);
    const message = found.find(isOurs);
    if (message) {
      return { kind: 'happened', receipt: { ...foundByReading(), ...messageReceipt(message, effect, account) } };
    }
    if (found.length < PAGE) return mayRead(await read(`${messages}?limit=1`), context);
    // Newest first, and ids grow.
    after = BigInt(String(found[0]?.id ?? after));
  }
  return { kind: 'cannot_tell', reason: 'the channel has more messages since then than can be read' };
}

/** Who may not read the history gets an empty list, and no refusal. */
function mayRead(answer: Exchanged, context: PerformContext): Reconciled {
  const newest = messagesIn(answer);
  if (!newest) return unreadable(answer);
  if (newest.length > 0) return notFound(context, Date.now());
  return { kind: 'cannot_tell', reason: 'the channel reads as empty: the bot may lack READ_MESSAGE_HISTORY' };
}

function messagesIn(answer: Exchanged): readonly JsonObject[] | undefined {
  if (answer.kind !== 'answer' || answer.status !== 200) return undefined;
  return objectsIn(jsonOf(answer));
}

function unreadable(answer: Exchanged): CannotTell {
  if (answer.kind !== 'answer') return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: 5_000 };
  const reason = answered('Discord', answer, textIn(objectOf(answer), 'message'));
  return { kind: 'cannot_tell', reason, ...(mayPass(answer) && { askAgainAfterMs: waitMs(answer) }) };
}

function mayPass({ status }: Answer): boolean {
  return status === 429 || status >= 500;
}

function waitMs(answer: Answer): number {
  return Math.max(5_000, retryAfterMs(headerOf(answer, 'retry-after'), Date.now()) ?? 0);
}

/** Discord trims white space. */
function isSame(message: JsonObject, content: string | undefined): boolean {
  return typeof message.content === 'string' && message.content.trim() === content?.trim();
}

function reading({ headers }: HttpRequest, url: string): HttpRequest {
  const { 'content-type': _none, ...kept } = headers;
  return { protocol: 'http', method: 'GET', url, headers: kept, body: { kind: 'none' } };
}

/** The first id that a message of this time could have. */
function snowflakeAt(timeMs: number): bigint {
  return BigInt(Math.max(0, Math.floor(timeMs) - EPOCH_MS)) << 22n;
}
