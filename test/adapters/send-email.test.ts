/** What a proof of a mail holds: every byte of it, and no secret. */

import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { signed } from '../../src/adapters/send-email/dkim.ts';
import { sendEmailAdapter } from '../../src/adapters/send-email/index.ts';
import { smtpProvider } from '../../src/adapters/send-email/provider.ts';
import { mailboxServer, sendingServer, smtpSettingsSchema } from '../../src/adapters/send-email/settings.ts';
import { memoryBlobs, SAMPLE_CONTEXT } from '../support/contexts.ts';
import { headerFields, mailAccount, proveMail } from '../support/mail.ts';
import { describeAdapter } from './conformance.ts';

const { sha256: stored } = await SAMPLE_CONTEXT.blobs.keep(Buffer.from('%PDF-1.7 invoice'), 'application/pdf');

describeAdapter(sendEmailAdapter, {
  plain: { to: ['ada@example.com'], subject: 'Hello', text: 'Hi\nthere' },
  whole: {
    to: ['ada@example.com'],
    cc: ['bob@example.com'],
    bcc: ['carol@example.com'],
    subject: 'Grüße 👋 und eine lange Zeile, die über die achtundsiebzig Zeichen einer Kopfzeile hinaus geht',
    text: 'Hallo,\n\nÄpfel 👋\n.\n',
    html: '<p>Hallo, <b>Äpfel</b></p>',
    replyTo: 'help@example.com',
    account: 'shop',
    attachments: [{ sha256: stored, fileName: 'Rechnung März.pdf' }],
    unsubscribe: `https://example.com/u/${'a1b2c3'.repeat(40)}`,
  },
});

const account = mailAccount({ url: 'smtps://mailer@mail.example:465', fromName: 'Brand, "the" <shop>' });
const mail = { to: ['ada@example.com'], subject: 'Hello', text: 'Hi' };
const valuesOf = (message: Uint8Array, name: string) =>
  headerFields(message)
    .filter(([field]) => field.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);

