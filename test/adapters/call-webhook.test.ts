/** CALL_WEBHOOK: the exact request, its signature, and what each answer leads to. */

import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { createCallWebhookAdapter } from '../../src/adapters/call-webhook/index.ts';
import { retryAfterMs } from '../../src/adapters/http-answers.ts';
import { registerAdapter } from '../../src/adapters/index.ts';
import { readArtifact } from '../../src/adapters/render.ts';
import { canonicalJson, sha256Hex } from '../../src/domain/hashing.ts';
import { SAMPLE_CONTEXT } from '../support/contexts.ts';
import {
  answer,
  answering,
  type Receiver,
  type ReceiverBehaviour,
  startReceiver,
  TEST_CERTIFICATE,
} from '../support/receiver.ts';
import { reasonOf, renderWebhook, requestOf, send } from '../support/webhook.ts';
import { describeAdapter } from './conformance.ts';

const URL_WITH_ALL = 'https://example.com:8443/Hooks/ü?b=2&a=%20';
const samples = {
  'the least': { url: 'https://example.com', body: null },
  headers: { url: URL_WITH_ALL, headers: { 'X-Tenant': 'a b', 'Content-Type': 'application/problem+json' }, body: [1] },
  put: { url: 'http://example.com/1', method: 'PUT', body: { b: 'Grüße 👋', a: [true, null, 1.5] }, dedupes: '7d' },
  patch: { url: 'http://example.com/1', method: 'PATCH', body: 'text' },
  delete: { url: 'http://example.com/1', method: 'DELETE', body: null },
  'delete with a body': { url: 'http://example.com/1', method: 'DELETE', body: {} },
  get: { url: 'http://example.com/1', method: 'GET', body: null },
} as const;

describeAdapter(createCallWebhookAdapter(), samples, {});

const SECRETS = [7, 8].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);
const receivers: Receiver[] = [];
afterEach(() => Promise.all(receivers.splice(0).map((receiver) => receiver.close())));

async function receiver(behaviour: ReceiverBehaviour): Promise<Receiver> {
  const started = await startReceiver(behaviour);
  receivers.push(started);
  return started;
}

/** What a POST to a receiver that answers so ends in. */
async function outcomeOf(text: string) {
  const { port, host } = await receiver(answering(text));
  return (await send(renderWebhook({ url: `http://127.0.0.1:${port}/`, body: {} }), { allow: host })).outcome;
}

function parsed(request: string | undefined) {
  const [head = '', ...rest] = (request ?? '').split('\r\n\r\n');
  const [line, ...lines] = head.split('\r\n');
  const headers = lines.map((text): [string, string] => [
    text.slice(0, text.indexOf(':')),
    text.slice(text.indexOf(':') + 2),
  ]);
  return {
    line,
    names: headers.map(([name]) => name),
    headers: Object.fromEntries(headers),
    body: rest.join('\r\n\r\n'),
  };
}

test('the rendered request', () => {
  expect(renderWebhook(samples.headers)).toEqual({
    type: 'CALL_WEBHOOK',
    adapterVersion: 4,
    summary: 'POST https://example.com:8443/Hooks/%C3%BC',
    preview: { kind: 'request' },
    request: {
      protocol: 'http',
      method: 'POST',
      url: 'https://example.com:8443/Hooks/%C3%BC?b=2&a=%20',
      headers: {
        'content-type': 'application/problem+json',
        'idempotency-key': SAMPLE_CONTEXT.providerKey,
        'user-agent': 'aol',
        'webhook-id': SAMPLE_CONTEXT.providerKey,
        'webhook-signature': '<added at sending: signature; left out without AOL_WEBHOOK_SECRET>',
        'webhook-timestamp': '<added at sending: seconds since 1970>',
        'x-tenant': 'a b',
      },
      body: { kind: 'json', value: [1] },
    },
    account: null,
    preparations: [],
    redelivery: { kind: 'neither' },
    blobs: [],
    addedAtSending: ['headers.webhook-timestamp', 'headers.webhook-signature'],
  });
});

