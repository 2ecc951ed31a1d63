/** A fake of Discord's API v10, with a bot and a webhook, that keeps the rules which Discord publishes. Never compared with the live service. */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Call, Refusal, type Route, startFake, tokenOf } from './fake.ts';
import type { Answer, ProviderServer } from './server.ts';
import { type Clock, createClock, createLimit, createMemory } from './time.ts';

const EPOCH_MS = 1_420_070_400_000n;

export interface DiscordMessage {
  readonly id: string;
  readonly channelId: string;
  readonly authorId: string;
  readonly content: string;
  readonly nonce: string | undefined;
  readonly replyTo: string | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** `everyone` and ids of users and roles that it called. */
  readonly pings: readonly string[];
}

export type DiscordPermission = 'SEND_MESSAGES' | 'READ_MESSAGE_HISTORY';

export interface DiscordServer extends ProviderServer {
  readonly channelId: string;
  readonly guildId: string;
  readonly botToken: string;
  readonly botId: string;
  readonly webhookUrl: string;
  readonly clock: Clock;
  messages(): readonly DiscordMessage[];
  remove(id: string): void;
  removeWebhook(): void;
  revoke(): void;
  permission(name: DiscordPermission, has: boolean): void;
  /** Answers of 401, 403 and 429: 10,000 of them in ten minutes ban an address. */
  invalidRequests(): number;
}

export const discordAnswers = {
  rateLimited: (seconds = 1.5, scope: 'user' | 'shared' | 'global' = 'user'): Answer => ({
    status: 429,
    headers: { 'retry-after': String(Math.ceil(seconds)), 'x-ratelimit-scope': scope },
    body: { message: 'You are being rate limited.', retry_after: seconds, global: scope === 'global' },
  }),
  error: (status: number, code: number, message: string): Answer => ({ status, body: { message, code } }),
  autoModerated: (): Answer => error(400, 200_000, 'Message was blocked by automatic moderation'),
  overloaded: (): Answer => error(503, 130_000, 'API resource is currently overloaded. Try again a little later'),
};

const { error } = discordAnswers;
const mentions = z.strictObject({
  parse: z.array(z.enum(['users', 'roles', 'everyone'])).optional(),
  users: z.array(z.string()).optional(),
  roles: z.array(z.string()).optional(),
  replied_user: z.boolean().optional(),
});
const messageSchema = z.object({
  content: z.string().max(2000).optional(),
  nonce: z.union([z.string().max(25), z.int()]).optional(),
  enforce_nonce: z.boolean().optional(),
  allowed_mentions: mentions.optional(),
  message_reference: z
    .object({ message_id: z.string(), fail_if_not_exists: z.boolean().optional() })
    .loose()
    .optional(),
  embeds: z.array(z.looseObject({})).max(10).optional(),
  flags: z.int().optional(),
});

