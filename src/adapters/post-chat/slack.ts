/**
 * Slack: `chat.postMessage` of a bot, or an incoming webhook. Neither knows an idempotency key. A bot's message carries our key as
 * metadata, by which the channel's history tells whether it is there; of a webhook's message nobody can tell.
 */

import { z } from 'zod';
import { chatText } from '../../contracts/payloads/post-chat-text.ts';
import { objectOf } from '../http-answers.ts';
import { addedAtSending } from '../placeholder.ts';
import type { HttpRequest } from '../port.ts';
import { defineProvider, secretReferenceSchema } from '../provider.ts';
import { refusedToken } from '../refused-token.ts';
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
import { botOutcome, checkSlack, loggedIn, slackError, webhookOutcome } from './slack-answers.ts';
import { findSlackMessage, SLACK_EVENT } from './slack-history.ts';

const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' };

const settingsSchema = z
  .strictObject({
    server: z.url().optional(),
    /** How people call it: it shows who will speak. */
    workspace: z.string().min(1).max(80).optional(),
    botToken: secretReferenceSchema.optional(),
    /** Of an app whose tokens rotate: they live 12 hours, and each log-in gives the next pair. */
    clientId: z.string().min(1).optional(),
    clientSecret: secretReferenceSchema.optional(),
    refreshToken: secretReferenceSchema.optional(),
    /** An incoming webhook: its address is a secret. */
    webhookUrl: secretReferenceSchema.optional(),
    /** The channel of the webhook, by its id. */
    channel: z.string().min(1).max(80).optional(),
  })
  .refine((settings) => [settings.botToken, settings.webhookUrl, settings.refreshToken].filter(Boolean).length === 1, {
    message: 'must have one of botToken, webhookUrl and refreshToken',
  })
  .refine(({ refreshToken, clientId, clientSecret }) => !refreshToken || (clientId && clientSecret), {
    message: 'must have clientId and clientSecret beside refreshToken',
  })
  .refine(({ webhookUrl, channel }) => (webhookUrl === undefined) === (channel === undefined), {
    message: 'must name the channel of its webhookUrl, and no other',
    path: ['channel'],
  });

function identify({ workspace, webhookUrl, server }: z.output<typeof settingsSchema>) {
  return {
    identity: `${webhookUrl ? 'incoming webhook' : 'bot'}${workspace === undefined ? '' : ` in ${workspace}`}`,
    server: server ?? (webhookUrl ? 'https://hooks.slack.com' : 'https://slack.com'),
  };
}

const provider = defineProvider({
  name: 'slack',
  title: 'Slack',
  settings: settingsSchema,
  identify,
  variables: { botToken: { name: 'SLACK_BOT_TOKEN', required: true, secret: true } },
  placeholder: { identity: 'not configured', server: 'https://slack.com' },
  logsIn: ({ refreshToken }) => refreshToken !== undefined,
  async logIn({ settings, secrets, last, exchange, signal }) {
    if (settings.refreshToken === undefined) return { kind: 'logged_in', credential: secrets };
    const refreshToken = last?.refreshToken ?? secrets.refreshToken ?? '';
    const { clientId = '' } = settings;
    const request = rotation(identify(settings).server, clientId, secrets.clientSecret ?? '', refreshToken);
    return loggedIn(await exchange.send(request, { signal, wholeBody: true }));
  },
  check: async ({ settings, credential: { botToken }, exchange, signal }) => {
    const { identity, server } = identify(settings);
    // An incoming webhook can only be tried by posting.
    if (settings.webhookUrl !== undefined) return { kind: 'ready', identity, facts: {} };
    const url = new URL('/api/auth.test', server).href;
    const headers = { ...JSON_HEADERS, authorization: `Bearer ${botToken}` };
    return checkSlack(await exchange.send(jsonPost(url, headers, {}), { signal, wholeBody: true }));
  },
});

function rotation(server: string, clientId: string, clientSecret: string, refreshToken: string): HttpRequest {
  const fields = [
    { name: 'client_id', value: clientId },
    { name: 'client_secret', value: clientSecret },
    { name: 'grant_type', value: 'refresh_token' },
    { name: 'refresh_token', value: refreshToken },
  ];
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const url = new URL('/api/oauth.v2.access', server).href;
  return { protocol: 'http', method: 'POST', url, headers, body: { kind: 'form', fields } };
}

export const slack: ChatServiceAdapter = {
  name: 'Slack',
  provider,
  redelivery: () => ({ kind: 'neither' }),
  render(message, { providerKey, account }) {
    const { channel, text, thread } = message;
    // Plain text: signs of markup stay signs, and a link brings no preview that nobody approved.
    const body = { text: chatText('slack', text), mrkdwn: false, unfurl_links: false, unfurl_media: false };
    const inThread = thread === undefined ? {} : { thread_ts: thread };
    if (isWebhook(account)) {
      checkWebhookChannel(message, account);
      const url = `${new URL(account.server).origin}/services/${WEBHOOK_SECRET}`;
      return { request: jsonPost(url, JSON_HEADERS, { ...body, ...inThread }), addedAtSending: ['url'] };
    }
    const metadata = { event_type: SLACK_EVENT, event_payload: { key: providerKey } };
    const headers = { ...JSON_HEADERS, authorization: addedAtSending('authorization') };
    const url = new URL('/api/chat.postMessage', account.server).href;
    return {
      request: jsonPost(url, headers, { channel, ...body, ...inThread, metadata }),
      addedAtSending: ['headers.authorization'],
    };
  },
  async perform(effect, context) {
    const sending = await sendable(effect, context, (request, { botToken, webhookUrl }) =>
      request.url.includes(WEBHOOK_SECRET)
        ? withWebhook(request, webhookUrl, /^\/services\/([\w/-]+)$/u)
        : withAuthorization(request, botToken && `Bearer ${botToken}`),
    );
    if (sending.kind !== 'ready') return sending;
    const { request, account } = sending;
    const answer = await context.exchange.send(request, { signal: context.signal, wholeBody: true });
    if (answer.kind !== 'answer') return answer;
    if (isWebhookEffect(effect)) return webhookOutcome(answer);
    if (slackError(objectOf(answer)) === 'token_expired') return refusedToken('Slack', context);
    return botOutcome(answer, effect, account);
  },
  async reconcile(effect, context) {
    if (isWebhookEffect(effect)) {
      return { kind: 'cannot_tell', reason: 'what an incoming webhook of Slack has posted cannot be read' };
    }
    return findSlackMessage(effect, context);
  },
};
