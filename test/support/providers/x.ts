/** A fake of X's API v2 that keeps the rules which X publishes. Never compared with the live service. */

import { z } from 'zod';
import { type Call, createIds, Refusal, type Route, startFake, tokenOf } from './fake.ts';
import { createOAuth1Check, type OAuth1Credentials } from './oauth1.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit, createMemory } from './time.ts';
import { basic, createTokens, type TokenPair, type TokenStore } from './tokens.ts';
import { createXMedia, type XMedia } from './x-media.ts';
import { storedXText, weightOfX, type XLink } from './x-text.ts';

const HOUR_MS = 3_600_000;

export interface XPost {
  readonly id: string;
  /** As X returns it: entities escaped, links shortened, a link to the pictures at its end. */
  readonly text: string;
  readonly createdAtMs: number;
  readonly links: readonly XLink[];
  readonly mediaIds: readonly string[];
  readonly replyTo: string | undefined;
}

export interface XServer extends ProviderServer {
  readonly user: { readonly id: string; readonly username: string };
  readonly oauth1: OAuth1Credentials;
  readonly oauth2: TokenPair & { readonly clientId: string; readonly clientSecret: string };
  readonly tokens: TokenStore;
  readonly media: XMedia;
  /** X's clock: tokens live two hours, the memory for equal texts a day. */
  readonly clock: Clock;
  posts(): readonly XPost[];
  remove(id: string): void;
  /** Somebody's post that mentions us, and so may be replied to. */
  summon(): string;
  /** Uses up the posts of the 15 minutes. */
  exhaust(): void;
}

