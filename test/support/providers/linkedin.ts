/** A fake of LinkedIn's versioned REST API that keeps the rules which LinkedIn publishes. Never compared with the live service. */

import { z } from 'zod';
import { type Call, createIds, Refusal, type Route, startFake, tokenOf } from './fake.ts';
import { cutAtBareMarkup } from './linkedin-text.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createMemory } from './time.ts';
import { createTokens, type TokenPair, type TokenStore } from './tokens.ts';

const DAY_MS = 24 * 3_600_000;

export interface LinkedInPost {
  readonly urn: string;
  readonly author: string;
  /** As it was sent. */
  readonly commentary: string;
  /** As people see it: cut, without an error, where markup was not escaped. */
  readonly shown: string;
  readonly images: readonly string[];
  readonly createdAtMs: number;
}

export interface LinkedInComment {
  readonly on: string;
  readonly actor: string;
  readonly text: string;
}

export interface LinkedInServer extends ProviderServer {
  readonly person: string;
  readonly organization: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Access for 60 days; the refresh token keeps its first 365. */
  readonly token: TokenPair;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  posts(): readonly LinkedInPost[];
  comments(): readonly LinkedInComment[];
  images(): readonly { readonly urn: string; readonly bytes: Buffer }[];
  remove(urn: string): void;
  /** From now on this version and all before are retired: 426 on everything. */
  retire(version: string): void;
  /** Images that are uploaded from now on say this often that they are not ready. */
  processSlowly(times: number): void;
  /** The day's limit is used up: 429 until midnight UTC. */
  exhaust(): void;
}

export const linkedInAnswers = {
  duplicate: (urn: string): Answer =>
    error(422, 'DUPLICATE_POST', `Content is a duplicate of ${urn}`, {
      errorDetailType: 'com.linkedin.common.error.BadRequest',
    }),
  versionRetired: (version: string): Answer =>
    error(426, 'NONEXISTENT_VERSION', `Requested version ${version} is not active`),
  rateLimited: (): Answer =>
    error(429, 'TOO_MANY_REQUESTS', 'Resource level throttle limit for calls to this resource is reached.'),
  expired: (): Answer => error(401, 'EXPIRED_ACCESS_TOKEN', 'The token used in the request has expired'),
  revoked: (): Answer =>
    error(401, 'REVOKED_ACCESS_TOKEN', 'The token used in the request has been revoked by the user'),
  forbidden: (): Answer => error(403, 'ACCESS_DENIED', 'Not enough permissions to access: partnerApiPosts'),
};

const imageReference = z.object({ id: z.string(), altText: z.string().optional() });
const postSchema = z.object({
  author: z.string(),
  commentary: z.string(),
  visibility: z.enum(['PUBLIC', 'CONNECTIONS']),
  distribution: z.object({
    feedDistribution: z.literal('MAIN_FEED'),
    targetEntities: z.array(z.unknown()),
    thirdPartyDistributionChannels: z.array(z.unknown()),
  }),
  lifecycleState: z.literal('PUBLISHED'),
  isReshareDisabledByAuthor: z.boolean().optional(),
  content: z
    .object({
      media: imageReference.optional(),
      multiImage: z.object({ images: z.array(imageReference).min(2).max(20) }).optional(),
    })
    .loose()
    .optional(),
});
const commentSchema = z.object({
  actor: z.string(),
  object: z.string(),
  message: z.object({ text: z.string().max(1250) }),
});
const uploadSchema = z.object({ initializeUploadRequest: z.object({ owner: z.string() }) });

