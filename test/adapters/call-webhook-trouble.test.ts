/** CALL_WEBHOOK against receivers that hang, drip, flood, break off and lie. */

import { createServer } from 'node:net';
import { memoryUsage } from 'node:process';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { CallWebhookSettings } from '../../src/adapters/call-webhook/index.ts';
import { ATTEMPT_TIMEOUT_MS } from '../../src/domain/limits.ts';
import { abortOnce } from '../support/abort.ts';
import { answer, answering, type Receiver, type ReceiverBehaviour, startReceiver } from '../support/receiver.ts';
import { reasonOf, renderWebhook, send } from '../support/webhook.ts';

const MIB = 1024 * 1024;
const receivers: Receiver[] = [];
afterEach(() => Promise.all(receivers.splice(0).map((receiver) => receiver.close())));

async function receiver(behaviour: ReceiverBehaviour): Promise<Receiver> {
  const started = await startReceiver(behaviour);
  receivers.push(started);
  return started;
}

async function sendTo(behaviour: ReceiverBehaviour, settings: CallWebhookSettings = {}, signal?: AbortSignal) {
  const started = await receiver(behaviour);
  const effect = renderWebhook({ url: `${behaviour.tls ? 'https' : 'http'}://${started.host}/`, body: { order: 42 } });
  return { ...(await send(effect, { allow: started.host, ...settings }, signal)), receiver: started };
}

const HEAD_OK = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
/** How many pieces have dripped. */
let pieces = 0;
const drip = (start: string, piece: string): ReceiverBehaviour => ({
  onRequest(socket) {
    socket.write(start);
    const timer = setInterval(() => {
      socket.write(piece);
      pieces += 1;
    }, 20);
    socket.on('close', () => clearInterval(timer));
  },
});
const dripsOn = () => pieces > 10;
const isAsked = ({ requests }: Receiver) => requests().some((request) => request.includes('\r\n\r\n'));
const isConnected = ({ connections }: Receiver) => connections() > 0;

describe('one deadline over everything', () => {
  test.each<[string, ReceiverBehaviour, (receiver: Receiver) => boolean, string]>([
    ['F-11 accepts and never answers', {}, isAsked, 'unknown'],
    ['F-12 headers that never end', drip('HTTP/1.1 200 OK\r\n', 'x: y\r\n'), dripsOn, 'unknown'],
    ['F-12 one byte of a header after another', drip('HTTP/1.1 200 OK\r\nx: ', 'y'), dripsOn, 'unknown'],
    ['F-12 a dripping failure', drip('HTTP/1.1 400 No\r\ncontent-length: 9999\r\n\r\n', 'x'), dripsOn, 'rejected'],
    ['endless 103s', drip('', 'HTTP/1.1 103 Early\r\n\r\n'), dripsOn, 'unknown'],
    ['a TLS handshake that never ends', { onConnection: () => undefined }, isConnected, 'not_sent'],
  ])('%s', async (name, behaviour, isThere, kind) => {
    pieces = 0;
    const started = await receiver(behaviour);
    const scheme = name.includes('TLS') ? 'https' : 'http';
    const effect = renderWebhook({ url: `${scheme}://${started.host}/`, body: 1 });
    const { outcome: sent, tookMs } = await abortOnce(
      name,
      () => isThere(started),
      (signal) => send(effect, { allow: started.host }, signal),
    );
    expect([sent.outcome.kind, tookMs < 1_000]).toEqual([kind, true]);
  });

  test('F-12 a dripping success happened, and its receipt says that it is not whole', async () => {
    // The head has to be there before the time is over, also on a busy machine.
    const { outcome, elapsedMs } = await sendTo(drip(HEAD_OK, '1\r\nx\r\n'), { timeoutMs: 1_500 });
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: { status: 200, bodyStart: expect.stringMatching(/^x+$/u), note: expect.stringContaining('too long') },
    });
    expect(elapsedMs).toBeLessThan(3_500);
  });

  test('is 20 s, also when nobody aborts', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout');
    await sendTo(answering(answer(200)));
    expect(timeout.mock.calls).toEqual([[ATTEMPT_TIMEOUT_MS]]);
    timeout.mockRestore();
    const { outcome, elapsedMs } = await sendTo({}, { timeoutMs: 200 });
    expect([outcome.kind, elapsedMs < 2_000]).toEqual(['unknown', true]);
  });

  test('a look-up that never ends', async () => {
    const settings = { resolveHost: () => new Promise<never>(() => undefined), timeoutMs: 100 };
    const { outcome } = await send(renderWebhook({ url: 'https://hook.test/', body: 1 }), settings);
    expect(outcome.kind).toBe('not_sent');
  });

  test('what was stopped before it began connects to nothing', async () => {
    const resolveHost = jest.fn(() => Promise.resolve(['127.0.0.1']));
    const { host, port, connections } = await receiver({});
    for (const name of [host, `hook.test:${port}`]) {
      const settings = { allow: `${host},hook.test:${port}`, resolveHost };
      const { outcome } = await send(renderWebhook({ url: `http://${name}/`, body: 1 }), settings, AbortSignal.abort());
      expect(outcome.kind).toBe('not_sent');
    }
    expect(resolveHost).not.toHaveBeenCalled();
    expect(connections()).toBe(0);
  });

  test('a stop while the receiver works ends it at once, and its connection too', async () => {
    const stop = new AbortController();
    const closed = Promise.withResolvers<number>();
    const { outcome } = await sendTo(
      {
        onRequest(socket) {
          socket.on('close', () => closed.resolve(performance.now()));
          stop.abort();
        },
      },
      {},
      stop.signal,
    );
    const endedAt = performance.now();
    expect(outcome.kind).toBe('unknown');
    expect((await closed.promise) - endedAt).toBeLessThan(1_000);
  });
});