/** An artifact of version 1, exactly as it lies in stores. */
const VERSION_1 =
  '{"adapterVersion":1,"addedAtSending":["headers.webhook-timestamp","headers.webhook-signature"],"request":{"body":{"a":[1.5,null],"b":"Grüße 👋"},' +
  '"headers":{"content-type":"application/json","idempotency-key":"aol-1","user-agent":"aol","webhook-id":"aol-1",' +
  '"webhook-signature":"<added at sending: signature; left out without AOL_WEBHOOK_SECRET>","webhook-timestamp":"<added at sending: seconds since 1970>","x-tenant":"a b"},' +
  '"method":"PUT","protocol":"http","url":"http://HOST/Hooks/%C3%BC?b=2&a=%20"},"summary":"PUT http://HOST/Hooks/%C3%BC","type":"CALL_WEBHOOK"}';

test('what was stored under version 1 is sent as it stands there; what a newer version stored is refused', async () => {
  const { host, requests } = await receiver(answering(answer(204)));
  const bytes = Buffer.from(VERSION_1.replaceAll('HOST', host));
  const stored = readArtifact(registerAdapter(createCallWebhookAdapter()), bytes);
  expect(stored.sha256).toBe(sha256Hex(bytes));
  expect(Buffer.from(stored.bytes)).toEqual(bytes);
  const refused = await send({ ...stored.effect, adapterVersion: 99 }, { allow: host });
  expect(refused.outcome).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('version 99') });
  expect(requests()).toEqual([]);
  expect((await send(stored.effect, { allow: host })).outcome.kind).toBe('done');
  const { line, headers, body } = parsed(requests()[0]);
  expect(line).toBe('PUT /Hooks/%C3%BC?b=2&a=%20 HTTP/1.1');
  expect(body).toBe('{"a":[1.5,null],"b":"Grüße 👋"}');
  expect(headers).toMatchObject({ 'idempotency-key': 'aol-1', 'webhook-id': 'aol-1', 'x-tenant': 'a b' });
});

test.each([
  [{ dedupes: true }, 3_600_000],
  [{ dedupes: '90s' }, 90_000],
  [{ dedupes: '24h' }, 86_400_000],
  [{ dedupes: false }, undefined],
  [{}, undefined],
])('a receiver dedupes only where the payload says so, and for as long: %j', (more, windowMs) => {
  const redelivery = windowMs === undefined ? { kind: 'neither' } : { kind: 'dedupes', windowMs, settleMs: 0 };
  const payload = { url: 'https://a.example', body: 1, ...more };
  expect(createCallWebhookAdapter().redelivery(payload)).toEqual(redelivery);
  expect(renderWebhook(payload).redelivery).toEqual(redelivery);
});

