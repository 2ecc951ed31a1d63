/** Handing a mail over, row by row of what a server of mail can do (EFFECTS 3.2). */

import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { smtpProvider } from '../../src/adapters/send-email/provider.ts';
import { abortOnce } from '../support/abort.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { mailAccount, mailAdapter, proveMail } from '../support/mail.ts';
import { type SmtpMisbehaviour, type SmtpServer, startSmtpServer } from '../support/providers/index.ts';
import { until } from '../support/until.ts';

const MAIL = { to: ['a@x.test', 'b@x.test'], bcc: ['c@x.test'], subject: 'Grüße', text: 'Hallo\n.\n..\nÄpfel\n' };

let server: SmtpServer;
beforeEach(async () => {
  server = await startSmtpServer();
});
afterEach(() => server.close());

const account = (more: object = {}, password = server.password) =>
  mailAccount({ url: `smtp://${server.user}@127.0.0.1:${server.port}`, ...more }, { password });
const play = async (payload: object = MAIL, more: object = {}, options: object = {}) => {
  const proof = await proveMail(account(more), { ...payload }, options);
  const outcome = await mailAdapter.perform?.(proof.effect, proof.context);
  return { ...proof, outcome };
};
/** The attempt's time is over while the server hangs. */
const playUntilItHangs = async (payload: object, options: object = {}) => {
  const isHanging = () => server.hanging() > 0;
  return (await abortOnce('it hangs', isHanging, (signal) => play(payload, {}, { ...options, signal }))).outcome;
};
const sessions = () => server.sessions().length;

describe('done', () => {
  test('a reply of 250: one session, one mail, and its bytes are those of the proof after its date', async () => {
    const { outcome, sent: message } = await play(MAIL, {}, { firstAttemptAt: new Date('2026-11-23T16:00:00.900Z') });
    expect(message.toString()).toMatch(/^Date: Mon, 23 Nov 2026 16:00:00 \+0000\r\n/u);
    expect(outcome).toEqual({
      kind: 'done',
      receipt: {
        reply: '250 2.0.0 queued as 1',
        server: `127.0.0.1:${server.port}`,
        messageId: '<aol-01937e4a-5b6c-7d8e-9f01-23456789abcd@brand.example>',
        date: 'Mon, 23 Nov 2026 16:00:00 +0000',
        accepted: ['a@x.test', 'b@x.test', 'c@x.test'],
      },
    });
    expect(server.mails()).toEqual([{ from: 'shop@brand.example', to: ['a@x.test', 'b@x.test', 'c@x.test'], message }]);
    expect(sessions()).toBe(1);
  });

  test('a mail of some megabytes arrives byte for byte', async () => {
    const { outcome, sent: message } = await play({
      ...MAIL,
      text: `${'.'.repeat(70)}\n`.repeat(800),
      html: `<p>${'.\r\n'.repeat(15_000)}</p>`,
    });
    expect(outcome?.kind).toBe('done');
    expect(server.mails()[0]?.message.equals(message)).toBe(true);
  });

  test('one recipient refused, the others accepted: done, and the refused one is told', async () => {
    server.misbehave({ at: 'rcpt', how: 'reply', reply: '550 5.1.1 nobody here', recipient: 'b@x.test' });
    const { outcome } = await play();
    expect(outcome).toMatchObject({
      kind: 'done',
      refused: ['b@x.test'],
      receipt: {
        accepted: ['a@x.test', 'c@x.test'],
        refused: [{ address: 'b@x.test', reply: '550 5.1.1 nobody here' }],
      },
    });
    expect(server.mails().map(({ to }) => to)).toEqual([['a@x.test', 'c@x.test']]);
  });

  test('no answer to QUIT changes nothing', async () => {
    server.misbehave({ at: 'quit', how: 'hang' });
    expect((await play()).outcome?.kind).toBe('done');
  });

  test('the reply tells under which id the provider goes on', async () => {
    server.misbehave({
      at: 'dot',
      how: 'reply',
      reply: '250 2.0.0 OK <7@x.prod.outlook.com> [Hostname=x]',
      stores: true,
    });
    expect((await play()).outcome).toMatchObject({ receipt: { serverMessageId: '<7@x.prod.outlook.com>' } });
  });
});

