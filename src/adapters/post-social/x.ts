/**
 * X: `POST /2/tweets`. It knows no idempotency key, and refuses a text that it has seen lately. After an answer that is lost, the
 * account's own timeline tells.
 */

import type { JsonValue } from '../../contracts/http/json.ts';
import { postText } from '../../contracts/payloads/post-social-length.ts';
import { toMicroUsd } from '../../domain/budgets.ts';
import type { Exchanged } from '../exchange/index.ts';
import { textIn } from '../http-answers.ts';
import { resultOf, withResults } from '../placeholder.ts';
import type { HttpRequest, PerformContext, PreparationOutcome } from '../port.ts';
import { refusedToken } from '../refused-token.ts';
import { jsonPost, noPostToReplyTo, PARENT_STEP, repliedActionStep, type SocialPlatformAdapter } from './platform.ts';
import { limitsOfX, postOutcome, priceOf } from './x-answers.ts';
import { altOutcome, prepareMedia, uploadOutcome } from './x-media.ts';
import { authorized } from './x-oauth.ts';
import { get, xProvider } from './x-settings.ts';
import { findPost } from './x-timeline.ts';

export const x: SocialPlatformAdapter = {
  name: 'X',
  provider: xProvider,
  redelivery: () => ({ kind: 'neither' }),
  price: (effect) => toMicroUsd(priceOf(effect).usd),
  async render(post, context) {
    const { content, link, replyTo } = post;
    const { ids, ...prepared } = await prepareMedia(post, context);
    const parent = repliedActionStep(post);
    const body: JsonValue = {
      text: postText(content, link),
      ...(replyTo !== undefined && {
        reply: { in_reply_to_tweet_id: parent ? resultOf(PARENT_STEP, 'id') : replyTo },
      }),
      ...(ids.length > 0 && { media: { media_ids: ids } }),
    };
    const preparations = [...(parent ? [parent] : []), ...prepared.preparations];
    return { ...jsonPost(new URL('/2/tweets', context.account.server).href, body), ...prepared, preparations };
  },
  async prepare({ name, request }, _effect, context, before) {
    if (request.protocol !== 'http') return parentOf(before);
    const id = textIn(before, 'id');
    // Uploaded before, and processed since: it is asked after.
    const url = new URL(request.url);
    url.searchParams.set('media_id', id ?? '');
    const answer = await send(id === undefined ? request : get(url.href), context);
    if (answer.kind === 'refused') return refusedToken('X', context);
    if (answer.kind !== 'answer') return { kind: 'not_sent', reason: answer.reason };
    const outcome = name.startsWith('alt-') ? altOutcome(answer) : uploadOutcome(answer);
    return { ...outcome, limits: limitsOfX(answer, Date.now(), 'media') };
  },
  async perform(effect, context) {
    if (effect.request.protocol !== 'http' || !context.account) {
      return { kind: 'rejected', reason: 'the artifact describes no post on X' };
    }
    const answer = await send(effect.request, context);
    if (answer.kind === 'refused') return refusedToken('X', context);
    return answer.kind === 'answer' ? postOutcome(answer, effect, context.account) : answer;
  },
  reconcile: findPost,
};

type Sent = Exchanged | { readonly kind: 'refused'; readonly reason: string };

async function send(request: HttpRequest, { account, exchange, signal, results }: PerformContext): Promise<Sent> {
  const credential = (await account?.credential()) ?? {};
  const { body } = request;
  const filled: HttpRequest =
    body.kind === 'json' ? { ...request, body: { kind: 'json', value: withResults(body.value, results) } } : request;
  const signed = authorized(filled, credential);
  if (!signed) return { kind: 'rejected', reason: `the account ${account?.name ?? ''} has no token` };
  const answer = await exchange.send(signed, { signal, wholeBody: true });
  return answer.kind === 'answer' && answer.status === 401 ? { kind: 'refused', reason: 'X answered 401' } : answer;
}

/** Whether it is still there is not read, which would cost money: X refuses a reply to what is gone. */
function parentOf(receipt: JsonValue | undefined): PreparationOutcome {
  const [id, permalink] = [textIn(receipt, 'id'), textIn(receipt, 'permalink')];
  const isHere = permalink?.startsWith('https://x.com/') === true;
  return id === undefined || !isHere ? noPostToReplyTo('X') : { kind: 'ready', result: { id } };
}
