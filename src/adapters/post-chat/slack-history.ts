/** Whether a bot's message is in the channel: its metadata has our key. Replies are in their thread, and not in the history. */

import type { JsonObject } from '../../contracts/http/json.ts';
import { isObject } from '../../contracts/http/json.ts';
import type { Reconciled } from '../../domain/outcomes.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import { type Effect, type HttpRequest, jsonBodyOf, type PerformContext } from '../port.ts';
import { foundByReading, notFound, objectsIn, SETTLE_MS } from '../reading.ts';
import { sendable, withAuthorization } from './service.ts';
import { channelOf, messageReceipt, slackError } from './slack-answers.ts';

export const SLACK_EVENT = 'aol_action';
const MAX_PAGES = 10;

export async function findSlackMessage(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const reading = await sendable({ ...effect, request: firstPage(effect, context) }, context, (request, { botToken }) =>
    withAuthorization(request, botToken && `Bearer ${botToken}`),
  );
  if (reading.kind !== 'ready') return { kind: 'cannot_tell', reason: reading.reason };
  const { account, request } = reading;
  let url = request.url;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await context.exchange.send({ ...request, url }, { signal: context.signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: 5_000 };
    const body = objectOf(answer);
    const error = slackError(body);
    const messages = objectsIn(body?.messages);
    if (error !== '' || !messages) {
      const reason = answered('Slack', answer, error || 'no messages');
      const isLimit = answer.status === 429 || answer.status >= 500 || error === 'ratelimited';
      // Apps outside Slack's marketplace may read once a minute.
      return { kind: 'cannot_tell', reason, ...(isLimit && { askAgainAfterMs: 65_000 }) };
    }
    const message = messages.find((each) => keyOf(each) === context.providerKey);
    if (message) {
      return { kind: 'happened', receipt: { ...foundByReading(), ...messageReceipt(message, effect, account) } };
    }
    if (body?.has_more !== true) return notFound(context, Date.now());
    const cursor = textIn(body?.response_metadata, 'next_cursor');
    if (cursor === undefined) break;
    url = `${request.url}&cursor=${encodeURIComponent(cursor)}`;
  }
  return { kind: 'cannot_tell', reason: 'the channel has more messages since then than can be read' };
}

function firstPage(effect: Effect, { firstAttemptAt }: PerformContext): HttpRequest {
  const { server = '' } = effect.account ?? {};
  const thread = textIn(jsonBodyOf(effect), 'thread_ts');
  const url = new URL(thread === undefined ? '/api/conversations.history' : '/api/conversations.replies', server);
  url.searchParams.set('channel', channelOf(effect));
  if (thread !== undefined) url.searchParams.set('ts', thread);
  url.searchParams.set('oldest', ((firstAttemptAt.getTime() - SETTLE_MS) / 1_000).toFixed(6));
  url.searchParams.set('include_all_metadata', 'true');
  url.searchParams.set('limit', '100');
  return {
    protocol: 'http',
    method: 'GET',
    url: url.href,
    headers: { accept: 'application/json' },
    body: { kind: 'none' },
  };
}

function keyOf({ metadata }: JsonObject): string | undefined {
  if (!isObject(metadata) || metadata.event_type !== SLACK_EVENT) return undefined;
  const { event_payload: payload } = metadata;
  return isObject(payload) && typeof payload.key === 'string' ? payload.key : undefined;
}
