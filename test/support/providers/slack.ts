/** A fake of Slack's Web API and of an incoming webhook that keeps the rules which Slack publishes. Never compared with the live service. */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Call, type Route, startFake, tokenOf } from './fake.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit } from './time.ts';
import { createTokens, type TokenPair, type TokenStore } from './tokens.ts';

const HOUR_MS = 3_600_000;
const CUT_AT = 40_000;

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  /** As Slack stores it: cut at 40,000 characters, bare links in angle brackets. */
  readonly text: string;
  readonly thread: string | undefined;
  readonly metadata: { readonly event_type: string; readonly event_payload: object } | undefined;
  /** Whom it called: `<!channel>`, `<!here>`, `<@U1>`. */
  readonly pings: readonly string[];
}

export interface SlackServer extends ProviderServer {
  readonly channel: string;
  readonly botToken: string;
  /** A token that lives 12 hours, for apps with token rotation. */
  readonly rotating: TokenPair & { readonly clientId: string; readonly clientSecret: string };
  readonly tokens: TokenStore;
  /** An incoming webhook: its address is its secret. */
  readonly webhookUrl: string;
  readonly clock: Clock;
  messages(): readonly SlackMessage[];
  remove(ts: string): void;
  revoke(): void;
  archive(channel: string): void;
  /** Takes a scope of the bot away, or gives it back. */
  scope(name: SlackScope, has: boolean): void;
}

export type SlackScope = 'chat:write' | 'channels:history';

export const slackAnswers = {
  /** HTTP 200: most of Slack's refusals are. */
  refused: (error: string): Answer => ({ status: 200, body: { ok: false, error } }),
  rateLimited: (seconds = 30): Answer => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: { ok: false, error: 'ratelimited' },
  }),
};

const refused = slackAnswers.refused;
const messageSchema = z.object({
  channel: z.string().optional(),
  text: z.string().optional(),
  blocks: z.array(z.looseObject({ type: z.string() })).optional(),
  thread_ts: z.string().optional(),
  metadata: z.object({ event_type: z.string(), event_payload: z.looseObject({}) }).optional(),
});

