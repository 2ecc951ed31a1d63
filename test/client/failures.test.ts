/** What the client makes of refusals, lost answers and servers that it may not trust, and what it repeats. */

import { createServer, type Server } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { AolApiError, AolClient, AolInsecureAddressError, AolUnreachableError } from '../../src/client/client.ts';
import { createTestApi, POST, TOKENS } from '../support/api.ts';

describe('errors', () => {
  test('a refusal carries the problem', async () => {
    const api = await createTestApi();
    const client = new AolClient({ baseUrl: api.url, token: TOKENS.admin });
    const type: string = 'POST_SOCIAL';
    const refused = client.enqueue({ type, payload: { platform: 'bluesky' } });
    await expect(refused).rejects.toBeInstanceOf(AolApiError);
    await expect(refused).rejects.toMatchObject({
      status: 422,
      code: 'AOL_UNPROCESSABLE',
      problem: { errors: [{ field: 'payload.content' }] },
    });
    await api.close();
  });

  test('no answer is another error', async () => {
    const nobody = new AolClient({ baseUrl: 'http://127.0.0.1:9', maxTries: 1 });
    await expect(nobody.status()).rejects.toBeInstanceOf(AolUnreachableError);
  });

  test.each(['cut', 'late'])('a body that is %s is no answer, and a repeatable enqueue is repeated', async (how) => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let sent = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        sent += text;
      });
      request.on('end', () => {
        bodies.push(sent);
        response.writeHead(201, { 'content-type': 'application/json' });
        response.write('{"id":');
        if (how === 'cut') setImmediate(() => response.destroy());
      });
    });
    const baseUrl = await listening(server);
    const broken = new AolClient({ baseUrl, timeoutMs: 300, maxTries: 2 });
    await expect(broken.enqueue({ type: 'POST_SOCIAL', payload: POST })).rejects.toBeInstanceOf(AolUnreachableError);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    await expect(broken.cancel('x')).rejects.toBeInstanceOf(AolUnreachableError);
    expect(bodies).toHaveLength(3);
    server.closeAllConnections();
    server.close();
  });

  test('a check of an account, in which the server waits for a worker, is given the time for it', async () => {
    const usualMs = 50;
    let calls = 0;
    const server = createServer((request, response) => {
      calls += 1;
      request.resume();
      setTimeout(() => {
        response.writeHead(404, { 'content-type': 'application/problem+json' });
        response.end(JSON.stringify(AolApiError.unexpected(404, 'late').problem));
      }, 4 * usualMs);
    });
    const client = new AolClient({ baseUrl: await listening(server), timeoutMs: usualMs, maxTries: 2 });
    await expect(client.checkAccount('brand')).rejects.toMatchObject({ message: 'late' });
    expect(calls).toBe(1);
    server.closeAllConnections();
    server.close();
  });

  test('a call that cannot be written down fails at once, as what it is', async () => {
    const { client: never, calls } = clientThat(() => new Response('{}'));
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const body = JSON.parse('{}');
    body.self = circle;
    await expect(never.enqueue({ type: 'RING', payload: body })).rejects.toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  test('an answer that is not the server’s own is said to be so', async () => {
    const proxied = (status: number) => clientThat(() => new Response('<html>', { status })).client.status();
    await expect(proxied(200)).rejects.toMatchObject({ code: 'AOL_UNEXPECTED_ANSWER', status: 200 });
    await expect(proxied(502)).rejects.toMatchObject({ code: 'AOL_UNEXPECTED_ANSWER', status: 502 });
  });
});

describe('a token', () => {
  const token = 'x'.repeat(40);
  const hosts = ['aol.example', '10.0.0.5', '127.0.0.1.aol.example', '0.0.0.0', 'localhost.'];

  test.each(hosts)('does not go to http://%s', async (host) => {
    const sent: unknown[] = [];
    const fetch = (url: unknown) => {
      sent.push(url);
      return Promise.reject(new TypeError('fetch failed'));
    };
    const baseUrl = `http://${host}:8321`;
    const insecure = { name: 'AolInsecureAddressError', code: 'AOL_INSECURE_ADDRESS', url: baseUrl };
    const connect = () => new AolClient({ baseUrl, token, fetch });
    expect(connect).toThrow(AolInsecureAddressError);
    expect(connect).toThrow(/is not on this machine.*https only/);
    await expect(new AolClient({ baseUrl, fetch }).signIn(token)).rejects.toMatchObject(insecure);
    expect(sent).toEqual([]);
  });

  test.each(['https://aol.example', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost:1'])(
    'goes to %s',
    async (baseUrl) => {
      const headers: unknown[] = [];
      const fetch = (_url: unknown, init?: RequestInit) => {
        headers.push(new Headers(init?.headers).get('authorization'));
        return Promise.resolve(Response.json({ alive: true }));
      };
      expect(await new AolClient({ baseUrl, token, fetch }).alive()).toBe(true);
      expect(headers).toEqual([`Bearer ${token}`]);
    },
  );
});

describe('repeating', () => {
  test('an enqueue is repeated under the same key, after what Retry-After says', async () => {
    const { client: flaky, calls } = clientThat((tries) => {
      if (tries === 1) throw new TypeError('fetch failed');
      return new Response('{}', { status: tries === 2 ? 503 : 200, headers: { 'retry-after': '0' } });
    });
    await expect(flaky.enqueue({ type: 'POST_SOCIAL', payload: POST })).rejects.toMatchObject({ status: 200 });
    expect(calls).toHaveLength(3);
    expect(new Set(calls).size).toBe(1);
    expect(JSON.parse(calls[0] ?? '')).toMatchObject({ idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test.each([503, 429, 502, 504])(
    '%i: what is safe is repeated, and the rest is not; repeats are bounded',
    async (status) => {
      const away = () => new Response('{}', { status, headers: { 'retry-after': '0' } });
      const tried = async (use: (client: AolClient) => Promise<unknown>) => {
        const { client: refused, calls } = clientThat(away);
        await expect(use(refused)).rejects.toMatchObject({ status });
        return calls.length;
      };
      expect(await tried((c) => c.kill())).toBe(4);
      expect(await tried((c) => c.status())).toBe(4);
      expect(await tried((c) => c.resume())).toBe(1);
      expect(await tried((c) => c.cancel('x'))).toBe(1);
      expect(await tried((c) => c.enqueueMany({ actions: [{ type: 'POST_SOCIAL', payload: POST }] }))).toBe(4);
      expect(await tried((c) => c.promote('x', { sha256: 'a'.repeat(64) }))).toBe(4);
      expect(await tried((c) => c.revokeToken('x'))).toBe(4);
      expect(await tried((c) => c.approve('x', { sha256: 'a'.repeat(64) }))).toBe(1);
      expect(await tried((c) => c.resolve('x', { outcome: 'sent' }))).toBe(1);
      expect(await tried((c) => c.createToken({ name: 'x', role: 'viewer' }))).toBe(1);
      expect(await tried((c) => c.patchFlags({ flags: { paused: true } }))).toBe(1);
    },
  );
});

/** A client whose server is a function of the number of the try. */
function clientThat(answer: (tries: number) => Response): { client: AolClient; calls: string[] } {
  const calls: string[] = [];
  const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
    calls.push(String(init?.body));
    return Promise.resolve().then(() => answer(calls.length));
  };
  return { client: new AolClient({ baseUrl: 'http://test', fetch }), calls };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