const every = { times: 9 };
type Row = readonly [what: string, misbehaviour: SmtpMisbehaviour, kind: string, reason: RegExp];
const rows: readonly Row[] = [
  ['no greeting', { at: 'banner', how: 'hang' }, 'not_sent', /too long/u],
  ['cut before the greeting', { at: 'banner', how: 'cut' }, 'not_sent', /./u],
  ['no SMTP at all', { at: 'banner', how: 'garbage' }, 'not_sent', /./u],
  ['a greeting that refuses', { at: 'banner', how: 'reply', reply: '554 5.7.1 not you' }, 'not_sent', /554/u],
  ['cut at EHLO', { at: 'ehlo', how: 'cut' }, 'not_sent', /./u],
  ['cut at AUTH', { at: 'auth', how: 'cut' }, 'not_sent', /./u],
  ['535 to AUTH', { at: 'auth', how: 'reply', reply: '535 5.7.8 wrong' }, 'on_hold', /AUTH.*535/u],
  ['534 to AUTH', { at: 'auth', how: 'reply', reply: '534 5.7.9 too weak' }, 'on_hold', /534/u],
  ['454 to AUTH', { at: 'auth', how: 'reply', reply: '454 4.7.0 later' }, 'not_sent', /454/u],
  ['cut at MAIL', { at: 'mail', how: 'cut' }, 'not_sent', /./u],
  ['421 to MAIL', { at: 'mail', how: 'reply', reply: '421 4.7.0 later' }, 'not_sent', /421/u],
  ['550 to MAIL', { at: 'mail', how: 'reply', reply: '550 5.7.1 not from you' }, 'rejected', /MAIL FROM: 550/u],
  ['530 to MAIL', { at: 'mail', how: 'reply', reply: '530 5.7.0 log in' }, 'on_hold', /530/u],
  ['552 to MAIL', { at: 'mail', how: 'reply', reply: '552 5.3.4 too large' }, 'rejected', /552/u],
  ['cut at RCPT', { at: 'rcpt', how: 'cut' }, 'not_sent', /./u],
  ['450 to every RCPT', { at: 'rcpt', how: 'reply', reply: '450 4.2.1 later', ...every }, 'not_sent', /450/u],
  ['550 to every RCPT', { at: 'rcpt', how: 'reply', reply: '550 5.1.1 nobody', ...every }, 'rejected', /550/u],
  ['cut at DATA', { at: 'data', how: 'cut' }, 'not_sent', /./u],
  ['451 to DATA', { at: 'data', how: 'reply', reply: '451 4.3.0 later' }, 'not_sent', /451/u],
  ['554 to DATA', { at: 'data', how: 'reply', reply: '554 5.7.1 no' }, 'rejected', /554/u],
  ['cut within the message', { at: 'message', how: 'cut' }, 'unknown', /./u],
  ['no reply to the final dot', { at: 'dot', how: 'hang' }, 'unknown', /too long/u],
  ['cut after the final dot', { at: 'dot', how: 'cut', stores: true }, 'unknown', /no reply came/u],
  ['no SMTP after the final dot', { at: 'dot', how: 'garbage' }, 'unknown', /./u],
  ['a second 354 after the final dot', { at: 'dot', how: 'reply', reply: '354 go on' }, 'unknown', /./u],
  ['421 to the final dot', { at: 'dot', how: 'reply', reply: '421 4.3.0 later' }, 'not_sent', /421/u],
  ['451 to the final dot', { at: 'dot', how: 'reply', reply: '451 4.3.0 later' }, 'not_sent', /451/u],
  ['550 to the final dot', { at: 'dot', how: 'reply', reply: '550 5.7.1 spam' }, 'rejected', /550/u],
  ['552 to the final dot', { at: 'dot', how: 'reply', reply: '552 5.2.2 full' }, 'rejected', /552/u],
  ['554 to the final dot', { at: 'dot', how: 'reply', reply: '554 5.6.0 no' }, 'rejected', /554/u],
];

