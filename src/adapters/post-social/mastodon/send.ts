/** Uploads, waits for what is uploaded, and posts: each one request for one call. */

import type { JsonValue } from '../../../contracts/http/json.ts';
import { isObject } from '../../../contracts/http/json.ts';
import type { AttemptOutcome, LimitSeen } from '../../../domain/outcomes.ts';
import type { Answer } from '../../exchange/index.ts';
import { answered, commonOutcome, headerOf, isSuccess, limitsOf, objectOf, textIn } from '../../http-answers.ts';
import {
  type Effect,
  type HttpRequest,
  jsonBodyOf,
  type PerformContext,
  type PreparationOutcome,
  type Step,
} from '../../port.ts';
import { credentialOf, filledIn, jsonGet, noPostToReplyTo, preparationFailure } from '../platform.ts';

const NAME = 'Mastodon';
const PROCESSING_MS = 5_000;

type Failure = Exclude<AttemptOutcome, { kind: 'done' }>;

export async function performMastodon(effect: Effect, context: PerformContext): Promise<AttemptOutcome> {
  const { request } = effect;
  if (request.protocol !== 'http') return { kind: 'rejected', reason: 'the artifact does not describe a request' };
  const answer = await send(request, context);
  if (answer.kind !== 'answer') return answer;
  if (!isSuccess(answer)) return failureOf(answer);
  const body = objectOf(answer);
  const isJson = headerOf(answer, 'content-type')?.includes('json') === true;
  if (!body && !isJson) return { kind: 'unknown', reason: answered(NAME, answer, 'something that is no JSON') };
  return { kind: 'done', ...receiptOf(answer, mediaCountOf(effect)), limits: limitsIn(answer, 'requests') };
}

/** @param before the id of a file that the instance was still at work on; or the receipt of the action that is replied to */
export async function prepareMastodon(
  step: Step,
  _effect: Effect,
  context: PerformContext,
  before: JsonValue | undefined,
): Promise<PreparationOutcome> {
  const { request } = step;
  if (request.protocol !== 'http') return findParent(before, context);
  const id = textIn(before, 'id');
  const answer = await send(id === undefined ? request : mediaRequest(request, id), context);
  if (answer.kind !== 'answer') return preparationFailure(answer);
  // It was thrown away meanwhile: the next call uploads it again.
  if (id !== undefined && answer.status === 404) return { kind: 'not_yet', result: null, askAgainAfterMs: 1_000 };
  if (!isSuccess(answer)) return preparationFailure(failureOf(answer));
  const body = objectOf(answer);
  const found = textIn(body, 'id') ?? id;
  if (found === undefined) return { kind: 'not_sent', reason: 'the answer to an upload could not be read' };
  const isReady = answer.status === 200 && (textIn(body, 'url') ?? textIn(body, 'preview_url')) !== undefined;
  if (!isReady) return { kind: 'not_yet', result: { id: found }, askAgainAfterMs: PROCESSING_MS };
  return { kind: 'ready', result: { id: found }, limits: limitsIn(answer, 'media') };
}

function mediaRequest({ url }: HttpRequest, id: string): HttpRequest {
  return jsonGet(new URL(`/api/v1/media/${encodeURIComponent(id)}`, url).href);
}

/** The status of the receipt has to be there, on this instance: ids of another one mean other statuses here. */
async function findParent(receipt: JsonValue | undefined, context: PerformContext): Promise<PreparationOutcome> {
  const [id, uri] = [textIn(receipt, 'id'), textIn(receipt, 'uri')];
  if (id === undefined || uri === undefined) return noPostToReplyTo(NAME);
  const url = new URL(`/api/v1/statuses/${encodeURIComponent(id)}`, context.account?.server).href;
  const answer = await send(jsonGet(url), context);
  if (answer.kind !== 'answer') return preparationFailure(answer);
  if (!isSuccess(answer) && answer.status !== 404) return preparationFailure(failureOf(answer));
  if (textIn(objectOf(answer), 'uri') === uri)
    return { kind: 'ready', result: { id }, limits: limitsIn(answer, 'requests') };
  return { kind: 'rejected', reason: `the post that is replied to is not there: ${uri}` };
}

async function send(request: HttpRequest, context: PerformContext): Promise<Answer | Failure> {
  const logged = await credentialOf(context);
  if (!logged.ok) return logged.outcome;
  const { exchange, signal, results } = context;
  const authorization = `Bearer ${logged.credential.accessToken ?? ''}`;
  return exchange.send(filledIn(request, authorization, results), { signal, wholeBody: true });
}

/** Its reset is a time in ISO 8601, and there is no `Retry-After`. */
function limitsIn(answer: Answer, scope: string): readonly LimitSeen[] {
  return limitsOf(answer, scope, { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset' }, Date.now());
}

function failureOf(answer: Answer): Failure {
  const said = textIn(objectOf(answer), 'error');
  const limits = limitsIn(answer, 'requests');
  const common = commonOutcome(NAME, answer, limits, Date.now(), said);
  if (common && common.kind !== 'done') return common;
  const reason = answered(NAME, answer, said);
  if (answer.status === 401) return { kind: 'on_hold', reason, needsLogin: true, limits };
  if (answer.status === 403 && /disabled|suspended|confirm|pending approval/iu.test(said ?? '')) {
    return { kind: 'on_hold', reason, limits };
  }
  if (answer.status === 422 && /not finished processing/iu.test(said ?? '')) {
    return { kind: 'not_sent', reason, retryAfterMs: PROCESSING_MS, limits };
  }
  return { kind: 'rejected', reason, limits };
}

/** How many files the status is to have. */
export function mediaCountOf(effect: Effect): number {
  const body = jsonBodyOf(effect);
  const ids = isObject(body) ? body.media_ids : undefined;
  return Array.isArray(ids) ? ids.length : 0;
}

/** What the instance made of it. A status without its pictures is there all the same. */
function receiptOf(
  answer: Answer,
  wanted: number,
): Pick<Extract<AttemptOutcome, { kind: 'done' }>, 'receipt' | 'refused'> {
  const body = objectOf(answer);
  const requestId = headerOf(answer, 'x-request-id')?.slice(0, 200);
  const attachments = Array.isArray(body?.media_attachments) ? body.media_attachments.length : undefined;
  const missing = attachments === undefined ? 0 : wanted - attachments;
  return {
    receipt: {
      status: answer.status,
      ...statusReceipt(body),
      ...(attachments !== undefined && { attachments }),
      ...(requestId !== undefined && { requestId }),
      ...(textIn(body, 'id') === undefined && { note: 'the answer names no status' }),
    },
    ...(missing > 0 && { refused: [`${missing} of ${wanted} pictures: the status was posted without`] }),
  };
}

/** What of a status is worth keeping. */
export function statusReceipt(status: JsonValue | undefined): Readonly<Record<string, string>> {
  const kept = (['id', 'url', 'uri', 'created_at', 'visibility'] as const).flatMap((name) => {
    const value = textIn(status, name);
    return value === undefined ? [] : [[name === 'created_at' ? 'createdAt' : name, value.slice(0, 2_000)]];
  });
  return Object.fromEntries(kept);
}
