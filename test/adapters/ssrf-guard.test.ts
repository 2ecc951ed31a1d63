/** F-23 and F-24: a webhook reaches nothing that is not public, unless the operator allows it. */

import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSsrfGuard, isSameAddress, isSpecialPurpose } from '../../src/adapters/exchange/ssrf-guard.ts';
import type { Effect } from '../../src/adapters/port.ts';
import { parseWebhookAllow } from '../../src/domain/webhook-settings.ts';
import { answer, answering, type Receiver, startReceiver } from '../support/receiver.ts';
import { renderWebhook, requestOf, send } from '../support/webhook.ts';

/** Documentation's own addresses are special; this one is public, and nothing is ever sent to it. */
const PUBLIC = '93.184.215.14';

let receiver: Receiver;
let targets: string[];
const { connect } = Socket.prototype;

/** Counts connections; only those that a test means are made. */
function patchConnect(make: (this: Socket, args: unknown[]) => Socket): void {
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const first = args[0];
    const options: unknown = Array.isArray(first) ? first[0] : first;
    targets.push(String(Object(options).host));
    return make.call(this, args);
  };
}

function refuse(this: Socket): Socket {
  process.nextTick(() => this.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
  return this;
}

function really(this: Socket, args: unknown[]): Socket {
  return Reflect.apply(connect, this, args);
}

beforeEach(async () => {
  targets = [];
  receiver = await startReceiver(answering(answer(200)));
  patchConnect(refuse);
});
afterEach(async () => {
  Socket.prototype.connect = connect;
  await receiver.close();
});

const template = renderWebhook({ url: 'https://example.com/', body: 1 });
/** As if it had passed the payload's schema: the guard stands on its own. */
const effectTo = (url: string): Effect => ({ ...template, request: { ...requestOf(template), url } });

const HOSTS = [
  ...[
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '0177.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.0.1',
  ],
  ...['0', '0.0.0.0', '0.1.2.3', '%31%32%37.0.0.1', '１２７.０.０.１', '127。0。0。1', '①②⑦.0.0.1', '127.0.0.1.'],
  ...[
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[::ffff:8.8.8.8]',
  ],
  ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.b.LocalHost.'],
  ...['169.254.169.254', '[::ffff:a9fe:a9fe]', '[fd00:ec2::254]', '168.63.129.16', '100.100.100.200', '192.0.0.192'],
  ...['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1', '198.18.0.1'],
  ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '203.0.113.7'],
  ...['[fd00::1]', '[fc00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::7f00:1]'],
  ...['[2002:7f00:1::]', '[2001::7f00:1]', '[2001:db8::1]', '[100::1]', '[5f00::1]', '[4000::1]'],
];

describe('F-23: literals and names of this machine', () => {
  test.each(HOSTS)('%s is refused for good, without a look-up or a connection', async (host) => {
    let lookUps = 0;
    const resolveHost = () => {
      lookUps += 1;
      return Promise.resolve([PUBLIC]);
    };
    for (const url of [`http://${host}:${receiver.port}/`, `https://${host}/`]) {
      const { outcome } = await send(effectTo(url), { resolveHost });
      expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('refused') });
    }
    expect([lookUps, targets, receiver.connections()]).toEqual([0, [], 0]);
  });

  test.each([
    ...[
      'file:///etc/passwd',
      'gopher://127.0.0.1:70/_x',
      'ftp://example.com/',
      'data:text/plain,x',
      'ws://example.com/',
    ],
    ...['http://user@example.com/', 'https://user:password@example.com/', 'http://example.com:22/', 'not an address'],
    ...['http://example.com:25/', 'https://example.com:1023/', 'http://example.com:6379@127.0.0.1/'],
  ])('%s is refused for good', async (url) => {
    const { outcome } = await send(effectTo(url), { resolveHost: () => Promise.resolve([PUBLIC]) });
    expect([outcome.kind, targets]).toEqual(['rejected', []]);
  });

  test('a redirect to any of them is not followed', async () => {
    patchConnect(really);
    for (const host of [...HOSTS, receiver.host]) {
      const redirecting = await startReceiver(answering(answer(307, { location: encodeURI(`http://${host}/`) })));
      const { outcome } = await send(effectTo(`http://${redirecting.host}/`), {
        allow: `${redirecting.host},${receiver.host}`,
      });
      expect(outcome.kind).toBe('rejected');
      await redirecting.close();
    }
    expect([targets.length, receiver.connections()]).toEqual([HOSTS.length + 1, 0]);
  });
});

