/**
 * LinkedIn: the versioned Posts API, and for replies the Comments API. Neither knows an idempotency key. What an organisation has
 * posted can be read; a person's posts and comments can be read by nobody.
 */

import { postText } from '../../contracts/payloads/post-social-length.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import type { Reconciled } from '../../domain/outcomes.ts';
import type { Exchanged } from '../exchange/index.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import { withResults } from '../placeholder.ts';
import { type Effect, type HttpRequest, jsonBodyOf, type PerformContext } from '../port.ts';
import { foundByReading, notFound, objectsIn, SETTLE_MS } from '../reading.ts';
import { refusedToken } from '../refused-token.ts';
import { postOutcome, postReceipt } from './linkedin-answers.ts';
import { placeOutcome, prepareImages, statusOutcome, statusRequest, uploadOutcome } from './linkedin-media.ts';
import { headersOf, linkedinProvider, postsRequest, saidOf, versionOf, withToken } from './linkedin-settings.ts';
import { jsonPost, noPostToReplyTo, type SocialPlatformAdapter } from './platform.ts';

const MAX_LENGTH = 3_000;
const READ_COUNT = 50;

export const linkedin: SocialPlatformAdapter = {
  name: 'LinkedIn',
  provider: linkedinProvider,
  redelivery: () => ({ kind: 'neither' }),
  async render(post, context) {
    const { content, link, replyTo, audience } = post;
    const { account } = context;
    const text = postText(content, link);
    const author = account.identity;
    const headers = headersOf(versionOf(account));
    const images = await prepareImages(post, context);
    if (replyTo !== undefined) {
      const url = `${account.server}/rest/socialActions/${encodeURIComponent(replyTo)}/comments`;
      const comment = { actor: author, object: replyTo, message: { text } };
      return jsonPost(url, comment, { headers });
    }
    const { preparations, blobs } = images;
    const body = {
      author,
      commentary: fitting(littleText(text)),
      visibility: audience === 'connections' ? 'CONNECTIONS' : 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
      ...(images.content !== undefined && { content: images.content }),
    };
    return { ...jsonPost(`${account.server}/rest/posts`, body, { headers }), preparations, blobs };
  },
  async prepare({ name, request }, effect, context, before) {
    if (request.protocol !== 'http') return noPostToReplyTo('LinkedIn');
    const number = name.split('-').at(-1) ?? '';
    const isUpload = name.startsWith('upload-');
    const isUploaded = isUpload && before !== undefined;
    const image = textIn(context.results[`image-${number}`], 'image') ?? '';
    const { server = '' } = effect.account ?? {};
    const answer = await send(isUploaded ? statusRequest(server, image, versionHeaders(effect)) : request, context);
    if (answer.kind === 'refused') return refusedToken('LinkedIn', context);
    if (answer.kind !== 'answer') return { kind: 'not_sent', reason: answer.reason };
    if (!isUpload) return placeOutcome(answer);
    return isUploaded ? statusOutcome(answer) : uploadOutcome(answer);
  },
  async perform(effect, context) {
    if (effect.request.protocol !== 'http') return { kind: 'rejected', reason: 'the artifact describes no post' };
    const answer = await send(effect.request, context);
    if (answer.kind === 'refused') return refusedToken('LinkedIn', context);
    return answer.kind === 'answer' ? postOutcome(answer, effect, context.attempt) : answer;
  },
  reconcile: findPost,
};

/** LinkedIn's "little text": a reserved character that is not escaped cuts the post off silently. `#tag` stays a tag. */
function littleText(text: string): string {
  return text.replace(/[\\|{}@[\]()<>*_~]|#(?![\p{L}\p{N}])|(?<=[\p{L}\p{N}/?&=])#/gu, '\\$&');
}

/** Whether escapes count is not known: a text that is too long may be cut silently. */
function fitting(escaped: string): string {
  if (escaped.length <= MAX_LENGTH) return escaped;
  const rule = `must be at most ${MAX_LENGTH} characters for linkedin as escaped, and has ${escaped.length}`;
  throw new InvalidRequestError(`payload.content ${rule}`, [{ field: 'payload.content', rule }]);
}

type Sent = Exchanged | { readonly kind: 'refused'; readonly reason: string };

async function send(request: HttpRequest, { account, exchange, signal, results }: PerformContext): Promise<Sent> {
  const accessToken = (await account?.credential())?.accessToken;
  if (!account || accessToken === undefined) {
    return { kind: 'rejected', reason: `the account ${account?.name ?? ''} has no token` };
  }
  const { body } = request;
  const url = String(withResults(request.url, results));
  const filled: HttpRequest = {
    ...request,
    url,
    body: body.kind === 'json' ? { kind: 'json', value: withResults(body.value, results) } : body,
  };
  const { authorization: _placeholder, ...others } = filled.headers;
  const isTheirs = mayKnowToken(url, account.server);
  const sent = isTheirs ? withToken(filled, accessToken) : { ...filled, headers: others };
  const answer = await exchange.send(sent, { signal, wholeBody: true });
  if (answer.kind !== 'answer' || answer.status !== 401) return answer;
  return { kind: 'refused', reason: answered('LinkedIn', answer, saidOf(answer)) };
}

/** An upload goes where an answer says. The token goes to LinkedIn only. */
function mayKnowToken(url: string, server: string): boolean {
  const { origin, protocol, hostname } = new URL(url);
  return origin === new URL(server).origin || (protocol === 'https:' && /(?:^|\.)linkedin\.com$/u.test(hostname));
}

function versionHeaders({ request }: Effect): Readonly<Record<string, string>> {
  return headersOf((request.protocol === 'http' ? request.headers['linkedin-version'] : undefined) ?? '');
}

async function findPost(effect: Effect, context: PerformContext): Promise<Reconciled> {
  const body = jsonBodyOf(effect);
  const [author = '', commentary] = [textIn(body, 'author'), textIn(body, 'commentary')];
  if (commentary === undefined) return { kind: 'cannot_tell', reason: 'comments on LinkedIn cannot be read' };
  if (!author.startsWith('urn:li:organization:')) {
    return { kind: 'cannot_tell', reason: 'LinkedIn lets nobody read the posts of a person' };
  }
  const request = postsRequest(effect.account?.server ?? '', author, versionHeaders(effect), READ_COUNT);
  const answer = await send(request, context);
  if (answer.kind !== 'answer') return { kind: 'cannot_tell', reason: answer.reason, askAgainAfterMs: 5_000 };
  const posts = objectsIn(objectOf(answer)?.elements);
  if (answer.status !== 200 || !posts) {
    const mayPass = answer.status === 429 || answer.status >= 500;
    const reason = answered('LinkedIn', answer, saidOf(answer));
    return { kind: 'cannot_tell', reason, ...(mayPass && { askAgainAfterMs: 30_000 }) };
  }
  const sinceMs = context.firstAttemptAt.getTime() - SETTLE_MS;
  const recent = posts.filter(({ createdAt }) => typeof createdAt !== 'number' || createdAt >= sinceMs);
  const found = recent.find((post) => post.commentary === commentary);
  if (found) {
    const id = typeof found.id === 'string' ? found.id : undefined;
    return { kind: 'happened', receipt: { ...foundByReading(), ...postReceipt(id, effect) } };
  }
  if (recent.length < READ_COUNT) return notFound(context, Date.now());
  return { kind: 'cannot_tell', reason: 'the organisation has more posts since then than can be read' };
}
