/** OAuth 1.0a as a provider checks it (RFC 5849, HMAC-SHA1): the signature, the time, and that no nonce comes twice. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from './fake.ts';
import type { Clock } from './time.ts';

export interface OAuth1Credentials {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly token: string;
  readonly tokenSecret: string;
}

const WINDOW_MS = 5 * 60_000;

/** Answers what is wrong with a call's signature; undefined when it is right. */
export function createOAuth1Check(clock: Clock, credentials: OAuth1Credentials): (call: Call) => string | undefined {
  const nonces = new Set<string>();
  return (call) => {
    const given = parseAuthorization(call.header('authorization') ?? '');
    if (given.get('oauth_consumer_key') !== credentials.consumerKey) return 'the consumer key is unknown';
    if (given.get('oauth_token') !== credentials.token) return 'the token is unknown';
    if (given.get('oauth_signature_method') !== 'HMAC-SHA1') return 'the signature method is not HMAC-SHA1';
    const differsMs = Math.abs(Number(given.get('oauth_timestamp')) * 1000 - clock.nowMs());
    if (!(differsMs < WINDOW_MS)) return 'the timestamp is out of bounds';
    const nonce = `${given.get('oauth_timestamp')} ${given.get('oauth_nonce')}`;
    if (!given.get('oauth_nonce') || nonces.has(nonce)) return 'the nonce was used before';
    const isForm = call.header('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false;
    const signature = signOAuth1(credentials, {
      method: call.request.method,
      url: call.url,
      parameters: [...given].filter(([name]) => name.startsWith('oauth_') && name !== 'oauth_signature'),
      form: isForm ? call.form() : new URLSearchParams(),
    });
    if (!equal(signature, given.get('oauth_signature') ?? '')) return 'the signature is wrong';
    nonces.add(nonce);
    return undefined;
  };
}

export interface ToSign {
  readonly method: string;
  readonly url: URL;
  /** Those of the header. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly form: URLSearchParams;
}

export function signOAuth1(credentials: OAuth1Credentials, { method, url, parameters, form }: ToSign): string {
  const pairs = [...parameters, ...url.searchParams, ...form]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`);
  const text = [method, encode(`${url.origin}${url.pathname}`), encode(pairs.join('&'))].join('&');
  const key = `${encode(credentials.consumerSecret)}&${encode(credentials.tokenSecret)}`;
  return createHmac('sha1', key).update(text).digest('base64');
}

function parseAuthorization(header: string): Map<string, string> {
  const found = header.startsWith('OAuth ') ? header.matchAll(/([a-z_]+)="([^"]*)"/gu) : [];
  return new Map([...found].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]));
}

/** RFC 3986: only letters, digits, `-._~` stay. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
