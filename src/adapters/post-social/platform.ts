/** What the four platforms share. */

import type { JsonValue } from '../../contracts/http/json.ts';
import { type PostSocial, repliedAction } from '../../contracts/payloads/post-social.ts';
import { type PostFile, postFileProblems } from '../../contracts/payloads/post-social-files.ts';
import { AolError, errorText } from '../../domain/errors.ts';
import type { AttemptOutcome, Redelivery } from '../../domain/outcomes.ts';
import { RenderError } from '../errors.ts';
import { addedAtSending, withKnownResults, withResults } from '../placeholder.ts';
import {
  type Adapter,
  type Effect,
  type EffectBlob,
  type HttpRequest,
  jsonBodyOf,
  type PerformContext,
  type PreparationOutcome,
  type RenderAccount,
  type RenderContext,
  type Step,
} from '../port.ts';
import type { Credential, Provider } from '../provider.ts';

/** A request, what has to be done before it, and which of its fields only sending can fill in. */
export interface RenderedPost {
  readonly preparations?: readonly Step[];
  readonly request: HttpRequest;
  readonly blobs?: readonly EffectBlob[];
  readonly addedAtSending: readonly string[];
}

export type PostContext = RenderContext & { readonly account: RenderAccount };

/** One platform: its accounts, and how a post becomes its request. Absent `perform`: it renders proofs only. */
export interface SocialPlatformAdapter extends Pick<Adapter, 'price' | 'prepare' | 'perform' | 'reconcile'> {
  readonly name: string;
  readonly provider: Provider;
  /** Without an account it is what a post of the platform is in general. */
  redelivery(account?: RenderAccount): Redelivery;
  render(post: PostSocial, context: PostContext): RenderedPost | Promise<RenderedPost>;
}

/** A JSON request by POST whose authorisation is added at sending. */
export function jsonPost(
  url: string,
  body: JsonValue,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly addedAtSending?: readonly string[] } = {},
): RenderedPost {
  const headers = {
    accept: 'application/json',
    authorization: addedAtSending('authorization'),
    'content-type': 'application/json',
    ...more.headers,
  };
  return {
    request: { protocol: 'http', method: 'POST', url, headers, body: { kind: 'json', value: body } },
    addedAtSending: ['headers.authorization', ...(more.addedAtSending ?? [])],
  };
}

/** A reading request. */
export function jsonGet(url: string, authorization = addedAtSending('authorization')): HttpRequest {
  return {
    protocol: 'http',
    method: 'GET',
    url,
    headers: { accept: 'application/json', authorization },
    body: { kind: 'none' },
  };
}

/** The request as it goes out: what preparations have left, and the authorisation, in their places. */
export function filledIn(
  request: HttpRequest,
  authorization: string,
  results: Readonly<Record<string, JsonValue>> = {},
): HttpRequest {
  const { headers, body } = request;
  return {
    ...request,
    headers: { ...headers, authorization },
    body: body.kind === 'json' ? { kind: 'json', value: withResults(body.value, results) } : body,
  };
}

/** The JSON of a post as it went out, as far as it is known what its preparations left. */
export function sentBody(effect: Effect, { results }: Pick<PerformContext, 'results'>): JsonValue | undefined {
  const body = jsonBodyOf(effect);
  return body === undefined ? undefined : withKnownResults(body, results);
}

/** The preparation that finds what is replied to. */
export const PARENT_STEP = 'parent';

/** Waits for the action whose post is replied to; undefined where `replyTo` names a post itself, or nothing. */
export function repliedActionStep({ replyTo }: PostSocial): Step | undefined {
  const action = repliedAction(replyTo);
  if (action === undefined) return undefined;
  const summary = `Look up the post of action ${action}, which is replied to`;
  return { name: PARENT_STEP, summary, request: { protocol: 'receipt', action } };
}

/** The action that is replied to was done, and its receipt names nothing that can be replied to. */
export function noPostToReplyTo(platform: string): PreparationOutcome {
  return { kind: 'rejected', reason: `the action that is replied to has left no post on ${platform}` };
}

export type PostFileWithAlt = PostFile & { readonly sha256: string; readonly alt?: string };

/**
 * The pictures of a post, in its order.
 *
 * @throws RenderError when one of them is not what its platform takes
 */
export async function picturesOf(post: PostSocial, { blobs }: PostContext): Promise<readonly PostFileWithAlt[]> {
  const pictures: PostFileWithAlt[] = [];
  for (const { sha256, alt } of post.media ?? []) {
    pictures.push({ ...(await blobs.describe(sha256)), ...(alt !== undefined && { alt }) });
  }
  const files = new Map(pictures.map((picture) => [picture.sha256, picture]));
  const [problem] = postFileProblems(post, files);
  if (problem) throw new RenderError(`${problem.field} ${problem.rule}`);
  return pictures;
}

/** What an effect says of its pictures. */
export function blobsOf(pictures: readonly PostFileWithAlt[]): readonly EffectBlob[] {
  const each = pictures.map(({ sha256, mediaType, byteCount, alt }) => ({
    sha256,
    mediaType,
    byteCount,
    ...(alt !== undefined && { alt }),
  }));
  return [...new Map(each.map((blob) => [blob.sha256, blob])).values()];
}

/** `Upload 1 of 2: image/png, 83 kB`. */
export function uploadSummary({ mediaType, byteCount }: EffectBlob, index: number, count: number): string {
  return `Upload ${index + 1} of ${count}: ${mediaType}, ${Math.ceil(byteCount / 1_000)} kB`;
}

/**
 * The account's credential, asked for before anything is sent. Of an account that is on hold the error passes, and the action waits;
 * any other failure has sent nothing.
 */
export async function credentialOf(
  { account }: PerformContext,
  options: { readonly renew?: boolean } = {},
): Promise<
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly outcome: Extract<AttemptOutcome, { kind: 'not_sent' }> }
> {
  try {
    if (!account) throw new Error('the effect names no account');
    return { ok: true, credential: await account.credential(options) };
  } catch (error) {
    if (error instanceof AolError && error.code === 'AOL_ACCOUNT_ON_HOLD') throw error;
    const reason = `the account ${account?.name ?? ''} cannot log in: ${errorText(error)}`;
    return { ok: false, outcome: { kind: 'not_sent', reason } };
  }
}

/** The same for reading: an account that is on hold cannot be asked now, which says nothing of the effect. */
export function credentialForReading(context: PerformContext): ReturnType<typeof credentialOf> {
  return credentialOf(context).catch((error) => ({
    ok: false,
    outcome: { kind: 'not_sent', reason: errorText(error) },
  }));
}

/** How a preparation failed. It is harmless: one that may have happened is done again. */
export function preparationFailure(
  outcome: Exclude<AttemptOutcome, { kind: 'done' }>,
): Exclude<PreparationOutcome, { kind: 'ready' | 'not_yet' }> {
  if (outcome.kind !== 'unknown') return outcome;
  return { kind: 'not_sent', reason: outcome.reason, limits: outcome.limits };
}
