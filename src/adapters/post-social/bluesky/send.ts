/** Uploads, looks up, and writes the record: each one request for one call. */

import type { JsonValue } from '../../../contracts/http/json.ts';
import { isObject } from '../../../contracts/http/json.ts';
import type { AttemptOutcome } from '../../../domain/outcomes.ts';
import type { Answer } from '../../exchange/index.ts';
import { answered, headerOf, isSuccess, objectOf, textIn } from '../../http-answers.ts';
import type { Effect, HttpRequest, PerformContext, PreparationOutcome, Step } from '../../port.ts';
import { credentialOf, filledIn, noPostToReplyTo, PARENT_STEP, preparationFailure } from '../platform.ts';
import { failureOf, limitsIn, refusesToken } from './answers.ts';
import { type Prepared, parentOf, requestByReceipt } from './parent.ts';
import { CREATED_AT, cidOf, dated } from './record.ts';

type Failure = Exclude<AttemptOutcome, { kind: 'done' }>;

export async function performBluesky(effect: Effect, context: PerformContext): Promise<AttemptOutcome> {
  const { request, addedAtSending } = effect;
  if (request.protocol !== 'http') return { kind: 'rejected', reason: 'the artifact does not describe a request' };
  // What was approved with a date of its own keeps it.
  const createdAt = addedAtSending.includes(CREATED_AT) ? context.firstAttemptAt.toISOString() : undefined;
  const answer = await send(createdAt === undefined ? request : dated(request, createdAt), context);
  if (answer.kind !== 'answer') return answer;
  const body = objectOf(answer);
  if (!isSuccess(answer)) return failureOf(answer);
  const isJson = headerOf(answer, 'content-type')?.includes('json') === true;
  if (!body && !isJson) return { kind: 'unknown', reason: answered('Bluesky', answer, 'something that is no JSON') };
  const receipt = { ...receiptOf(answer, body), ...(createdAt !== undefined && { createdAt }) };
  return { kind: 'done', receipt, limits: limitsIn(answer) };
}

/** @param before the receipt of the action whose post is replied to, where the step asks for one */
export async function prepareBluesky(
  step: Step,
  effect: Effect,
  context: PerformContext,
  before: JsonValue | undefined,
): Promise<PreparationOutcome> {
  const request = step.request.protocol === 'http' ? step.request : requestByReceipt(before, context.account?.server);
  if (!request) return noPostToReplyTo('Bluesky');
  const answer = await send(request, context);
  if (answer.kind !== 'answer') return preparationFailure(answer);
  const result = step.name === PARENT_STEP ? parentOf(answer) : uploadOf(answer, step, effect);
  return result.kind === 'ready' ? { ...result, limits: limitsIn(answer) } : preparationFailure(result);
}

/** Sends once. A refused token is renewed, and what it should have sent waits for the next attempt. */
async function send(request: HttpRequest, context: PerformContext): Promise<Answer | Failure> {
  const logged = await credentialOf(context);
  if (!logged.ok) return logged.outcome;
  const { exchange, signal, results } = context;
  const answer = await exchange.send(filledIn(request, bearer(logged.credential), results), {
    signal,
    wholeBody: true,
  });
  return answer.kind === 'answer' && refusesToken(answer) ? renewed(answer, context) : answer;
}

/** Nothing was done. Whether a new token may be had so soon is the account's business. */
async function renewed(refusal: Answer, context: PerformContext): Promise<Failure> {
  const reason = answered('Bluesky', refusal, textIn(objectOf(refusal), 'error'));
  const again = await credentialOf(context, { renew: true });
  return again.ok ? { kind: 'not_sent', reason: `${reason}: the session was renewed`, retryAfterMs: 0 } : again.outcome;
}

export function bearer(credential: Readonly<Record<string, string>>): string {
  return `Bearer ${credential.accessJwt ?? ''}`;
}

/** `repeated`: the record was there already, from an attempt before. */
function receiptOf(answer: Answer, body: ReturnType<typeof objectOf>): Readonly<Record<string, JsonValue>> {
  const uri = textIn(body, 'uri');
  const url = uri === undefined ? undefined : permalink(uri);
  return {
    status: answer.status,
    ...(uri === undefined ? { note: 'the answer names no post' } : { uri }),
    cid: textIn(body, 'cid') ?? null,
    ...(url !== undefined && { url }),
    ...(body && !Object.hasOwn(body, 'commit') && { repeated: true }),
    ...requestIdOf(answer),
  };
}

function requestIdOf(answer: Answer): { readonly requestId?: string } {
  const requestId = headerOf(answer, 'atproto-request-id') ?? headerOf(answer, 'x-request-id');
  return requestId === undefined ? {} : { requestId: requestId.slice(0, 200) };
}

/** Where people see the post of `at://did:…/app.bsky.feed.post/…`. */
export function permalink(uri: string): string | undefined {
  const [, did, rkey] = /^at:\/\/(did:[^/]+)\/app\.bsky\.feed\.post\/([^/]+)$/u.exec(uri) ?? [];
  return did === undefined ? undefined : `https://bsky.app/profile/${did}/post/${rkey}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The record names its pictures by their bytes, size and type: the server must call them the same. */
function uploadOf(answer: Answer, { request }: Step, { blobs }: Effect): Prepared {
  if (!isSuccess(answer)) return failureOf(answer);
  const sent = blobs.find(
    ({ sha256 }) => request.protocol === 'http' && request.body.kind === 'blob' && request.body.sha256 === sha256,
  );
  const blob = objectOf(answer)?.blob;
  if (!isObject(blob) || !isObject(blob.ref) || !sent) {
    return { kind: 'not_sent', reason: 'the answer to an upload could not be read' };
  }
  const cid = textOf(blob.ref.$link);
  if (cid !== cidOf(sent.sha256) || blob.size !== sent.byteCount || blob.mimeType !== sent.mediaType) {
    const got = `${String(blob.mimeType)}, ${String(blob.size)} bytes`;
    return { kind: 'rejected', reason: `Bluesky took the picture for another one: ${got}` };
  }
  return { kind: 'ready', result: { cid } };
}