describe('on the wire', () => {
  test.each(Object.entries(samples))(
    '%s: the bytes are the artifact, but for the placeholders',
    async (_name, sample) => {
      const { host, requests } = await receiver(answering(answer(204)));
      const effect = renderWebhook({
        ...sample,
        url: sample.url.replace(/^https?:\/\/example.com(:8443)?/u, `http://${host}`),
      });
      expect((await send(effect, { allow: host, signingSecrets: SECRETS })).outcome.kind).toBe('done');
      const { line, names, headers, body } = parsed(requests()[0]);
      const { method, url, headers: shown, body: carried } = requestOf(effect);
      const shownBody = carried.kind === 'json' ? carried.value : null;
      expect(line).toBe(`${method} ${url.slice(`http://${host}`.length)} HTTP/1.1`);
      const isEmpty = method === 'GET' || (method === 'DELETE' && shownBody === null);
      expect(body).toBe(isEmpty ? '' : canonicalJson(shownBody));
      const { 'content-length': length, ...rest } = headers;
      expect(length).toBe(isEmpty ? undefined : String(Buffer.byteLength(body)));
      expect(rest).toEqual({
        ...shown,
        host,
        Connection: 'close',
        'webhook-timestamp': expect.stringMatching(/^\d{10}$/u),
        'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/u),
      });
      expect(new Set(names).size).toBe(names.length);
    },
  );

  test('both live secrets sign; the reference verifier accepts each, and nothing that was changed', async () => {
    const { host, requests } = await receiver(answering(answer(200)));
    await send(renderWebhook({ ...samples.put, url: `http://${host}/` }), { allow: host, signingSecrets: SECRETS });
    const { headers, body } = parsed(requests()[0]);
    expect(headers['webhook-id']).toBe(SAMPLE_CONTEXT.providerKey);
    for (const secret of SECRETS) {
      const verifier = new Webhook(secret);
      expect(verifier.verify(body, headers)).toEqual(samples.put.body);
      expect(() => verifier.verify(body.replace('1.5', '1.6'), headers)).toThrow(/No matching signature/u);
      expect(() => verifier.verify(body, { ...headers, 'webhook-id': 'aol-other' })).toThrow(/No matching signature/u);
    }
    expect(() => new Webhook(`whsec_${Buffer.alloc(32, 9).toString('base64')}`).verify(body, headers)).toThrow();
  });

  test('without a secret there is no signature, and no placeholder either', async () => {
    const { host, requests } = await receiver(answering(answer(200)));
    await send(renderWebhook({ ...samples.put, url: `http://${host}/` }), { allow: host });
    expect(parsed(requests()[0]).names).not.toContain('webhook-signature');
    expect(requests()[0]).not.toContain('added at sending');
  });

  describe('over TLS', () => {
    const before = getCACertificates('default');
    beforeAll(() => setDefaultCACertificates([...before, TEST_CERTIFICATE]));
    afterAll(() => setDefaultCACertificates(before));

    test('names and addresses are checked against the certificate', async () => {
      const { port, requests, serverNames } = await receiver({ ...answering(answer(200, {}, 'ok')), tls: true });
      const settings = {
        allow: `127.0.0.1:${port},hook.test:${port},wrong.test:${port}`,
        resolveHost: () => Promise.resolve(['127.0.0.1']),
      };
      for (const name of ['127.0.0.1', 'hook.test', 'HOOK.test.']) {
        const { outcome } = await send(renderWebhook({ url: `https://${name}:${port}/x`, body: 1 }), settings);
        expect(outcome).toMatchObject({ kind: 'done', receipt: { status: 200, bodyStart: 'ok' } });
      }
      const { outcome } = await send(renderWebhook({ url: `https://wrong.test:${port}/`, body: 1 }), settings);
      expect(outcome).toMatchObject({
        kind: 'not_sent',
        reason: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
      });
      expect([requests().length, serverNames().slice(0, 3)]).toEqual([3, [false, 'hook.test', 'hook.test']]);
    });
  });
});

describe('the answer decides', () => {
  test.each([200, 201, 202, 204, 299])('%i is done', async (status) => {
    expect(await outcomeOf(answer(status))).toMatchObject({ kind: 'done', receipt: { status } });
  });

  test.each([300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422, 431, 451])(
    '%i is a rejection',
    async (status) => {
      const outcome = await outcomeOf(answer(status, { location: 'http://127.0.0.1:1/', 'retry-after': '5' }));
      expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringContaining(String(status)) });
    },
  );

  test.each([408, 500, 501, 502, 503, 504, 505, 599])('%i may have happened', async (status) => {
    expect(await outcomeOf(answer(status))).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(String(status)),
    });
  });

  test('429 and 425 were not sent, and 503 where it says when to come back', async () => {
    for (const status of [425, 429])
      expect(await outcomeOf(answer(status))).toEqual({ kind: 'not_sent', reason: expect.any(String) });
    for (const status of [425, 429, 503]) {
      expect(await outcomeOf(answer(status, { 'retry-after': '5' }))).toMatchObject({
        kind: 'not_sent',
        retryAfterMs: 5_000,
      });
    }
    expect((await outcomeOf(answer(503, { 'retry-after': 'soon' }))).kind).toBe('unknown');
  });

  test('410 and redirects say so', async () => {
    expect(reasonOf(await outcomeOf(answer(410)))).toContain('wants no more calls');
    expect(reasonOf(await outcomeOf(answer(302)))).toContain('redirect');
  });

  test('what comes before the answer is no answer', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';
    expect(await outcomeOf(`${early}${answer(201)}`)).toMatchObject({ kind: 'done', receipt: { status: 201 } });
    expect((await outcomeOf('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')).kind).toBe(
      'unknown',
    );
    expect((await outcomeOf('this is no HTTP\r\n\r\n')).kind).toBe('unknown');
  });
});

