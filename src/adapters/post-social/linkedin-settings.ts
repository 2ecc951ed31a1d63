/** Accounts of LinkedIn. */

import { z } from 'zod';
import { settingOf } from '../account-settings.ts';
import type { Answer, Exchanged } from '../exchange/index.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import type { HttpRequest, RenderAccount } from '../port.ts';
import { defineProvider, type LogInAnswer, secretReferenceSchema } from '../provider.ts';

const SERVER = 'https://api.linkedin.com';
/** A version lives for a year: raise it before 2027-05. */
const VERSION = '202605';

const settingsSchema = z
  .strictObject({
    server: z.url().default(SERVER),
    author: z.string().regex(/^urn:li:(?:person|organization):[\w-]+$/u, {
      message: 'must be urn:li:person:… or urn:li:organization:…',
    }),
    /** Which month's form of the API is spoken: LinkedIn retires each after a year. */
    version: z
      .string()
      .regex(/^20\d{4}$/u, { message: 'must be a month: 202605' })
      .default(VERSION),
    /** It lives 60 days. */
    accessToken: secretReferenceSchema.optional(),
    /** The day on which it runs out, so that somebody hears of it before. */
    accessTokenExpires: z.iso.date().optional(),
    /** Of LinkedIn's partners alone. */
    clientId: z.string().min(1).optional(),
    clientSecret: secretReferenceSchema.optional(),
    refreshToken: secretReferenceSchema.optional(),
  })
  .refine(({ accessToken, refreshToken, clientId }) => (refreshToken ? clientId : accessToken) !== undefined, {
    message: 'must have accessToken, or clientId, clientSecret and refreshToken',
  });
type Settings = z.output<typeof settingsSchema>;

export const linkedinProvider = defineProvider<Settings>({
  name: 'linkedin',
  title: 'LinkedIn',
  settings: settingsSchema,
  identify: ({ author, server }) => ({ identity: author, server }),
  variables: {
    author: { name: 'LINKEDIN_AUTHOR', required: true },
    accessToken: { name: 'LINKEDIN_ACCESS_TOKEN', required: true, secret: true },
  },
  placeholder: { identity: 'urn:li:person:not-configured', server: SERVER },
  logsIn: ({ refreshToken }) => refreshToken !== undefined,
  async logIn({ settings, secrets, exchange, signal }) {
    if (settings.refreshToken === undefined) return { kind: 'logged_in', credential: secrets };
    const request = refreshRequest(settings, secrets.clientSecret ?? '', secrets.refreshToken ?? '');
    return loggedIn(await exchange.send(request, { signal, wholeBody: true }));
  },
  async check({ settings, credential: { accessToken = '' }, exchange, signal }) {
    const { author, server, version, accessTokenExpires } = settings;
    const request = postsRequest(server, author, headersOf(version), 1);
    const answer = await exchange.send(withToken(request, accessToken), { signal, wholeBody: true });
    if (answer.kind !== 'answer') return { kind: 'unreachable', reason: answer.reason };
    const reason = answered('LinkedIn', answer, saidOf(answer));
    if (answer.status === 401) return { kind: 'needs_login', reason };
    if (answer.status === 426) return { kind: 'on_hold', reason };
    // Reading a person's posts is allowed to nobody: this refusal says that token and version are good.
    const isReady = answer.status === 200 || (answer.status === 403 && author.startsWith('urn:li:person:'));
    if (!isReady) return { kind: 'unreachable', reason };
    const facts = { version, versionEnds: `${Number(version.slice(0, 4)) + 1}-${version.slice(4)}-01` };
    const expiresAt = accessTokenExpires === undefined ? undefined : new Date(`${accessTokenExpires}T00:00:00Z`);
    return { kind: 'ready', identity: author, facts, ...(expiresAt && { expiresAt }) };
  },
});

export function headersOf(version: string): Readonly<Record<string, string>> {
  return { 'linkedin-version': version, 'x-restli-protocol-version': '2.0.0' };
}

export function versionOf(account: Pick<RenderAccount, 'settings'>): string {
  return settingOf(account, 'version') ?? VERSION;
}

/** The newest posts of an author. */
export function postsRequest(
  server: string,
  author: string,
  headers: Readonly<Record<string, string>>,
  count: number,
): HttpRequest {
  const url = new URL('/rest/posts', server);
  for (const [name, value] of Object.entries({ author, q: 'author', count: String(count), sortBy: 'CREATED' })) {
    url.searchParams.set(name, value);
  }
  const read = { accept: 'application/json', ...headers };
  return { protocol: 'http', method: 'GET', url: url.href, headers: read, body: { kind: 'none' } };
}

export function withToken(request: HttpRequest, accessToken: string): HttpRequest {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${accessToken}` } };
}

export function saidOf(answer: Answer): string {
  const body = objectOf(answer);
  return [textIn(body, 'code'), textIn(body, 'message')].filter(Boolean).join(': ');
}

/** Tokens are given out by another host than posts are taken by. The refresh token stays the same for its 365 days. */
function refreshRequest({ server, clientId = '' }: Settings, clientSecret: string, refreshToken: string): HttpRequest {
  const url = new URL('/oauth/v2/accessToken', server === SERVER ? 'https://www.linkedin.com' : server);
  const fields = [
    { name: 'grant_type', value: 'refresh_token' },
    { name: 'refresh_token', value: refreshToken },
    { name: 'client_id', value: clientId },
    { name: 'client_secret', value: clientSecret },
  ];
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return { protocol: 'http', method: 'POST', url: url.href, headers, body: { kind: 'form', fields } };
}

function loggedIn(answer: Exchanged): LogInAnswer {
  if (answer.kind !== 'answer') return { kind: 'failed', reason: answer.reason };
  const body = objectOf(answer);
  const accessToken = textIn(body, 'access_token');
  if (answer.status === 200 && accessToken !== undefined) {
    const seconds = typeof body?.expires_in === 'number' ? body.expires_in : 3_600;
    return { kind: 'logged_in', credential: { accessToken }, expiresAt: new Date(Date.now() + seconds * 1_000) };
  }
  const reason = answered('LinkedIn', answer, textIn(body, 'error'));
  return {
    kind: answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? 'needs_login' : 'failed',
    reason,
  };
}
