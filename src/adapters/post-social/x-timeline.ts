/** Whether a post is in its account's own timeline. Each post that is read costs money. */

import { isObject, type JsonObject, type JsonValue } from '../../contracts/http/json.ts';
import type { Reconciled } from '../../domain/outcomes.ts';
import type { Exchanged } from '../exchange/index.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import type { Effect, PerformContext } from '../port.ts';
import { foundByReading, notFound, objectsIn, SETTLE_MS } from '../reading.ts';
import { sentBody } from './platform.ts';
import { postReceipt } from './x-answers.ts';
import { authorized } from './x-oauth.ts';
import { get } from './x-settings.ts';

const MAX_PAGES = 5;

export async function findPost(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const { account, exchange, signal, firstAttemptAt } = context;
  if (!account) return { kind: 'cannot_tell', reason: 'the artifact names no account' };
  const credential = await account.credential();
  const read = async (url: URL): Promise<Exchanged> => {
    const request = authorized(get(url.href), credential);
    if (!request) return { kind: 'not_sent', reason: 'the account has no token' };
    return exchange.send(request, { signal, wholeBody: true });
  };
  let userId = textIn(account.facts, 'id');
  if (userId === undefined) {
    const me = await read(new URL('/2/users/me', account.server));
    const data = dataOf(me);
    userId = textIn(data, 'id');
    if (userId === undefined) return unreadable(me);
  }
  const url = new URL(`/2/users/${encodeURIComponent(userId)}/tweets`, account.server);
  url.searchParams.set('start_time', new Date(firstAttemptAt.getTime() - SETTLE_MS).toISOString());
  url.searchParams.set('max_results', '100');
  url.searchParams.set('tweet.fields', 'created_at,entities,text,referenced_tweets');
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await read(url);
    if (answer.kind !== 'answer' || answer.status !== 200) return unreadable(answer);
    const body = objectOf(answer);
    if (!body) return unreadable(answer);
    // Without any post there is no list.
    const found = objectsIn(body.data)?.find((post) => isSame(post, sentBody(effect, context)));
    if (found) return { kind: 'happened', receipt: { ...foundByReading(), ...postReceipt(found, effect, account) } };
    const next = textIn(body.meta, 'next_token');
    if (next === undefined) return notFound(context, Date.now());
    url.searchParams.set('pagination_token', next);
  }
  return { kind: 'cannot_tell', reason: 'the account has more posts since then than can be read' };
}

function dataOf(answer: Exchanged): JsonValue | undefined {
  return answer.kind === 'answer' && answer.status === 200 ? objectOf(answer)?.data : undefined;
}

function unreadable(answer: Exchanged): Reconciled {
  if (answer.kind !== 'answer') return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: 5_000 };
  const mayPass = answer.status === 429 || answer.status >= 500;
  const reason = answered('X', answer, textIn(objectOf(answer), 'detail'));
  return { kind: 'cannot_tell', reason, ...(mayPass && { askAgainAfterMs: 30_000 }) };
}

function isSame(post: JsonObject, body: JsonValue | undefined): boolean {
  const reply = isObject(body) && isObject(body.reply) ? body.reply.in_reply_to_tweet_id : undefined;
  if (repliedTo(post) !== reply) return false;
  const plain = (text: string) =>
    withoutProtocols(reply === undefined ? text : text.replace(/^(?:@\w+\s+)+/u, ''))
      .normalize('NFC')
      .trim();
  return plain(asWritten(post)) === plain(textIn(body, 'text') ?? '');
}

/** X gives a bare domain a protocol: `example.com` is expanded to `http://example.com`. */
function withoutProtocols(text: string): string {
  return text.replaceAll(/https?:\/\//giu, '');
}

function repliedTo({ referenced_tweets: references }: JsonObject): unknown {
  return objectsIn(references)?.find(({ type }) => type === 'replied_to')?.id;
}

/** The text as it was sent: addresses instead of `t.co`, signs instead of entities, without the link to its pictures. */
export function asWritten(post: JsonObject): string {
  const { entities } = post;
  const urls = isObject(entities) ? objectsIn(entities.urls) : undefined;
  let text = textIn(post, 'text') ?? '';
  for (const { url, expanded_url: expanded } of urls ?? []) {
    if (typeof url !== 'string' || typeof expanded !== 'string') continue;
    const isMedia = /^https?:\/\/(?:x|twitter)\.com\/[^/]+\/status\/\d+\/(?:photo|video)\/\d+$/u.test(expanded);
    const at = isMedia ? text.lastIndexOf(url) : text.indexOf(url);
    if (at < 0) continue;
    // What is expanded is no entity: it is escaped here, so that what follows gives it back.
    text = text.slice(0, at) + (isMedia ? '' : expanded.replaceAll('&', '&amp;')) + text.slice(at + url.length);
  }
  return text.trim().replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