describe('F-15: Retry-After', () => {
  const now = Date.parse('2026-11-25T16:00:00Z');
  test.each<[string | undefined, number | undefined]>([
    ['5', 5_000],
    [' 120 ', 120_000],
    ['0', 0],
    ['1000000000', 1e12],
    ['9'.repeat(400), 1e12],
    ['Wed, 25 Nov 2026 16:00:30 GMT', 30_000],
    ['Wednesday, 25-Nov-26 16:00:30 GMT', 30_000],
    ['Wed Nov 25 16:00:30 2026', 30_000],
    ['Wed, 25 Nov 2026 15:00:00 GMT', 0],
    ['-1', undefined],
    ['1e9', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['٣', undefined],
    ['soon', undefined],
    ['2026-11-25T16:00:30Z', undefined],
    ['Wed, 99 Nov 2026 16:00:30 GMT', undefined],
    ['Wed, 25 Nov 2026 16:00:30 PST', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  test('reaches the outcome as a date too', async () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    const outcome = await outcomeOf(answer(429, { 'retry-after': at }));
    if (outcome.kind !== 'not_sent') throw new Error(outcome.kind);
    expect(outcome.retryAfterMs).toBeGreaterThan(55_000);
    expect(outcome.retryAfterMs).toBeLessThanOrEqual(60_000);
  });
});

describe('the receipt', () => {
  test('has the status, some headers, a hash and the beginning of the body', async () => {
    const headers = {
      'x-request-id': 'r1',
      'set-cookie': 'a=b',
      location: '/orders/1?token=t#f',
      'content-type': 'text/plain',
    };
    const outcome = await outcomeOf(answer(201, headers, 'created'));
    expect(outcome).toEqual({
      kind: 'done',
      receipt: {
        status: 201,
        headers: { 'x-request-id': 'r1', location: '/orders/1', 'content-type': 'text/plain' },
        bodySha256: sha256Hex('created'),
        bodyBytes: 7,
        bodyStart: 'created',
      },
    });
  });

  test('hostile text is cut and cleaned, in a reason too', async () => {
    const body = `a\u0000b\u001b[31m\n{"access_token":"s3cret"} Bearer abcdefghijkl whsec_${'x'.repeat(32)} ${'€'.repeat(3_000)}`;
    const done = await outcomeOf(answer(200, {}, body));
    if (done.kind !== 'done') throw new Error(done.kind);
    const { bodyStart } = done.receipt;
    expect(done.receipt.bodySha256).toBe(sha256Hex(body));
    expect(String(bodyStart)).toMatch(/^a\ufffdb\ufffd\[31m\n\{"access_token":"\*\*\*"\} Bearer \*\*\* \*\*\* €+$/u);
    expect(Buffer.byteLength(String(bodyStart))).toBeLessThanOrEqual(2_100);
    const rejected = reasonOf(await outcomeOf(answer(400, {}, body)));
    expect(rejected).not.toMatch(/s3cret|abcdefghijkl|\p{Cc}/u);
    expect(rejected.length).toBeLessThan(300);
  });

  test('a receiver that echoes its request brings no secret and no signature in', async () => {
    const { host, requests } = await receiver({
      onRequest: (socket, request) => socket.end(answer(200, {}, `${request} ${SECRETS[0]}`)),
    });
    const { outcome } = await send(renderWebhook({ url: `http://${host}/`, body: 1 }), {
      allow: host,
      signingSecrets: SECRETS,
    });
    const signature = /v1,([^ \r]+)/u.exec(requests()[0] ?? '')?.[1] ?? 'none';
    const text = JSON.stringify(outcome);
    expect(text).toContain('webhook-signature: v1,***');
    expect([signature, ...SECRETS].filter((secret) => text.includes(secret))).toEqual([]);
  });
});