describe('F-24: names', () => {
  test.each([
    ['127.0.0.1'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254'],
    ['fe80::1%eth0'],
    ['64:ff9b::7f00:1'],
    ['nonsense'],
    [PUBLIC, '127.0.0.1'],
    [PUBLIC, '2606:4700:4700::1111', '10.0.0.1'],
  ])('one special answer is enough: %s %s', async (...answers) => {
    const { outcome } = await send(effectTo('https://hook.test/'), { resolveHost: () => Promise.resolve(answers) });
    expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('resolves to') });
    expect(JSON.stringify(outcome)).not.toContain(answers.at(-1));
    expect(targets).toEqual([]);
  });

  test('rebinding: what is connected to is what was checked, in 1,000 tries', async () => {
    let lookUps = 0;
    const resolveHost = () => {
      lookUps += 1;
      return Promise.resolve([lookUps % 2 === 1 ? PUBLIC : '127.0.0.1']);
    };
    const kinds = new Map<string, number>();
    for (let index = 0; index < 1_000; index += 1) {
      const { outcome } = await send(effectTo(`http://rebind.test:${receiver.port}/`), { resolveHost });
      kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
    }
    expect(lookUps).toBe(1_000);
    expect(Object.fromEntries(kinds)).toEqual({ not_sent: 500, rejected: 500 });
    expect(new Set(targets)).toEqual(new Set([PUBLIC]));
    expect(receiver.connections()).toBe(0);
  });

  test('a connection that leads elsewhere is given up before its first byte', async () => {
    patchConnect(function (this: Socket) {
      return Reflect.apply(connect, this, [{ host: '127.0.0.1', port: receiver.port }]);
    });
    const { outcome } = await send(effectTo(`http://hook.test:${receiver.port}/`), {
      resolveHost: () => Promise.resolve([PUBLIC]),
    });
    expect(outcome).toMatchObject({ kind: 'not_sent', reason: expect.stringContaining('another address') });
    expect(receiver.requests().join('')).toBe('');
  });
});

describe('what is allowed', () => {
  const allow = () => `127.0.0.1:${receiver.port},internal.test:${receiver.port},127.0.0.1:22`;
  const resolveHost = () => Promise.resolve(['127.0.0.1']);

  test.each(['127.0.0.1', '0x7f.1', 'internal.test', 'INTERNAL.test.'])('%s, as the list names it', async (host) => {
    patchConnect(really);
    const { outcome } = await send(effectTo(`http://${host}:${receiver.port}/`), { allow: allow(), resolveHost });
    expect([outcome.kind, receiver.connections()]).toEqual(['done', 1]);
  });

  test.each(['localhost', 'other.test', 'a.internal.test', '[::ffff:127.0.0.1]', '127.0.0.2'])(
    'not %s',
    async (host) => {
      const { outcome } = await send(effectTo(`http://${host}:${receiver.port}/`), { allow: allow(), resolveHost });
      expect([outcome.kind, targets]).toEqual(['rejected', []]);
    },
  );

  test('not another port; and a low one only where it is named', async () => {
    const guard = createSsrfGuard(parseWebhookAllow(allow()) ?? [], resolveHost);
    const isOk = async (url: string) => (await guard.route(new URL(url))).ok;
    expect(await isOk(`http://127.0.0.1:${receiver.port + 1}/`)).toBe(false);
    expect(await isOk('http://127.0.0.1:22/')).toBe(true);
    expect(await isOk('http://internal.test:22/')).toBe(false);
  });
});

test('public addresses pass, up to the borders of the special ranges', () => {
  const open = ['8.8.8.8', '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '128.0.0.0'];
  const more = ['169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '198.20.0.0', '223.255.255.255'];
  const six = ['2606:4700:4700::1111', '2001:4860:4860::8888', '2001:200::1', '2003::1', '2a00:1450::1', '3ffe::1'];
  expect([...open, ...more, ...six].filter(isSpecialPurpose)).toEqual([]);
  expect(isSameAddress('2606:4700:4700:0::1111', '2606:4700:4700::1111')).toBe(true);
  expect(isSameAddress('127.0.0.1', '127.0.0.2')).toBe(false);
});
