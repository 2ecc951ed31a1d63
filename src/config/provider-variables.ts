import { z } from 'zod';
import type { Variable } from './variable.ts';

const text = z.string().optional();
const plain = (meaning: string) => ({ schema: text, rule: 'a text', defaultText: 'unset', meaning }) as const;
const secret = (meaning: string) => ({ ...plain(meaning), secret: true }) as const;

/** Each provider's account `default`, without a file. What they must hold, the providers say. */
export const providers = {
  SMTP_URL: secret('Mail: smtps://user:password@host:465, or smtp:// with STARTTLS.'),
  SMTP_FROM: plain('Mail: the sender’s address.'),
  IMAP_URL: secret('Mail: imaps://user:password@host:993, where sent mail is looked for.'),
  BLUESKY_SERVICE: plain('Bluesky: the address of the server; https://bsky.social unless set.'),
  BLUESKY_IDENTIFIER: plain('Bluesky: the handle.'),
  BLUESKY_APP_PASSWORD: secret('Bluesky: an app password.'),
  MASTODON_URL: plain('Mastodon: the address of the instance.'),
  MASTODON_ACCESS_TOKEN: secret('Mastodon: an access token.'),
  X_API_KEY: secret('X, OAuth 1.0a: the app’s key.'),
  X_API_SECRET: secret('X, OAuth 1.0a: the app’s secret.'),
  X_ACCESS_TOKEN: secret('X, OAuth 1.0a: the account’s token.'),
  X_ACCESS_SECRET: secret('X, OAuth 1.0a: the account’s secret.'),
  X_CLIENT_ID: plain('X, OAuth 2: the app’s id.'),
  X_CLIENT_SECRET: secret('X, OAuth 2: the app’s secret.'),
  X_REFRESH_TOKEN: secret('X, OAuth 2: the refresh token that the account begins with.'),
  LINKEDIN_ACCESS_TOKEN: secret('LinkedIn: an access token.'),
  LINKEDIN_AUTHOR: plain('LinkedIn: who posts: urn:li:person:… or urn:li:organization:….'),
  SLACK_BOT_TOKEN: secret('Slack: a bot token.'),
  DISCORD_BOT_TOKEN: secret('Discord: a bot token.'),
  MATRIX_URL: plain('Matrix: the address of the homeserver.'),
  MATRIX_USER: plain('Matrix: who speaks: @brand:example.org.'),
  MATRIX_ACCESS_TOKEN: secret('Matrix: an access token.'),
  OPENAI_API_KEY: secret('Text: the key of an OpenAI-compatible server.'),
  OPENAI_BASE_URL: plain('Text: the address of that server; OpenAI’s own unless set.'),
  ANTHROPIC_API_KEY: secret('Text: a key of Anthropic.'),
} as const satisfies Record<string, Variable>;