export async function startLinkedIn(): Promise<LinkedInServer> {
  const clock = createClock();
  const [person, organization] = ['urn:li:person:aol1', 'urn:li:organization:77'];
  const client = { id: 'linkedin-client', secret: 'linkedin-client-secret-canary' };
  const tokens = createTokens(clock, { accessMs: 60 * DAY_MS, refresh: 'lasting', prefix: 'linkedin-canary-' });
  const token = tokens.issue();
  const refreshUntilMs = clock.nowMs() + 365 * DAY_MS;
  const posts = new Map<string, LinkedInPost>();
  const comments: LinkedInComment[] = [];
  const images = new Map<string, { bytes: Buffer | undefined; asksLeft: number }>();
  const recent = createMemory<string>(clock, DAY_MS);
  const nextId = createIds(7_200_000_000_000_000_000n);
  let [retired, slowness, exhaustedUntilMs] = ['', 0, 0];

  const authorize = (call: Call) => {
    const state = tokens.state(tokenOf(call));
    if (state === 'expired') throw new Refusal(linkedInAnswers.expired());
    if (state === 'revoked') throw new Refusal(linkedInAnswers.revoked());
    if (state === 'unknown') throw new Refusal(error(401, 'INVALID_ACCESS_TOKEN', 'Invalid access token'));
  };
  /** What every call of the versioned API has to have. */
  const enter = (call: Call) => {
    authorize(call);
    const version = call.header('linkedin-version');
    if (version === undefined)
      throw new Refusal(
        error(
          400,
          'VERSION_MISSING',
          'A version must be present. Please specify a version by adding the LinkedIn-Version header.',
        ),
      );
    if (!/^\d{6}$/u.test(version) || version <= retired) throw new Refusal(linkedInAnswers.versionRetired(version));
    if (call.header('x-restli-protocol-version') !== '2.0.0')
      throw new Refusal(error(400, 'ILLEGAL_ARGUMENT', 'X-Restli-Protocol-Version is not 2.0.0'));
    if (clock.nowMs() < exhaustedUntilMs) throw new Refusal(linkedInAnswers.rateLimited());
  };
  const own = (author: string) => {
    if (author !== person && author !== organization) throw new Refusal(linkedInAnswers.forbidden());
  };

  const create: Route = (call) => {
    enter(call);
    const { author, commentary, content } = call.json(postSchema);
    own(author);
    if ([...commentary].length > 3000)
      throw new Refusal(error(422, 'FIELD_LENGTH_TOO_LONG', 'commentary is longer than 3000'));
    const attached = content?.multiImage?.images ?? (content?.media ? [content.media] : []);
    if (attached.some(({ id }) => images.get(id)?.bytes === undefined))
      throw new Refusal(error(400, 'INVALID_CONTENT', 'the image is not there'));
    const equal = recent.get(`${author} ${commentary}`);
    if (equal !== undefined) throw new Refusal(linkedInAnswers.duplicate(equal));
    const urn = `urn:li:share:${nextId()}`;
    const shown = cutAtBareMarkup(commentary);
    posts.set(urn, {
      urn,
      author,
      commentary,
      shown,
      images: attached.map(({ id }) => id),
      createdAtMs: clock.nowMs(),
    });
    // Remembered also when the post is deleted: the URN of the refusal may lead nowhere.
    recent.set(`${author} ${commentary}`, urn);
    return { status: 201, headers: { 'x-restli-id': urn } };
  };

  const list: Route = (call) => {
    enter(call);
    const author = call.url.searchParams.get('author') ?? '';
    // Reading a member's posts is a private permission.
    if (author !== organization || call.url.searchParams.get('q') !== 'author')
      throw new Refusal(linkedInAnswers.forbidden());
    const found = [...posts.values()].filter((post) => post.author === author).reverse();
    const elements = found.slice(0, Number(call.url.searchParams.get('count') ?? 10)).map(described);
    return { status: 200, body: { elements, paging: { start: 0, count: elements.length, links: [] } } };
  };

  const read: Route = (call) => {
    enter(call);
    const post = posts.get(call.parts[0] ?? '');
    if (post === undefined) return error(404, 'NOT_FOUND', 'the post is not there');
    return post.author === organization ? { status: 200, body: described(post) } : linkedInAnswers.forbidden();
  };

  const comment: Route = (call) => {
    enter(call);
    const { actor, object, message } = call.json(commentSchema);
    own(actor);
    if (!posts.has(call.parts[0] ?? '')) return error(404, 'NOT_FOUND', 'the post is not there');
    comments.push({ on: object, actor, text: message.text });
    return { status: 201, headers: { 'x-restli-id': nextId() }, body: { actor, object, message } };
  };

  const initializeUpload: Route = (call) => {
    enter(call);
    if (call.url.searchParams.get('action') !== 'initializeUpload')
      return error(400, 'ILLEGAL_ARGUMENT', 'no such action');
    own(call.json(uploadSchema).initializeUploadRequest.owner);
    const urn = `urn:li:image:C4E${nextId()}`;
    images.set(urn, { bytes: undefined, asksLeft: slowness });
    const uploadUrl = `${call.url.origin}/dms-uploads/${urn}/0?e=1`;
    return { status: 200, body: { value: { uploadUrlExpiresAt: clock.nowMs() + DAY_MS, uploadUrl, image: urn } } };
  };

  const upload: Route = (call) => {
    const image = images.get(call.parts[0] ?? '');
    if (image === undefined) return { status: 404 };
    image.bytes = call.request.body;
    return { status: 201 };
  };

  const image: Route = (call) => {
    enter(call);
    const [urn = ''] = call.parts;
    const found = images.get(urn);
    if (found === undefined) return error(404, 'NOT_FOUND', 'the image is not there');
    const isReady = found.bytes !== undefined && found.asksLeft-- <= 0;
    const status = found.bytes === undefined ? 'WAITING_UPLOAD' : isReady ? 'AVAILABLE' : 'PROCESSING';
    return { status: 200, body: { id: urn, status } };
  };

  const refresh: Route = (call) => {
    const form = call.form();
    const isClient = form.get('client_id') === client.id && form.get('client_secret') === client.secret;
    if (!isClient)
      return { status: 401, body: { error: 'invalid_client', error_description: 'Client authentication failed' } };
    const pair = clock.nowMs() < refreshUntilMs ? tokens.refresh(form.get('refresh_token')) : undefined;
    if (pair === undefined)
      return {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'The provided refresh token is invalid or has expired' },
      };
    const seconds = Math.floor((refreshUntilMs - clock.nowMs()) / 1000);
    const body = { access_token: pair.accessToken, expires_in: 5_184_000, refresh_token: pair.refreshToken };
    return { status: 200, body: { ...body, refresh_token_expires_in: seconds } };
  };

  const userinfo: Route = (call) => {
    authorize(call);
    return { status: 200, body: { sub: person.split(':').at(-1), name: 'Ops' } };
  };

  const server = await startFake({
    routes: {
      'POST /rest/posts': create,
      'GET /rest/posts': list,
      'GET /rest/posts/{}': read,
      'POST /rest/socialActions/{}/comments': comment,
      'POST /rest/images': initializeUpload,
      'PUT /dms-uploads/{}/0': upload,
      'GET /rest/images/{}': image,
      'POST /oauth/v2/accessToken': refresh,
      'GET /v2/userinfo': userinfo,
    },
    missing: error(404, 'RESOURCE_NOT_FOUND', 'No virtual resource found'),
    malformed: (reason) => error(400, 'ILLEGAL_ARGUMENT', reason),
  });
  return {
    ...server,
    person,
    organization,
    client,
    token,
    tokens,
    clock,
    posts: () => [...posts.values()],
    comments: () => comments,
    images: () => [...images].flatMap(([urn, { bytes }]) => (bytes === undefined ? [] : [{ urn, bytes }])),
    remove: (urn) => void posts.delete(urn),
    retire: (version) => {
      retired = version;
    },
    processSlowly: (times) => {
      slowness = times;
    },
    exhaust: () => {
      exhaustedUntilMs = (Math.floor(clock.nowMs() / DAY_MS) + 1) * DAY_MS;
    },
  };
}

function described({ urn, author, commentary, createdAtMs }: LinkedInPost) {
  return { id: urn, author, commentary, createdAt: createdAtMs, publishedAt: createdAtMs, lifecycleState: 'PUBLISHED' };
}

function error(status: number, code: string, message: string, more: object = {}): Answer {
  return { status, body: { status, code, message, serviceErrorCode: 100, ...more } };
}