describe('F-13: huge answers are cut at 1 MiB', () => {
  async function flooded(head: string, chunk: Buffer, count: number) {
    let written = 0;
    const before = memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, memoryUsage().rss);
    }, 5);
    const { outcome } = await sendTo({
      onRequest(socket) {
        socket.write(head);
        const more = () => {
          while (written < count * chunk.length) {
            written += chunk.length;
            if (!socket.write(chunk)) return;
          }
          socket.end();
        };
        socket.on('drain', more);
        more();
      },
    });
    clearInterval(watch);
    return { outcome, written, grownBytes: peak - before };
  }

  test('a stream of 1 GiB', async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${1024 * MIB}\r\n\r\n`;
    const { outcome, written, grownBytes } = await flooded(head, Buffer.alloc(64 * 1024, 'x'), 16 * 1024);
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: { bodyBytes: MIB, note: expect.stringContaining('1048576') },
    });
    expect(written).toBeLessThan(64 * MIB);
    expect(grownBytes).toBeLessThan(50 * MIB);
  });

  test('a gzip bomb, which is not decoded', async () => {
    const member = gzipSync(Buffer.alloc(16 * MIB), { level: 9 });
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n`;
    const { outcome, grownBytes } = await flooded(head, member, 64);
    expect(outcome).toMatchObject({ kind: 'done', receipt: { headers: { 'content-encoding': 'gzip' } } });
    if (outcome.kind === 'done') expect(outcome.receipt.bodyStart).toBeUndefined();
    expect(grownBytes).toBeLessThan(50 * MIB);
  });

  test('of a failure only the beginning is read', async () => {
    const { outcome, written } = await flooded('HTTP/1.1 500 No\r\n\r\n', Buffer.alloc(64 * 1024, 'x'), 16 * 1024);
    expect(outcome.kind).toBe('unknown');
    expect(written).toBeLessThan(64 * MIB);
    expect(reasonOf(outcome).length).toBeLessThan(300);
  });

  test('headers without end are no answer', async () => {
    const { outcome } = await flooded('HTTP/1.1 200 OK\r\n', Buffer.from(`x: ${'y'.repeat(60_000)}\r\n`), 1_000);
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('HPE_HEADER_OVERFLOW') });
  });
});