describe('the message', () => {
  test('has its Message-ID and key from the action, says that a machine wrote it, and gets its date when it is sent', async () => {
    const { message, effect, request, artifact } = await proveMail(account, mail);
    expect(Object.fromEntries(headerFields(message))).toMatchObject({
      'Message-ID': `<${SAMPLE_CONTEXT.providerKey}@brand.example>`,
      'X-Aol-Key': SAMPLE_CONTEXT.providerKey,
      'Auto-Submitted': 'auto-generated',
      To: 'ada@example.com',
      Subject: 'Hello',
    });
    expect(message.toString('latin1')).not.toMatch(/(?<!\r)\n|\r(?!\n)|X-Mailer|^Date:/mu);
    expect(effect).toMatchObject({
      account: { name: 'shop', provider: 'smtp', identity: 'shop@brand.example', server: 'mail.example:465' },
      blobs: [{ mediaType: 'message/rfc822', byteCount: message.length, sha256: request.message }],
      request: { headers: { date: '<added at sending: when it is first sent>' } },
      addedAtSending: ['headers.date'],
      summary: 'Mail to ada@example.com from shop@brand.example: "Hello"',
    });
    expect(artifact.sha256).toHaveLength(64);
  });

  test('has no Bcc; the envelope has everybody', async () => {
    const { message, request, effect } = await proveMail(account, { ...mail, cc: ['b@x.test'], bcc: ['c@x.test'] });
    expect(request.envelope).toEqual({ from: 'shop@brand.example', to: ['ada@example.com', 'b@x.test', 'c@x.test'] });
    expect(valuesOf(message, 'Cc')).toEqual(['b@x.test']);
    expect(message.toString()).not.toMatch(/bcc|c@x\.test/iu);
    expect(effect.preview).toMatchObject({ kind: 'mail', bcc: ['c@x.test'] });
  });

  test('whatever subject and name hold, nothing becomes a field of its own', async () => {
    const hostile = mailAccount({ url: 'smtps://mail.example', fromName: 'x@evil.test, "a" <b@evil.test>' });
    const { message } = await proveMail(hostile, { ...mail, subject: 'a, b: <c@evil.test> =?utf-8?Q?=0D=0ABcc:_d?=' });
    const names = headerFields(message).map(([name]) => name);
    const expected = ['X-Aol-Key', 'Auto-Submitted', 'From', 'To', 'Subject', 'Message-ID', 'MIME-Version'];
    expect(new Set(names)).toEqual(new Set([...expected, 'Content-Type', 'Content-Transfer-Encoding']));
    expect(names).toHaveLength(9);
    expect(valuesOf(message, 'From').join()).toMatch(/<shop@brand\.example>$/u);
  });

  test('offers to unsubscribe by one click', async () => {
    const unsubscribe = `https://brand.example/u/${'0123456789'.repeat(30)}`;
    const { message } = await proveMail(account, { ...mail, unsubscribe });
    expect(message.toString()).toContain(`List-Unsubscribe: <${unsubscribe}>\r\n`);
    expect(valuesOf(message, 'List-Unsubscribe-Post')).toEqual(['List-Unsubscribe=One-Click']);
  });

  test('holds its files, named by hash; one that is not stored is refused, and so are too many bytes', async () => {
    const blobs = memoryBlobs();
    const { sha256 } = await blobs.keep(Buffer.from('From: evil@x.test\r\n\r\nhi'), 'message/rfc822');
    const fileName = 'ü.eml';
    const { message, effect } = await proveMail(account, { ...mail, attachments: [{ sha256, fileName }] }, { blobs });
    expect(effect.preview).toMatchObject({ attachments: [{ sha256, fileName }] });
    expect(message.toString()).toContain(Buffer.from('From: evil@x.test\r\n\r\nhi').toString('base64'));
    expect(message.toString()).toMatch(/Content-Type: application\/octet-stream; name/u);
    expect(effect.blobs.map((blob) => blob.sha256)).toContain(sha256);
    const missing = { ...mail, attachments: [{ sha256: 'f'.repeat(64), fileName }] };
    await expect(proveMail(account, missing, { blobs })).rejects.toThrow(/there is no file f/u);
    const large = await blobs.keep(Buffer.alloc(16 * 1024 * 1024), 'application/zip');
    const tooLarge = { ...mail, attachments: [{ sha256: large.sha256, fileName: 'a.zip' }] };
    await expect(proveMail(account, tooLarge, { blobs })).rejects.toThrow(/may have 15728640/u);
  });

  test('larger than what the server said at its last check is refused at the proof', async () => {
    const small = { ...account, account: { ...account.account, facts: { size: 400 } } };
    await expect(proveMail(small, { ...mail, text: 'x'.repeat(400) })).rejects.toThrow(/mail\.example:465 takes 400/u);
  });

  test('another sender, server, name or action makes another artifact', async () => {
    const proofs = await Promise.all([
      proveMail(account, mail),
      proveMail(mailAccount({ url: 'smtps://mail.example', fromName: 'Another' }), mail),
      proveMail(mailAccount({ url: 'smtps://other.example' }), mail),
      proveMail(mailAccount({ url: 'smtps://mail.example', from: 'a@other.example' }), mail),
      proveMail(account, mail, { key: 'aol-another' }),
    ]);
    expect(new Set(proofs.map(({ artifact }) => artifact.sha256)).size).toBe(5);
  });
});

describe('the signature of the domain', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = { domain: 'brand.example', selector: 's1', privateKey: pem };
  const dkim = { domain: 'brand.example', selector: 's1', privateKey: { env: 'DKIM_KEY' } };
  const signer = mailAccount({ url: 'smtps://mail.example', dkim }, { 'dkim.privateKey': pem });
  const bulk = { ...mail, html: '<p>Hi</p>', unsubscribe: 'https://brand.example/u/1' };

  test('is declared in the proof, which holds nothing of the key', async () => {
    const { effect, artifact, message } = await proveMail(signer, bulk);
    expect(effect.request).toMatchObject({
      headers: { 'dkim-signature': '<added at sending: DKIM signature of brand.example, s1>' },
    });
    expect(effect.addedAtSending).toEqual(['headers.date', 'headers.dkim-signature']);
    expect(Buffer.from(artifact.bytes).toString() + message.toString()).not.toMatch(/PRIVATE KEY|DKIM-Signature:/u);
  });

  test('goes before the approved bytes and changes none of them; it is the same each time', async () => {
    const { sent: message } = await proveMail(signer, bulk);
    const [one, other] = [await signed(message, key), await signed(message, key)];
    expect(one.equals(other)).toBe(true);
    expect(one.subarray(-message.length).equals(message)).toBe(true);
    expect(one.subarray(0, -message.length).toString()).toMatch(/^DKIM-Signature: .*\r\n$/su);
  });

  test('verifies, and covers both fields that unsubscribe', async () => {
    const { sent: message } = await proveMail(signer, bulk);
    const result = await signed(message, key);
    const [, field = ''] = headerFields(result).find(([name]) => name === 'DKIM-Signature') ?? [];
    const tags = Object.fromEntries(field.split(';').map((tag) => tag.trim().split(/=(.*)/su).slice(0, 2)));
    const covered = String(tags.h).replaceAll(/\s/gu, '').split(':');
    expect(covered).toEqual(
      expect.arrayContaining([
        'from',
        'to',
        'subject',
        'date',
        'message-id',
        'list-unsubscribe',
        'list-unsubscribe-post',
      ]),
    );
    const lines = covered.map((name) => `${name}:${valuesOf(message, name)[0]?.replaceAll(/[ \t]+/gu, ' ')}\r\n`);
    const raw = result.subarray(0, -message.length).toString('latin1').slice(15);
    const own = raw
      .replaceAll(/\r\n/gu, '')
      .replaceAll(/[ \t]+/gu, ' ')
      .trim()
      .replace(/; b=.*$/u, '; b=');
    const signature = Buffer.from(String(tags.b).replaceAll(/\s/gu, ''), 'base64');
    expect(verify('RSA-SHA256', Buffer.from(`${lines.join('')}dkim-signature:${own}`), publicKey, signature)).toBe(
      true,
    );
  });

  test('a key that cannot sign sends nothing, and is not in the error', async () => {
    const { message } = await proveMail(signer, bulk);
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const privateKey of ['', 'canary-key', ed25519]) {
      const thrown = signed(message, { ...key, privateKey });
      await expect(thrown).rejects.toThrow(
        /^the DKIM key of brand\.example cannot sign: it must be an RSA key in PEM$/u,
      );
    }
  });
});