describe('what the server does, and what it means', () => {
  test.each(rows)('%s', async (_what, misbehaviour, kind, reason) => {
    server.misbehave(misbehaviour);
    const { outcome } = misbehaviour.how === 'hang' ? await playUntilItHangs(MAIL) : await play();
    expect(outcome).toMatchObject({ kind, reason: expect.stringMatching(reason) });
    expect(JSON.stringify(outcome)).not.toContain(server.password);
    if (kind === 'on_hold') expect(outcome).toMatchObject({ needsLogin: true });
  });

  test.each(rows.filter(([, { how }]) => how === 'cut'))(
    'case 23: %s: one connection, nothing again',
    async (_what, misbehaviour) => {
      server.misbehave({ ...misbehaviour, times: 1 });
      await play();
      expect(sessions()).toBe(1);
      expect(server.mails().length).toBeLessThanOrEqual(1);
    },
  );

  test('nobody there: not sent', async () => {
    const { port } = server;
    await server.close();
    const proof = await proveMail(mailAccount({ url: `smtp://127.0.0.1:${port}` }), MAIL);
    expect(await mailAdapter.perform?.(proof.effect, proof.context)).toMatchObject({ kind: 'not_sent' });
  });

  test('larger than SIZE: rejected before a byte of it leaves', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(Buffer.alloc(1_000_000), 'image/png');
    const { outcome } = await play({ ...MAIL, attachments: [{ sha256, fileName: 'a.png' }] }, {}, { blobs });
    expect(outcome).toMatchObject({ kind: 'rejected', reason: expect.stringMatching(/larger than allowed 1048576/u) });
    expect(server.sessions()[0]?.data.length).toBe(0);
  });

  test('a large mail that is cut early is not sent: its end never left', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(Buffer.alloc(700_000), 'image/png');
    server.misbehave({ at: 'message', how: 'hang', afterBytes: 10 });
    const { outcome } = await playUntilItHangs({ ...MAIL, attachments: [{ sha256, fileName: 'a.png' }] }, { blobs });
    expect(['not_sent', 'unknown']).toContain(outcome?.kind);
    expect(server.mails()).toEqual([]);
  });

  test('a server without STARTTLS gets neither password nor mail, unless it is this machine or the account lets it', async () => {
    const { account: entry } = account();
    const signal = AbortSignal.timeout(5_000);
    const { context } = await proveMail(account(), MAIL);
    const toServer = { connect: () => context.exchange.connect(new URL(`smtp://127.0.0.1:${server.port}`), signal) };
    const exchange = { ...context.exchange, ...toServer };
    const settings = { ...Object(entry.settings), url: `smtp://${server.user}@mail.example:587` };
    const check = (more: object) =>
      smtpProvider.check({
        settings: { ...settings, ...more },
        secrets: {},
        credential: { password: server.password },
        exchange,
        signal,
      });
    expect(await check({})).toMatchObject({ kind: 'unreachable', reason: expect.stringMatching(/STARTTLS/u) });
    expect(server.sessions()[0]?.commands.join()).not.toMatch(/AUTH|MAIL/u);
    expect(await check({ allowUnencrypted: true })).toMatchObject({ kind: 'ready' });
  });
});

describe('stopped', () => {
  test.each([
    ['banner', 'not_sent'],
    ['auth', 'not_sent'],
    ['rcpt', 'not_sent'],
    ['dot', 'unknown'],
  ] as const)('at %s: %s, within a second, and the connection is gone', async (at, kind) => {
    server.misbehave({ at, how: 'hang' });
    const stop = new AbortController();
    const playing = play(MAIL, {}, { signal: stop.signal });
    const said: Readonly<Record<string, number>> = { banner: 0, auth: 2, rcpt: 4, dot: 7 };
    await until('it waits', () => (server.sessions()[0]?.commands.length ?? -1) >= (said[at] ?? 0));
    await until('its words are there', () => at !== 'dot' || (server.sessions()[0]?.data.length ?? 0) > 0);
    const stoppedAt = performance.now();
    stop.abort();
    expect((await playing).outcome).toMatchObject({ kind });
    expect(performance.now() - stoppedAt).toBeLessThan(1_000);
  });

  test('before it began: nothing is opened', async () => {
    expect((await play(MAIL, {}, { signal: AbortSignal.abort() })).outcome).toMatchObject({ kind: 'not_sent' });
    expect(sessions()).toBe(0);
  });
});