/** `nonceMs`: how long a nonce is remembered; Discord says "the past few minutes". */
export async function startDiscord({ nonceMs = 3 * 60_000 } = {}): Promise<DiscordServer> {
  const clock = createClock();
  const [channelId, guildId, botId] = ['1290000000000000001', '1280000000000000001', '1270000000000000001'];
  const [botToken, webhook] = [
    'discord-bot-token-canary',
    { id: '1260000000000000001', token: randomBytes(24).toString('base64url') },
  ];
  const messages = new Map<string, DiscordMessage>();
  const nonces = createMemory<string>(clock, nonceMs);
  const bucket = createLimit(clock, 5, 5_000);
  const permissions = new Set<DiscordPermission>(['SEND_MESSAGES', 'READ_MESSAGE_HISTORY']);
  let [isRevoked, hasWebhook, invalidRequests, increment] = [false, true, 0, 0n];

  const snowflake = () => {
    increment = (increment + 1n) % 4096n;
    return String(((BigInt(clock.nowMs()) - EPOCH_MS) << 22n) | increment);
  };
  const authorize = (call: Call) => {
    if (!call.header('user-agent')?.startsWith('DiscordBot ('))
      throw new Refusal(error(403, 40_333, 'internal network error'));
    if (isRevoked || tokenOf(call, 'Bot') !== botToken) throw new Refusal(error(401, 0, '401: Unauthorized'));
    if (call.parts[0] !== undefined && call.parts[0] !== channelId)
      throw new Refusal(error(404, 10_003, 'Unknown Channel'));
  };
  const limited = (route: string): Record<string, string> => {
    const taken = bucket.take(route);
    const seconds = (taken.resetAtMs - clock.nowMs()) / 1000;
    if (!taken.allowed) throw new Refusal(discordAnswers.rateLimited(seconds));
    return {
      'x-ratelimit-bucket': 'b1',
      'x-ratelimit-limit': String(taken.limit),
      'x-ratelimit-remaining': String(taken.remaining),
      'x-ratelimit-reset': String(taken.resetAtMs / 1000),
      'x-ratelimit-reset-after': String(seconds),
    };
  };
  const store = async (call: Call, authorId: string, pingsByDefault: readonly string[]): Promise<DiscordMessage> => {
    const { body, files } = await read(call);
    const { content = '', message_reference: reference } = body;
    if (content === '' && files.length === 0 && !body.embeds?.length)
      throw new Refusal(error(400, 50_006, 'Cannot send an empty message'));
    if (reference !== undefined && !messages.has(reference.message_id) && reference.fail_if_not_exists !== false) {
      throw new Refusal(invalidForm('message_reference', 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message'));
    }
    const nonce = body.nonce === undefined ? undefined : String(body.nonce);
    const pings = pinged(content, body.allowed_mentions, pingsByDefault);
    const message = {
      id: snowflake(),
      channelId,
      authorId,
      content: content.trim(),
      nonce,
      replyTo: reference?.message_id,
      files,
      pings,
    };
    messages.set(message.id, message);
    if (nonce !== undefined && body.enforce_nonce) nonces.set(nonce, message.id);
    return message;
  };

  const create: Route = async (call) => {
    authorize(call);
    if (!permissions.has('SEND_MESSAGES')) throw new Refusal(error(403, 50_013, 'Missing Permissions'));
    const headers = limited('create');
    const { body } = await read(call);
    const known = body.nonce !== undefined && body.enforce_nonce ? nonces.get(String(body.nonce)) : undefined;
    if (known !== undefined) {
      const message = messages.get(known);
      return message ? { status: 200, headers, body: described(message) } : error(404, 10_008, 'Unknown Message');
    }
    const message = await store(call, botId, ['users', 'roles', 'everyone']);
    return { status: 200, headers, body: described(message) };
  };

  const list: Route = (call) => {
    authorize(call);
    const headers = limited('list');
    const { searchParams } = call.url;
    const after = BigInt(searchParams.get('after') ?? 0);
    // Without the permission the list is empty, and no error.
    const readable = permissions.has('READ_MESSAGE_HISTORY') ? [...messages.values()] : [];
    const found = readable.filter(({ id }) => BigInt(id) > after).slice(0, Number(searchParams.get('limit') ?? 50));
    return { status: 200, headers, body: found.reverse().map(described) };
  };

  const execute: Route = async (call) => {
    const [id, token] = call.parts;
    if (!hasWebhook || id !== webhook.id) return error(404, 10_015, 'Unknown Webhook');
    if (token !== webhook.token) return error(401, 50_027, 'Invalid Webhook Token');
    const headers = limited('execute');
    const message = await store(call, webhook.id, ['users']);
    return call.url.searchParams.get('wait') === 'true'
      ? { status: 200, headers, body: described(message) }
      : { status: 204, headers };
  };

  const counted =
    (route: Route): Route =>
    async (call) => {
      const answer = await Promise.resolve(call)
        .then(route)
        .catch((thrown) => {
          if (thrown instanceof Refusal) return thrown.answer;
          throw thrown;
        });
      if ([401, 403, 429].includes(answer.status)) invalidRequests += 1;
      return answer;
    };
  const routes: Record<string, Route> = {
    'POST /api/v10/channels/{}/messages': create,
    'GET /api/v10/channels/{}/messages': list,
    'POST /api/v10/webhooks/{}/{}': execute,
    'GET /api/v10/users/@me'(call) {
      authorize(call);
      return { status: 200, body: { id: botId, username: 'aol', bot: true } };
    },
    'GET /api/v10/channels/{}'(call) {
      authorize(call);
      return { status: 200, body: { id: channelId, guild_id: guildId, type: 0, name: 'ops' } };
    },
  };
  const server = await startFake({
    routes: Object.fromEntries(Object.entries(routes).map(([route, take]) => [route, counted(take)])),
    missing: error(404, 0, '404: Not Found'),
    malformed: (reason) => invalidForm('content', 'INVALID', reason),
  });
  return {
    ...server,
    channelId,
    guildId,
    botToken,
    botId,
    webhookUrl: `${server.url}/api/v10/webhooks/${webhook.id}/${webhook.token}`,
    clock,
    messages: () => [...messages.values()],
    remove: (id) => void messages.delete(id),
    removeWebhook: () => {
      hasWebhook = false;
    },
    revoke: () => {
      isRevoked = true;
    },
    permission: (name, has) => void (has ? permissions.add(name) : permissions.delete(name)),
    invalidRequests: () => invalidRequests,
  };

  function described({ id, channelId: channel_id, authorId, content, nonce, pings }: DiscordMessage) {
    const timestamp = new Date(Number((BigInt(id) >> 22n) + EPOCH_MS)).toISOString();
    const author = { id: authorId, bot: true, username: 'aol' };
    const sent = { id, channel_id, author, content, timestamp, mention_everyone: pings.includes('everyone'), type: 0 };
    return nonce === undefined ? sent : { ...sent, nonce };
  }
}

async function read(call: Call) {
  if (!call.header('content-type')?.startsWith('multipart/form-data'))
    return { body: call.json(messageSchema), files: [] };
  const form = await call.multipart();
  const files: { name: string; bytes: Buffer }[] = [];
  for (const part of form.values()) {
    if (typeof part !== 'string') files.push({ name: part.name, bytes: Buffer.from(await part.arrayBuffer()) });
  }
  const parsed = messageSchema.safeParse(JSON.parse(String(form.get('payload_json') ?? '{}')));
  if (!parsed.success) throw new Refusal(invalidForm('payload_json', 'INVALID', parsed.error.message));
  return { body: parsed.data, files };
}

function invalidForm(field: string, code: string, message: string): Answer {
  const errors = { [field]: { _errors: [{ code, message }] } };
  return { status: 400, body: { message: 'Invalid Form Body', code: 50_035, errors } };
}

/** Whom a text calls. Without `allowed_mentions` it is everybody whom it names. */
function pinged(
  content: string,
  allowed: z.output<typeof mentions> | undefined,
  byDefault: readonly string[],
): string[] {
  const parse = allowed === undefined ? byDefault : (allowed.parse ?? []);
  const named = (pattern: RegExp) => [...content.matchAll(pattern)].map(([, id = '']) => id);
  const users = named(/<@!?(\d+)>/gu).filter((id) => parse.includes('users') || allowed?.users?.includes(id));
  const roles = named(/<@&(\d+)>/gu).filter((id) => parse.includes('roles') || allowed?.roles?.includes(id));
  const everyone = parse.includes('everyone') && /@(?:everyone|here)/u.test(content) ? ['everyone'] : [];
  return [...everyone, ...users, ...roles];
}