describe('an account', () => {
  const problems = (entry: object) =>
    smtpProvider.settings.safeParse({ from: 'a@x.test', ...entry }).error?.issues.map(({ message }) => message) ?? [];

  test('is who sends, and from where: never with a user or a password', () => {
    const identified = (url: string) => smtpProvider.identify({ from: 'a@x.test', url });
    expect(identified('smtps://u%40x@Mail.Example')).toEqual({ identity: 'a@x.test', server: 'mail.example:465' });
    expect(identified('smtp://127.0.0.1:1025')).toEqual({ identity: 'a@x.test', server: '127.0.0.1:1025' });
    expect(identified('smtp://u@[::1]')).toEqual({ identity: 'a@x.test', server: '[::1]:587' });
  });

  test.each([
    'smtps://user:canary@mail.example',
    'http://mail.example',
    'smtps://',
    'smtps://mail.example/path',
    'smtps://mail.example?requireTLS=false',
    'smtps://mail.example\r\n',
    'mail.example:465',
  ])('%j is refused, without repeating it', (url) => {
    expect(problems({ url })).toHaveLength(1);
    expect(problems({ url }).join()).not.toContain('canary');
  });

  test('a variable may hold the password: who sends and from where tell nothing of it', () => {
    const { variables } = smtpProvider;
    expect(variables).toMatchObject({
      url: { name: 'SMTP_URL', secret: true },
      imapUrl: { name: 'IMAP_URL', secret: true },
    });
    const settings = smtpSettingsSchema.parse({
      from: 'a@x.test',
      url: { env: 'SMTP_URL' },
      imapUrl: { env: 'IMAP_URL' },
    });
    const secrets = {
      url: 'smtps://ops%40x.test:p%40ss%2Fword@mail.example:465',
      imapUrl: 'imaps://ops@imap.example',
    };
    expect(smtpProvider.identify(settings, secrets)).toEqual({ identity: 'a@x.test', server: 'mail.example:465' });
    expect(sendingServer(settings, secrets)).toMatchObject({
      user: 'ops@x.test',
      password: 'p@ss/word',
      isSecure: true,
    });
    expect(mailboxServer(settings, secrets)).toMatchObject({ port: 993, user: 'ops', password: 'p@ss/word' });
    expect(sendingServer(settings, { url: 'smtp://u:%zz@localhost' })).toMatchObject({
      password: '%zz',
      mayBePlain: true,
    });
    expect(() => smtpProvider.identify(settings, { url: 'canary' })).toThrow(
      /^the address of the server must be smtps/u,
    );
  });

  test('half of a DKIM key and a promise without a mailbox are refused', () => {
    const half = { domain: 'x.test', selector: 's1' };
    expect(problems({ url: 'smtps://mail.example', dkim: half })).toHaveLength(1);
    expect(problems({ url: 'smtps://mail.example', filesSentMail: true })).toEqual([
      expect.stringMatching(/filesSentMail/u),
    ]);
  });
});