export async function startSlack(): Promise<SlackServer> {
  const clock = createClock();
  const tokens = createTokens(clock, { accessMs: 12 * HOUR_MS, refresh: 'single_use', prefix: 'xoxe.xoxb-canary-' });
  const [botToken, channel, channelName, bot] = ['xoxb-slack-token-canary', 'C0OPS00001', '#ops', 'B0AOL00001'];
  const app = { clientId: '1.2', clientSecret: 'slack-client-secret-canary' };
  const hook = `/services/T0AOL/B0HOOK/${randomBytes(12).toString('hex')}`;
  const messages: SlackMessage[] = [];
  const archived = new Set<string>();
  const scopes = new Set<SlackScope>(['chat:write', 'channels:history']);
  // About one a second and channel; short bursts pass.
  const [perChannel, reads] = [createLimit(clock, 5, 5_000), createLimit(clock, 50, 60_000)];
  let [isRevoked, lastMicros] = [false, 0];

  const nextTs = () => {
    lastMicros = Math.max(lastMicros + 100, clock.nowMs() * 1000);
    return `${Math.floor(lastMicros / 1_000_000)}.${String(lastMicros % 1_000_000).padStart(6, '0')}`;
  };
  /** What is wrong with the token. */
  const unauthorized = (call: Call, scope?: SlackScope): string | undefined => {
    const token = tokenOf(call);
    if (token === undefined) return 'not_authed';
    if (isRevoked) return 'token_revoked';
    const state = tokens.state(token);
    if (token !== botToken && state !== 'good') return state === 'expired' ? 'token_expired' : 'invalid_auth';
    return scope !== undefined && !scopes.has(scope) ? 'missing_scope' : undefined;
  };
  const store = (message: Omit<SlackMessage, 'ts' | 'pings'>): SlackMessage => {
    const pings = message.text.match(/<(?:!(?:channel|here|everyone)|@[UW]\w+)[^>]*>/gu) ?? [];
    const stored = { ...message, ts: nextTs(), pings, text: linked(message.text) };
    messages.push(stored);
    return stored;
  };

  const post: Route = (call) => {
    const wrong = unauthorized(call, 'chat:write');
    if (wrong !== undefined) return refused(wrong);
    const type = call.header('content-type') ?? '';
    const body = type.startsWith('application/json')
      ? call.json(messageSchema)
      : messageSchema.parse(Object.fromEntries(call.form()));
    const { text = '', thread_ts: thread, metadata } = body;
    // A name will do for posting, and for nothing else.
    if (body.channel !== channel && body.channel !== channelName) return refused('channel_not_found');
    if (archived.has(channel)) return refused('is_archived');
    if (text === '' && !body.blocks?.length) return refused('no_text');
    const blocks = JSON.stringify(body.blocks ?? []);
    if (blocks.length > 13_200) return refused('msg_blocks_too_long');
    if (thread !== undefined && !messages.some(({ ts }) => ts === thread)) return refused('cannot_reply_to_message');
    const taken = perChannel.take(channel);
    if (!taken.allowed) return slackAnswers.rateLimited(Math.ceil((taken.resetAtMs - clock.nowMs()) / 1000));
    const message = store({ channel, text: [...text].slice(0, CUT_AT).join(''), thread, metadata });
    const isCut = [...text].length > CUT_AT;
    const warning = isCut
      ? { warning: 'message_truncated', response_metadata: { warnings: ['message_truncated'] } }
      : {};
    return { status: 200, body: { ok: true, channel, ts: message.ts, message: shown(message, true), ...warning } };
  };

  const shown = ({ ts, text, thread, metadata }: SlackMessage, withMetadata: boolean) => ({
    type: 'message',
    subtype: 'bot_message',
    ts,
    text,
    bot_id: bot,
    ...(thread === undefined ? {} : { thread_ts: thread }),
    ...(metadata !== undefined && withMetadata ? { metadata } : {}),
  });

  const history =
    (inThread: boolean): Route =>
    (call) => {
      const wrong = unauthorized(call, 'channels:history');
      if (wrong !== undefined) return refused(wrong);
      const taken = reads.take();
      if (!taken.allowed) return slackAnswers.rateLimited(Math.ceil((taken.resetAtMs - clock.nowMs()) / 1000));
      const { searchParams } = call.url;
      if (searchParams.get('channel') !== channel) return refused('channel_not_found');
      const oldest = Number(searchParams.get('oldest') ?? 0);
      const root = searchParams.get('ts');
      // Replies are not in the history of the channel.
      const belongs = ({ ts, thread }: SlackMessage) =>
        inThread ? ts === root || thread === root : thread === undefined;
      const all = messages.filter((one) => belongs(one) && Number(one.ts) > oldest);
      const limit = Number(searchParams.get('limit') ?? 100);
      const found = inThread ? all.slice(0, limit) : all.reverse().slice(0, limit);
      const withMetadata = searchParams.get('include_all_metadata') === 'true';
      return {
        status: 200,
        body: { ok: true, messages: found.map((one) => shown(one, withMetadata)), has_more: all.length > limit },
      };
    };

  const permalink: Route = (call) => {
    const wrong = unauthorized(call);
    if (wrong !== undefined) return refused(wrong);
    const ts = call.url.searchParams.get('message_ts');
    if (!messages.some((one) => one.ts === ts)) return refused('message_not_found');
    const link = `https://aol.slack.com/archives/${channel}/p${ts?.replace('.', '')}`;
    return { status: 200, body: { ok: true, channel, permalink: link } };
  };

  const check: Route = (call) => {
    const wrong = unauthorized(call);
    const who = {
      ok: true,
      url: 'https://aol.slack.com/',
      team: 'AOL',
      team_id: 'T0AOL',
      user: 'aol',
      user_id: 'U0AOL',
      bot_id: bot,
    };
    return wrong === undefined
      ? { status: 200, headers: { 'x-oauth-scopes': [...scopes].join(',') }, body: who }
      : refused(wrong);
  };

  const rotate: Route = (call) => {
    const form = call.form();
    if (form.get('client_id') !== app.clientId || form.get('client_secret') !== app.clientSecret)
      return refused('bad_client_secret');
    const pair = tokens.refresh(form.get('refresh_token'));
    if (pair === undefined) return refused('invalid_refresh_token');
    const body = { access_token: pair.accessToken, refresh_token: pair.refreshToken, expires_in: 43_200 };
    return { status: 200, body: { ok: true, token_type: 'bot', ...body } };
  };

  const webhook: Route = (call) => {
    const text = call.request.path === hook ? readText(call) : undefined;
    if (call.request.path !== hook) return { status: 404, body: 'no_service' };
    if (archived.has(channel)) return { status: 410, body: 'channel_is_archived' };
    if (text === undefined) return { status: 400, body: 'invalid_payload' };
    if (text === '') return { status: 400, body: 'no_text' };
    store({ channel, text, thread: undefined, metadata: undefined });
    return { status: 200, headers: { 'content-type': 'text/html' }, body: 'ok' };
  };

  const server = await startFake({
    routes: {
      'POST /api/chat.postMessage': post,
      'GET /api/conversations.history': history(false),
      'GET /api/conversations.replies': history(true),
      'GET /api/chat.getPermalink': permalink,
      'POST /api/auth.test': check,
      'GET /api/auth.test': check,
      'POST /api/oauth.v2.access': rotate,
      'POST /services/{}/{}/{}': webhook,
    },
    missing: refused('unknown_method'),
    malformed: () => refused('invalid_arguments'),
  });
  return {
    ...server,
    channel,
    botToken,
    rotating: { ...tokens.issue(), ...app },
    tokens,
    webhookUrl: `${server.url}${hook}`,
    clock,
    messages: () => messages,
    remove: (ts) =>
      void messages.splice(
        messages.findIndex((one) => one.ts === ts),
        1,
      ),
    revoke() {
      isRevoked = true;
      tokens.revoke();
    },
    archive: (name) => void archived.add(name),
    scope: (name, has) => void (has ? scopes.add(name) : scopes.delete(name)),
  };
}

/** Bare links are stored as links. */
function linked(text: string): string {
  return text.replaceAll(/(?<![<|])https?:\/\/[^\s<>|]+/gu, (link) => `<${link}>`);
}

function readText(call: Call): string | undefined {
  try {
    const parsed = messageSchema.safeParse(JSON.parse(call.request.body.toString('utf8')));
    return parsed.success ? (parsed.data.text ?? '') : undefined;
  } catch {
    return undefined;
  }
}
