/** How X knows who asks: a signature for each request (OAuth 1.0a), or a token that lives two hours (OAuth 2). */

import { createHmac, randomBytes } from 'node:crypto';
import type { Exchanged } from '../exchange/index.ts';
import { answered, objectOf, textIn } from '../http-answers.ts';
import type { HttpRequest } from '../port.ts';
import type { Credential, LogInAnswer } from '../provider.ts';

/** The request with its authorisation; undefined when the credential has none of either kind. */
export function authorized(request: HttpRequest, credential: Credential): HttpRequest | undefined {
  const { apiKey, apiSecret, accessToken, accessSecret } = credential;
  if (accessToken === undefined) return undefined;
  const value =
    apiKey !== undefined && apiSecret !== undefined && accessSecret !== undefined
      ? signature(request, { apiKey, apiSecret, accessToken, accessSecret })
      : `Bearer ${accessToken}`;
  return { ...request, headers: { ...request.headers, authorization: value } };
}

interface Keys {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly accessToken: string;
  readonly accessSecret: string;
}

/** RFC 5849 with HMAC-SHA1. Bodies of JSON and multipart are not signed; there is no other here. */
function signature({ method, url: address }: HttpRequest, keys: Keys): string {
  const url = new URL(address);
  const own: readonly (readonly [string, string])[] = [
    ['oauth_consumer_key', keys.apiKey],
    ['oauth_nonce', randomBytes(16).toString('hex')],
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', String(Math.floor(Date.now() / 1_000))],
    ['oauth_token', keys.accessToken],
    ['oauth_version', '1.0'],
  ];
  const parameters = [...own, ...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join('&');
  const text = [method, `${url.origin}${url.pathname}`, parameters].map(encoded).join('&');
  const key = `${encoded(keys.apiSecret)}&${encoded(keys.accessSecret)}`;
  const signed = createHmac('sha1', key).update(text).digest('base64');
  const fields = [...own, ['oauth_signature', signed] as const];
  return `OAuth ${fields.map(([name, value]) => `${encoded(name)}="${encoded(value)}"`).join(', ')}`;
}

/** RFC 3986: only letters, digits and `-._~` stay. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/gu, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Its refresh token is good once: the answer has the next one. */
export function refreshRequest(
  server: string,
  clientId: string,
  clientSecret: string | undefined,
  refreshToken: string,
): HttpRequest {
  const basic = Buffer.from(`${encoded(clientId)}:${encoded(clientSecret ?? '')}`).toString('base64');
  return {
    protocol: 'http',
    method: 'POST',
    url: new URL('/2/oauth2/token', server).href,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientSecret !== undefined && { authorization: `Basic ${basic}` }),
    },
    body: {
      kind: 'form',
      fields: [
        { name: 'grant_type', value: 'refresh_token' },
        { name: 'refresh_token', value: refreshToken },
        { name: 'client_id', value: clientId },
      ],
    },
  };
}

/**
 * A lost answer has lost the next token with it. Asking again with the old one is all that is left: either X did not see the request,
 * or it says now that a person has to log in.
 */
export function loggedIn(answer: Exchanged): LogInAnswer {
  if (answer.kind !== 'answer') return { kind: 'failed', reason: answer.reason };
  const body = objectOf(answer);
  const [accessToken, refreshToken] = [textIn(body, 'access_token'), textIn(body, 'refresh_token')];
  const reason = answered('X', answer, textIn(body, 'error'));
  if (answer.status === 200 && accessToken !== undefined && refreshToken !== undefined) {
    const seconds = typeof body?.expires_in === 'number' ? body.expires_in : 7_200;
    const expiresAt = new Date(Date.now() + seconds * 1_000);
    return { kind: 'logged_in', credential: { accessToken, refreshToken }, expiresAt };
  }
  const isRefused = answer.status === 400 || answer.status === 401 || answer.status === 403;
  return { kind: isRefused ? 'needs_login' : 'failed', reason };
}
