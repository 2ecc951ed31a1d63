/** One action for each provider, with the account that it speaks for: what holds for every adapter is tested over these. */

import type { JsonObject } from '../../src/contracts/http/json.ts';

export interface Speech {
  /** `nobody` where no account speaks. */
  readonly provider: string;
  readonly type: string;
  /**
   * The payload that says these words, with a picture where its platform takes one.
   *
   * @param host where it goes, where no account says so
   */
  payload(words: string, picture: string, host: string): JsonObject;
  /** Its account's entry, with its server there (`host:port`), and what another identity says. */
  entry?(host: string): JsonObject;
  readonly otherIdentity?: JsonObject;
  /** The fields of the entry that name a secret. */
  readonly secrets: readonly string[];
}

const post =
  (platform: string) =>
  (content: string, sha256: string): JsonObject => ({
    platform,
    content,
    media: [{ sha256, alt: 'A square' }],
  });
const chat =
  (service: string, channel: string) =>
  (text: string): JsonObject => ({ service, channel, text });

const text =
  (service: string) =>
  (prompt: string): JsonObject => ({ service, prompt, model: 'model-1' });

/** Slack's and Discord's ids, as they look. */
export const CHANNELS = {
  slack: 'C0123456789',
  discord: '1290000000000000001',
  matrix: '!room:matrix.example',
} as const;

/** The secret of a field, by the name of the variable that an entry names. */
export function secretVariable(provider: string, field: string): string {
  return `CANARY_${provider}_${field}`.toUpperCase();
}

const references = (provider: string, fields: readonly string[]): JsonObject =>
  Object.fromEntries(fields.map((field) => [field, { env: secretVariable(provider, field) }]));

/** Of a provider whose server is an address. */
function spoken(
  provider: string,
  given: {
    readonly type: string;
    readonly payload: Speech['payload'];
    readonly server: string;
    readonly secrets: readonly string[];
    readonly more?: JsonObject;
    readonly otherIdentity?: JsonObject;
  },
): Speech {
  const { type, payload, server, secrets, more = {}, otherIdentity } = given;
  return {
    provider,
    type,
    payload,
    secrets,
    ...(otherIdentity && { otherIdentity }),
    entry: (host) => ({ provider, [server]: `http://${host}`, ...more, ...references(provider, secrets) }),
  };
}

const POST = 'POST_SOCIAL';
const CHAT = 'POST_CHAT';

/** What nobody's account says. */
export const WEBHOOK: Speech = {
  provider: 'nobody',
  type: 'CALL_WEBHOOK',
  payload: (words, _picture, host) => ({ url: `http://${host}/hook`, body: { words } }),
  secrets: [],
};

export const SPEECHES: readonly Speech[] = [
  {
    provider: 'smtp',
    type: 'SEND_EMAIL',
    payload: (words, sha256) => ({
      to: ['ada@example.com'],
      subject: words,
      text: words,
      attachments: [{ sha256, fileName: 'square.png' }],
    }),
    secrets: ['password'],
    otherIdentity: { from: 'other@brand.example' },
    entry: (host) => ({
      provider: 'smtp',
      url: `smtp://mailer@${host}`,
      from: 'shop@brand.example',
      ...references('smtp', ['password']),
    }),
  },
  spoken('bluesky', {
    type: POST,
    payload: post('bluesky'),
    server: 'service',
    secrets: ['appPassword'],
    more: { identifier: 'brand.example' },
    otherIdentity: { identifier: 'other.example' },
  }),
  spoken('mastodon', {
    type: POST,
    payload: post('mastodon'),
    server: 'url',
    secrets: ['accessToken'],
    more: { handle: '@brand' },
    otherIdentity: { handle: '@other' },
  }),
  spoken('x', {
    type: POST,
    payload: post('x'),
    server: 'server',
    secrets: ['apiKey', 'apiSecret', 'accessToken', 'accessSecret'],
    more: { username: 'brand' },
    otherIdentity: { username: 'other' },
  }),
  spoken('linkedin', {
    type: POST,
    payload: post('linkedin'),
    server: 'server',
    secrets: ['accessToken'],
    more: { author: 'urn:li:organization:1' },
    otherIdentity: { author: 'urn:li:organization:2' },
  }),
  spoken('slack', {
    type: CHAT,
    payload: chat('slack', CHANNELS.slack),
    server: 'server',
    secrets: ['botToken'],
    more: { workspace: 'Brand' },
    otherIdentity: { workspace: 'Other' },
  }),
  spoken('discord', {
    type: CHAT,
    payload: chat('discord', CHANNELS.discord),
    server: 'server',
    secrets: ['botToken'],
    more: { title: 'Brand' },
    otherIdentity: { title: 'Other' },
  }),
  spoken('matrix', {
    type: CHAT,
    payload: chat('matrix', CHANNELS.matrix),
    server: 'server',
    secrets: ['accessToken'],
    more: { userId: '@brand:matrix.example' },
    otherIdentity: { userId: '@other:matrix.example' },
  }),
  spoken('openai', { type: 'GENERATE_TEXT', payload: text('openai'), server: 'server', secrets: ['apiKey'] }),
  spoken('anthropic', { type: 'GENERATE_TEXT', payload: text('anthropic'), server: 'server', secrets: ['apiKey'] }),
];

/** Every variable of a secret, with a value of the form that its provider asks for. */
export function secretsOf(speeches: readonly Speech[], canary: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    speeches.flatMap(({ provider, secrets }) =>
      secrets.map((field) => [
        secretVariable(provider, field),
        field === 'appPassword' ? BLUESKY_PASSWORD : `${canary}-${provider}-${field}`,
      ]),
    ),
  );
}

/** An app password has its own form. */
export const BLUESKY_PASSWORD = 'cana-ryca-nary-cana';