describe('what is sent is what was approved', () => {
  test('with a signature, all bytes but the signature are those of the proof', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const dkim = { domain: 'brand.example', selector: 's1', privateKey: { env: 'DKIM_KEY' } };
    const signer = mailAccount(
      { url: `smtp://${server.user}@127.0.0.1:${server.port}`, dkim },
      { password: server.password, 'dkim.privateKey': pem },
    );
    const {
      effect,
      context,
      sent: message,
    } = await proveMail(signer, { ...MAIL, unsubscribe: 'https://brand.example/u' });
    expect(await mailAdapter.perform?.(effect, context)).toMatchObject({ kind: 'done' });
    const received = server.mails()[0]?.message ?? Buffer.alloc(0);
    expect(received.subarray(-message.length).equals(message)).toBe(true);
    expect(received.subarray(0, -message.length).toString()).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256; .*\r\n$/su);
  });

  test('other recipients, another sender, another signature, an altered message: nothing is opened', async () => {
    const { effect, context, request } = await proveMail(account(), MAIL);
    const altered = (change: object) => ({ ...effect, request: { ...request, ...change } });
    const { envelope } = request;
    const effects = [
      altered({ envelope: { ...envelope, to: [...envelope.to, 'evil@x.test'] } }),
      altered({ envelope: { ...envelope, to: ['a@x.test', 'b@x.test', 'c@x.test,evil@x.test'] } }),
      altered({ envelope: { ...envelope, from: 'evil@x.test' } }),
      altered({ headers: { 'dkim-signature': '<added at sending: DKIM signature of other.example, s1>' } }),
      altered({ message: 'f'.repeat(64) }),
      { ...effect, addedAtSending: ['headers.date', 'headers.from'] },
      { ...effect, adapterVersion: 3 },
      { ...effect, preview: { kind: 'request' as const } },
    ];
    for (const each of effects) {
      expect(await mailAdapter.perform?.(each, context)).toMatchObject({ kind: 'rejected' });
    }
    expect(sessions()).toBe(0);
  });
});

test('a mail that was approved under version 1 has its date among its bytes, and goes out as it was stored', async () => {
  const { effect, request, context, message } = await proveMail(account(), MAIL);
  const dated = Buffer.concat([Buffer.from('Date: Sun, 01 Nov 2026 09:00:00 +0000\r\n'), message]);
  const { sha256 } = await context.blobs.keep(dated, 'message/rfc822');
  const { headers: _headers, ...first } = { ...request, message: sha256 };
  const stored = { ...effect, adapterVersion: 1, addedAtSending: [], request: first };
  expect(await mailAdapter.perform?.(stored, context)).toMatchObject({ kind: 'done' });
  expect(server.mails().map((mail) => mail.message)).toEqual([dated]);
});

describe('the check of an account', () => {
  const check = (password: string) => {
    const { account: entry, allow } = account();
    return proveMail({ account: entry, allow, credential: {} }, MAIL).then(({ context }) =>
      smtpProvider.check({
        settings: entry.settings,
        secrets: {},
        credential: { password },
        exchange: context.exchange,
        signal: AbortSignal.timeout(5_000),
      }),
    );
  };

  test('logs in, sends nothing, and learns what the server takes', async () => {
    expect(await check(server.password)).toEqual({
      kind: 'ready',
      identity: 'shop@brand.example',
      facts: { size: 1_048_576, eightBitMime: true, dsn: false, filesSentMail: false },
    });
    await until('it said good-bye', () => server.sessions()[0]?.commands.includes('QUIT'));
    expect(server.sessions()[0]?.commands.map((line) => line.split(' ')[0])).toEqual(['EHLO', 'AUTH', 'QUIT']);
  });

  test('a wrong password needs a login; a server that is away is unreachable', async () => {
    expect(await check('wrong-canary')).toMatchObject({
      kind: 'needs_login',
      reason: expect.not.stringMatching(/canary/u),
    });
    server.misbehave({ at: 'banner', how: 'cut' });
    expect(await check(server.password)).toMatchObject({ kind: 'unreachable' });
  });
});
