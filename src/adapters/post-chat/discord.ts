/**
 * Discord: a bot's message has a nonce, by which a repeat within some minutes answers the first message; an incoming webhook's has
 * none, and nobody can tell of it.
 */

import { z } from 'zod';
import { chatText } from '../../contracts/payloads/post-chat-text.ts';
import { sha256Hex } from '../../domain/hashing.ts';
import { addedAtSending } from '../placeholder.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { checkDiscord, discordOutcome } from './discord-answers.ts';
import { findDiscordMessage } from './discord-history.ts';
import {
  type ChatServiceAdapter,
  checkWebhookChannel,
  isWebhook,
  isWebhookEffect,
  jsonPost,
  sendable,
  WEBHOOK_SECRET,
  withAuthorization,
  withWebhook,
} from './service.ts';

/** Discord says "the past few minutes", and not how many. */
const NONCE_WINDOW_MS = 120_000;
const SETTLE_AFTER_MS = 5_000;
const MAX_NONCE_LENGTH = 25;
/** Discord asks for this form, and may block others. */
const USER_AGENT = 'DiscordBot (https://www.npmjs.com/package/aol, 1)';
const HEADERS = { accept: 'application/json', 'content-type': 'application/json', 'user-agent': USER_AGENT };

const settingsSchema = z
  .strictObject({
    server: z.url().default('https://discord.com'),
    /** How people call the bot or its server: it shows who will speak. */
    title: z.string().min(1).max(80).optional(),
    botToken: secretReferenceSchema.optional(),
    /** An incoming webhook: its address is a secret. */
    webhookUrl: secretReferenceSchema.optional(),
    /** The channel of the webhook, by its id. */
    channel: z.string().min(1).max(80).optional(),
    /** The id of the guild, for links to what was posted. */
    guild: z
      .string()
      .regex(/^[0-9]{16,20}$/u)
      .optional(),
  })
  .refine(({ botToken, webhookUrl }) => (botToken === undefined) !== (webhookUrl === undefined), {
    message: 'must have either botToken or webhookUrl',
  })
  .refine(({ webhookUrl, channel }) => (webhookUrl === undefined) === (channel === undefined), {
    message: 'must name the channel of its webhookUrl, and no other',
    path: ['channel'],
  });

function identify({ title, webhookUrl, server }: z.output<typeof settingsSchema>) {
  const kind = webhookUrl ? 'incoming webhook' : 'bot';
  return { identity: title === undefined ? kind : `${kind} ${title}`, server };
}

const provider = defineProvider({
  name: 'discord',
  title: 'Discord',
  settings: settingsSchema,
  identify,
  variables: { botToken: { name: 'DISCORD_BOT_TOKEN', required: true, secret: true } },
  placeholder: { identity: 'not configured', server: 'https://discord.com' },
  async check({ settings, credential: { botToken }, exchange, signal }) {
    const { identity, server } = identify(settings);
    // Reading a webhook needs its secret address, and tells nothing of what it may do.
    if (settings.webhookUrl !== undefined) return { kind: 'ready', identity, facts: {} };
    const headers = { accept: 'application/json', authorization: `Bot ${botToken}`, 'user-agent': USER_AGENT };
    const url = new URL('/api/v10/users/@me', server).href;
    const request = { protocol: 'http', method: 'GET', url, headers, body: { kind: 'none' } } as const;
    return checkDiscord(await exchange.send(request, { signal, wholeBody: true }));
  },
});

export const discord: ChatServiceAdapter = {
  name: 'Discord',
  provider,
  redelivery: (account) =>
    account && isWebhook(account)
      ? { kind: 'neither' }
      : { kind: 'dedupes', windowMs: NONCE_WINDOW_MS, settleMs: SETTLE_AFTER_MS },
  render(message, { providerKey, account }) {
    const { channel, text, thread } = message;
    // Without `allowed_mentions` a text calls everybody whom it names.
    const body = { content: chatText('discord', text), allowed_mentions: { parse: [] } };
    if (isWebhook(account)) {
      checkWebhookChannel(message, account);
      // Without `wait` the answer is 204 also when nothing was kept.
      const query = `?wait=true${thread === undefined ? '' : `&thread_id=${thread}`}`;
      const url = `${new URL(account.server).origin}/api/v10/webhooks/${WEBHOOK_SECRET}${query}`;
      return { request: jsonPost(url, HEADERS, body), addedAtSending: ['url'] };
    }
    // A thread is a channel of its own.
    const url = new URL(`/api/v10/channels/${thread ?? channel}/messages`, account.server).href;
    const nonce = sha256Hex(providerKey).slice(0, MAX_NONCE_LENGTH);
    const headers = { ...HEADERS, authorization: addedAtSending('authorization') };
    return {
      request: jsonPost(url, headers, { ...body, nonce, enforce_nonce: true }),
      addedAtSending: ['headers.authorization'],
    };
  },
  async perform(effect, context) {
    const sending = await sendable(effect, context, (request, { botToken, webhookUrl }) =>
      isWebhookEffect(effect)
        ? withWebhook(request, webhookUrl, /^\/api(?:\/v\d+)?\/webhooks\/(\d+\/[\w-]+)$/u)
        : withAuthorization(request, botToken && `Bot ${botToken}`),
    );
    if (sending.kind !== 'ready') return sending;
    const answer = await context.exchange.send(sending.request, { signal: context.signal, wholeBody: true });
    return answer.kind === 'answer' ? discordOutcome(answer, effect, sending.account, context.attempt > 1) : answer;
  },
  async reconcile(effect, context) {
    if (isWebhookEffect(effect)) {
      return { kind: 'cannot_tell', reason: 'what an incoming webhook of Discord has posted cannot be read' };
    }
    return findDiscordMessage(effect, context);
  },
};