describe('F-14: connections that break', () => {
  test('refused: nothing was sent', async () => {
    const { host, close } = await startReceiver({});
    await close();
    const { outcome } = await send(renderWebhook({ url: `http://${host}/`, body: 1 }), { allow: host });
    expect(outcome).toMatchObject({ kind: 'not_sent', reason: expect.stringContaining('ECONNREFUSED') });
  });

  test('an address that refuses is passed over for the next', async () => {
    const started = await receiver(answering(answer(200)));
    const settings = {
      allow: `hook.test:${started.port}`,
      resolveHost: () => Promise.resolve(['127.0.0.2', '::1', '127.0.0.1']),
    };
    const { outcome } = await send(renderWebhook({ url: `http://hook.test:${started.port}/`, body: 1 }), settings);
    expect([outcome.kind, started.connections()]).toEqual(['done', 1]);
  });

  test.each([
    ['reset within the handshake', { onConnection: (socket) => socket.resetAndDestroy() }],
    ['closed within the handshake', { onConnection: (socket) => socket.destroy() }],
    ['a receiver that speaks no TLS', { onConnection: (socket) => socket.end('HTTP/1.1 400 No\r\n\r\n') }],
  ] satisfies [string, ReceiverBehaviour][])('TLS, %s: nothing was sent', async (_name, behaviour) => {
    const started = await receiver(behaviour);
    const { outcome } = await send(renderWebhook({ url: `https://${started.host}/`, body: 1 }), {
      allow: started.host,
    });
    expect(outcome.kind).toBe('not_sent');
  });

  test('a certificate that nobody trusts: nothing was sent, and the request was never seen', async () => {
    const { outcome, receiver: untrusted } = await sendTo({ ...answering(answer(200)), tls: true });
    expect(outcome).toMatchObject({ kind: 'not_sent', reason: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
    expect(untrusted.requests().join('')).toBe('');
  });

  test('a name that does not exist: nothing was sent', async () => {
    const failure = Object.assign(new Error('getaddrinfo ENOTFOUND hook.test'), { code: 'ENOTFOUND' });
    for (const resolveHost of [() => Promise.reject(failure), () => Promise.resolve([])]) {
      const { outcome } = await send(renderWebhook({ url: 'https://hook.test/', body: 1 }), { resolveHost });
      expect(outcome.kind).toBe('not_sent');
    }
  });

  test.each([
    ['reset', { onRequest: (socket) => socket.resetAndDestroy() }],
    ['closed', { onRequest: (socket) => socket.end() }],
    ['reset within the headers', { onRequest: (socket) => socket.write('HTTP/1.1 200 O', () => socket.destroy()) }],
  ] satisfies [string, ReceiverBehaviour][])('%s after the request: it may have happened', async (_name, behaviour) => {
    expect((await sendTo(behaviour)).outcome.kind).toBe('unknown');
  });

  test('broken off within the body of a 200: it happened', async () => {
    const { outcome } = await sendTo({ onRequest: (socket) => socket.end(`${HEAD_OK}5\r\nab`) });
    expect(outcome).toMatchObject({
      kind: 'done',
      receipt: { bodyStart: 'ab', note: expect.stringContaining('closed within the body') },
    });
  });

  test('a body that is no proper one, too', async () => {
    const { outcome } = await sendTo(answering(`${HEAD_OK}nonsense\r\n`));
    expect(outcome).toMatchObject({ kind: 'done', receipt: { note: expect.stringContaining('HPE_') } });
  });

  test('an answer before the request was read decides', async () => {
    const { outcome } = await sendTo({ onConnection: (socket) => socket.end(answer(413)) });
    expect(['rejected', 'unknown']).toContain(outcome.kind);
  });
});

test('after 200 calls no socket, no listener and no unhandled error is left', async () => {
  const unhandled: unknown[] = [];
  const remember = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', remember);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (Math.random() < 0.5 ? socket.end(answer(200)) : socket.resetAndDestroy()));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = new AbortController();
  const listeners = jest.spyOn(stop.signal, 'addEventListener');
  const effect = renderWebhook({ url: `http://127.0.0.1:${port}/`, body: 1 });
  const kinds = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    const all = Array.from({ length: 20 }, () => send(effect, { allow: `127.0.0.1:${port}` }, stop.signal));
    for (const { outcome } of await Promise.all(all)) kinds.add(outcome.kind);
  }
  const open = await new Promise<number>((counted) => server.getConnections((_error, count) => counted(count)));
  await new Promise((closed) => server.close(closed));
  process.off('unhandledRejection', remember);
  expect(listeners).not.toHaveBeenCalled();
  expect([...kinds].sort()).toEqual(['done', 'unknown']);
  expect(open).toBeLessThan(20);
  expect(unhandled).toEqual([]);
});
