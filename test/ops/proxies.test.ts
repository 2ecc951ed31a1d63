/** AOL behind the proxies of ops/nginx and ops/caddy: what docs/how-to/deploy.md says that a proxy has to do, done by both. */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOKENS } from '../support/api.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { NAME, startCaddy, startNginx, type TlsProxy } from '../support/tls-proxies.ts';

/** Far less than AOL's sign of life, which would push out what a proxy holds back. */
const AT_ONCE_MS = 5_000;

let product: Product;
beforeAll(async () => {
  product = await startProduct({
    AOL_API_TLS: 'proxied',
    AOL_API_PROXIES: '127.0.0.1',
    AOL_PUBLIC_URL: `https://${NAME}`,
  });
}, START_LIMIT_MS);
afterAll(() => product?.close(), 60_000);

describe.each([
  ['nginx', (apiHost: string) => startNginx(apiHost)],
  ['Caddy', (apiHost: string) => startCaddy(apiHost)],
] as const)('%s', (_name, start) => {
  let proxy: TlsProxy;
  beforeAll(async () => {
    proxy = await start(product.apiHost);
  }, 60_000);
  afterAll(() => proxy?.close());

  /** Over TLS, under the name that people call. */
  function call(method: string, path: string, body?: Uint8Array, headers: Record<string, string> = {}) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = {
      host: '127.0.0.1',
      port: proxy.port,
      servername: NAME,
      rejectUnauthorized: false,
      method,
      path,
      headers: { host: NAME, authorization: `Bearer ${TOKENS.admin}`, ...headers },
    };
    request(options, resolve).once('error', reject).end(body);
    return promise;
  }
  async function textOf(answer: IncomingMessage): Promise<string> {
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return text;
  }

  test('calls pass under the name of AOL', async () => {
    expect((await call('GET', '/v1/status')).statusCode).toBe(200);
    const body = JSON.stringify({ type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: 'Over TLS' } });
    const answer = await call('POST', '/v1/actions', Buffer.from(body), { 'content-type': 'application/json' });
    expect([answer.statusCode, await textOf(answer)]).toEqual([201, expect.stringContaining('Over TLS')]);
  });

  test('a file of 20 MiB passes', async () => {
    const bytes = randomBytes(20 * 1024 * 1024);
    const answer = await call('PUT', '/v1/blobs', bytes, { 'content-type': 'application/octet-stream' });
    expect([answer.statusCode, await textOf(answer)]).toEqual([201, expect.stringContaining('"sha256"')]);
  }, 60_000);

  test('live events pass as they come', async () => {
    const events = await call('GET', '/v1/events', undefined, { accept: 'text/event-stream' });
    const seen = new Promise<void>((resolve) => {
      let text = '';
      events.on('data', (chunk) => {
        text += String(chunk);
        if (text.includes('while they are watched')) resolve();
      });
    });
    await product.client.pause({ reason: 'while they are watched' });
    const timer = new Promise((_resolve, reject) => {
      setTimeout(() => reject(new Error('they are held back')), AT_ONCE_MS).unref();
    });
    await Promise.race([seen, timer]);
    await product.client.resume();
    events.destroy();
  });

  test('a session is safe: its cookie is for TLS alone', async () => {
    const body = Buffer.from(JSON.stringify({ token: TOKENS.admin }));
    const headers = { 'content-type': 'application/json', origin: `https://${NAME}`, 'sec-fetch-site': 'same-origin' };
    const answer = await call('POST', '/v1/session', body, headers);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['set-cookie']?.join('\n')).toMatch(/Secure/);
  });
});