/** Answers in X's own form, for `misbehave({how: 'answer', answer})`. */
export const xAnswers = {
  rateLimited: (resetAtMs = Date.now() + 60_000): Answer => ({
    ...problem(429, 'Too Many Requests', 'Too Many Requests', 'about:blank'),
    headers: { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(Math.ceil(resetAtMs / 1000)) },
  }),
  usageCapped: (): Answer =>
    problem(429, 'UsageCapExceeded', 'Usage cap exceeded: Monthly product cap', `${PROBLEMS}/usage-capped`),
  noCredits: (): Answer => problem(403, 'CreditsDepleted', 'The account has no credits.', `${PROBLEMS}/usage-capped`),
  duplicate: (): Answer =>
    problem(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.', 'about:blank'),
  notPermitted: (): Answer => problem(403, 'Forbidden', 'You are not permitted to perform this action.', 'about:blank'),
  suspended: (): Answer => problem(403, 'Forbidden', 'User is suspended.', `${PROBLEMS}/user-suspended`),
  unavailable: (): Answer => problem(503, 'Service Unavailable', 'Service Unavailable', 'about:blank'),
};

const PROBLEMS = 'https://api.twitter.com/2/problems';

const postSchema = z.strictObject({
  text: z.string().optional(),
  reply: z.strictObject({ in_reply_to_tweet_id: z.string() }).optional(),
  media: z
    .strictObject({ media_ids: z.array(z.string()).min(1).max(4), tagged_user_ids: z.array(z.string()).optional() })
    .optional(),
  reply_settings: z.enum(['following', 'mentionedUsers', 'subscribers', 'verified']).optional(),
  quote_tweet_id: z.string().optional(),
  poll: z.strictObject({ options: z.array(z.string()).min(2).max(4), duration_minutes: z.int() }).optional(),
  made_with_ai: z.boolean().optional(),
  paid_partnership: z.boolean().optional(),
});

export async function startX({ weightLimit = 280 } = {}): Promise<XServer> {
  const clock = createClock();
  const tokens = createTokens(clock, { accessMs: 2 * HOUR_MS, refresh: 'single_use', prefix: 'x-canary-' });
  const client = { clientId: 'x-client', clientSecret: 'x-client-secret-canary' };
  const oauth1 = {
    consumerKey: 'x-consumer-key',
    consumerSecret: 'x-consumer-secret-canary',
    token: '1001-x-token',
    tokenSecret: 'x-token-secret-canary',
  };
  const checkOAuth1 = createOAuth1Check(clock, oauth1);
  const [user, posts] = [{ id: '1001', username: 'ops' }, new Map<string, XPost>()];
  const [perUser, reads] = [createLimit(clock, 100, HOUR_MS / 4), createLimit(clock, 900, HOUR_MS / 4)];
  const texts = createMemory<string>(clock, 24 * HOUR_MS);
  const summons = new Set<string>();
  const nextId = createIds(1_900_000_000_000_000_000n);

  const authorize = (call: Call) => {
    const isOAuth1 = call.header('authorization')?.startsWith('OAuth ') ?? false;
    const wrong = isOAuth1 ? checkOAuth1(call) : tokens.state(tokenOf(call)) !== 'good' && 'Unauthorized';
    if (wrong) throw new Refusal(problem(401, 'Unauthorized', wrong, 'about:blank'));
  };
  const limited = (taken: ReturnType<typeof reads.take>): Record<string, string> => {
    if (!taken.allowed) throw new Refusal(xAnswers.rateLimited(taken.resetAtMs));
    return {
      'x-rate-limit-limit': String(taken.limit),
      'x-rate-limit-remaining': String(taken.remaining),
      'x-rate-limit-reset': String(Math.ceil(taken.resetAtMs / 1000)),
    };
  };
  const media = createXMedia({ clock, authorize, nextId });

  const create: Route = (call) => {
    authorize(call);
    const body = call.json(postSchema);
    const { text = '', media: attached, reply } = body;
    const mediaIds = attached?.media_ids ?? [];
    if (text === '' && mediaIds.length === 0) throw new Refusal(invalid('a post needs a text or media'));
    if (weightOfX(text) > weightLimit) throw new Refusal(invalid('the text is too long'));
    if (mediaIds.some((id) => !media.isReady(id))) throw new Refusal(invalid('Your media IDs are invalid.'));
    const replyTo = reply?.in_reply_to_tweet_id;
    const mayReply = replyTo === undefined || posts.has(replyTo) || summons.has(replyTo);
    const cashtags = text.match(/\$[A-Za-z]{1,6}\b/gu) ?? [];
    if (!mayReply || body.quote_tweet_id !== undefined || cashtags.length > 1)
      throw new Refusal(xAnswers.notPermitted());
    const headers = limited(perUser.take());
    const key = `${replyTo ?? ''} ${text.normalize('NFC')}`;
    const equal = texts.get(key);
    if (text !== '' && equal !== undefined && posts.has(equal)) throw new Refusal(xAnswers.duplicate());
    const id = nextId();
    const stored = storedXText(text, id, mediaIds.length > 0);
    posts.set(id, { id, ...stored, createdAtMs: clock.nowMs(), mediaIds, replyTo });
    texts.set(key, id);
    return { status: 201, headers, body: { data: { id, text: stored.text, edit_history_tweet_ids: [id] } } };
  };

  const list: Route = (call) => {
    authorize(call);
    const headers = limited(reads.take());
    if (call.parts[0] !== user.id) throw new Refusal(problem(404, 'Not Found Error', 'no such user', 'about:blank'));
    const { searchParams } = call.url;
    const count = Number(searchParams.get('max_results') ?? 10);
    if (!(count >= 5 && count <= 100)) throw new Refusal(invalid('max_results is not between 5 and 100'));
    const sinceMs = Date.parse(searchParams.get('start_time') ?? '1970-01-01T00:00:00Z');
    const fields = new Set(searchParams.get('tweet.fields')?.split(','));
    const found = [...posts.values()].filter(({ createdAtMs }) => createdAtMs >= sinceMs).reverse();
    const data = found.slice(0, count).map((post) => shown(post, fields));
    return {
      status: 200,
      headers,
      body: { ...(data.length > 0 ? { data } : {}), meta: { result_count: data.length } },
    };
  };

  const refresh: Route = (call) => {
    const form = call.form();
    const isConfidential = call.header('authorization') === basic(client.clientId, client.clientSecret);
    if (!isConfidential) return { status: 401, body: { error: 'unauthorized_client' } };
    const pair = form.get('grant_type') === 'refresh_token' ? tokens.refresh(form.get('refresh_token')) : undefined;
    if (pair === undefined)
      return {
        status: 400,
        body: { error: 'invalid_grant', error_description: 'Value passed for the token was invalid.' },
      };
    const body = {
      token_type: 'bearer',
      expires_in: 7200,
      access_token: pair.accessToken,
      refresh_token: pair.refreshToken,
    };
    return { status: 200, body: { ...body, scope: 'tweet.read tweet.write users.read media.write offline.access' } };
  };

  const me: Route = (call) => {
    authorize(call);
    return { status: 200, headers: limited(reads.take('me')), body: { data: { ...user, name: 'Ops' } } };
  };

  const server = await startFake({
    routes: {
      'POST /2/tweets': create,
      'GET /2/users/me': me,
      'GET /2/users/{}/tweets': list,
      'POST /2/oauth2/token': refresh,
      ...media.routes,
    },
    missing: problem(404, 'Not Found', 'Not Found', 'about:blank'),
    malformed: invalid,
  });
  return {
    ...server,
    user,
    oauth1,
    oauth2: { ...tokens.issue(), ...client },
    tokens,
    media,
    clock,
    posts: () => [...posts.values()],
    remove: (id) => void posts.delete(id),
    summon() {
      const id = nextId();
      summons.add(id);
      return id;
    },
    exhaust: () => perUser.exhaust(),
  };
}

/** Only the fields that were asked for come back. */
function shown(post: XPost, fields: ReadonlySet<string>) {
  const { id, text, createdAtMs, links, replyTo } = post;
  const references = replyTo === undefined ? [] : [{ type: 'replied_to', id: replyTo }];
  return {
    id,
    text,
    edit_history_tweet_ids: [id],
    ...(fields.has('created_at') ? { created_at: new Date(createdAtMs).toISOString() } : {}),
    ...(fields.has('entities') && links.length > 0 ? { entities: { urls: links } } : {}),
    ...(fields.has('referenced_tweets') && references.length > 0 ? { referenced_tweets: references } : {}),
  };
}

export function invalid(reason: string): Answer {
  const body = {
    errors: [{ message: reason }],
    title: 'Invalid Request',
    detail: reason,
    type: `${PROBLEMS}/invalid-request`,
  };
  return { status: 400, headers: { 'content-type': 'application/problem+json' }, body: { ...body, status: 400 } };
}

function problem(status: number, title: string, detail: string, type: string): Answer {
  return { status, headers: { 'content-type': 'application/problem+json' }, body: { title, detail, type, status } };
}
