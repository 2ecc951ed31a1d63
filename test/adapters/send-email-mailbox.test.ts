/** Mails at real servers: what arrives, and what a mailbox tells of a mail whose fate is unknown. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { smtpProvider } from '../../src/adapters/send-email/provider.ts';
import { SETTLE_MS } from '../../src/adapters/send-email/reconcile.ts';
import { createFolder, fileMessage } from '../support/imap.ts';
import { mailAccount, mailAdapter, proveMail } from '../support/mail.ts';
import {
  type GreenMail,
  INSTALL_LIMIT_MS,
  type Mailpit,
  startGreenMail,
  startMailpit,
} from '../support/providers/index.ts';
import { until } from '../support/until.ts';

const newKey = () => `aol-${randomUUID()}`;
const MAIL = { to: ['ada@x.test'], subject: 'Grüße 👋', text: 'Hallo\n.\nÄpfel', html: '<p>Hallo</p>' };

describe('Mailpit', () => {
  let mailpit: Mailpit;
  beforeAll(async () => {
    mailpit = await startMailpit();
  }, INSTALL_LIMIT_MS);
  afterAll(() => mailpit?.close());
  afterEach(() => mailpit.chaos({}));

  const send = async () => {
    const secrets = { url: `smtp://anybody:canary-password@127.0.0.1:${mailpit.smtpPort}` };
    const proof = await proveMail(mailAccount({}, secrets), MAIL, { key: newKey() });
    return { ...proof, outcome: await mailAdapter.perform?.(proof.effect, proof.context) };
  };

  test('receives the bytes that the proof has stored', async () => {
    const { outcome, message } = await send();
    expect(outcome?.kind).toBe('done');
    const [received] = await mailpit.mails();
    // What Mailpit itself puts before it: Return-Path and Received.
    expect(received?.subarray(-message.length).equals(message)).toBe(true);
    expect(JSON.stringify(outcome)).not.toContain('canary-password');
  });

  test.each([
    [{ sender: 451 }, 'not_sent'],
    [{ sender: 550 }, 'rejected'],
    [{ recipient: 451 }, 'not_sent'],
    [{ recipient: 550 }, 'rejected'],
    [{ authentication: 535 }, 'on_hold'],
  ] as const)('refuses %j: %s, and no mail', async (chaos, kind) => {
    const before = (await mailpit.mails()).length;
    await mailpit.chaos(chaos);
    expect((await send()).outcome).toMatchObject({ kind, reason: expect.not.stringMatching(/canary-password/u) });
    expect(await mailpit.mails()).toHaveLength(before);
  });
});

describe('GreenMail', () => {
  let greenMail: GreenMail;
  beforeAll(async () => {
    greenMail = await startGreenMail();
  }, INSTALL_LIMIT_MS);
  afterAll(() => greenMail?.close());

  const account = (more: object = {}, password = greenMail.password) => {
    const imap = `127.0.0.1:${greenMail.imapPort}`;
    const { user, address } = greenMail;
    const settings = { from: address, imapUrl: `imap://${user}@${imap}`, ...more };
    return mailAccount(settings, { url: greenMail.smtpUrl, imapPassword: password }, [imap]);
  };
  /** The sender gets a hidden copy: so its mailbox has what was sent. */
  const mail = () => ({ ...MAIL, bcc: [greenMail.address] });
  const prove = (options: { key: string; firstAttemptAt?: Date; signal?: AbortSignal }, more: object = {}) =>
    proveMail(account(more), mail(), options);

  test('case 34: the connection is cut after the final dot: unknown, found in the mailbox, exactly one mail', async () => {
    const proof = await prove({ key: newKey() });
    const before = (await greenMail.mails()).length;
    greenMail.cutAfterDot('stored');
    expect(await mailAdapter.perform?.(proof.effect, proof.context)).toMatchObject({ kind: 'unknown' });
    const said = await until('it is found', async () => {
      const answer = await mailAdapter.reconcile?.(proof.effect, proof.context);
      return answer?.kind === 'happened' && answer;
    });
    expect(said.receipt).toEqual({
      foundByReading: true,
      foundAt: expect.stringMatching(/^20/u),
      mailbox: 'INBOX',
      by: 'Message-ID',
      messageId: `<${proof.context.providerKey}@aol.test>`,
    });
    expect(await greenMail.mails()).toHaveLength(before + 1);
    expect(await greenMail.mails('ada@x.test')).not.toEqual([]);
  });

  test('case 24: a provider that puts its own Message-ID in the place of ours: found by our key', async () => {
    const key = newKey();
    const filed = `Message-ID: <replaced@provider.test>\r\nX-Aol-Key: ${key}\r\nSubject: hi\r\n\r\nBody.\r\n`;
    await fileMessage(greenMail, filed);
    const { effect, context } = await prove({ key });
    expect(await mailAdapter.reconcile?.(effect, context)).toMatchObject({
      kind: 'happened',
      receipt: { by: 'X-AOL-Key', messageId: '<replaced@provider.test>' },
    });
  });

  test('not found proves nothing: it is asked again in a minute', async () => {
    const { effect, context } = await prove({ key: newKey(), firstAttemptAt: new Date(0) });
    expect(await mailAdapter.reconcile?.(effect, context)).toEqual({
      kind: 'cannot_tell',
      reason: 'the mailbox does not have it, which proves nothing',
      askAgainAfterMs: 60_000,
    });
  });

  test('where the server files all that it sends, it did not happen, once that had its time', async () => {
    await createFolder(greenMail, 'Sent');
    const files = { filesSentMail: true };
    const soon = await prove({ key: newKey() }, files);
    expect(await mailAdapter.reconcile?.(soon.effect, soon.context)).toMatchObject({
      kind: 'cannot_tell',
      askAgainAfterMs: 60_000,
    });
    const settled = await prove({ key: newKey(), firstAttemptAt: new Date(Date.now() - SETTLE_MS) }, files);
    expect(await mailAdapter.reconcile?.(settled.effect, settled.context)).toEqual({ kind: 'did_not_happen' });
  });

  test('a wrong password, a server that is away, a stop: nobody can tell', async () => {
    const wrong = await proveMail(account({}, 'wrong-canary'), mail(), { key: newKey() });
    expect(await mailAdapter.reconcile?.(wrong.effect, wrong.context)).toEqual({
      kind: 'cannot_tell',
      reason: 'the mailbox could not be read: the log-in was refused',
      askAgainAfterMs: 60_000,
    });
    const away = await proveMail(account({ imapUrl: 'imap://ops@127.0.0.1:1' }), mail(), { key: newKey() });
    expect(await mailAdapter.reconcile?.(away.effect, away.context)).toMatchObject({ kind: 'cannot_tell' });
    const stopped = await prove({ key: newKey(), signal: AbortSignal.abort() });
    expect(await mailAdapter.reconcile?.(stopped.effect, stopped.context)).toMatchObject({ kind: 'cannot_tell' });
  });

  test('an account without a mailbox cannot tell, and is not asked again', async () => {
    const plain = mailAccount({ from: greenMail.address }, { url: greenMail.smtpUrl });
    const { effect, context } = await proveMail(plain, mail(), { key: newKey() });
    const said = await mailAdapter.reconcile?.(effect, context);
    expect(said).toEqual({ kind: 'cannot_tell', reason: expect.stringMatching(/imapUrl/u) });
  });

  test('the check logs in to both, and tells where sent mail lies', async () => {
    const check = async (password: string) => {
      const { account: entry, credential, allow } = account({}, password);
      const { context } = await proveMail({ account: entry, credential, allow }, mail());
      const { exchange } = context;
      const signal = AbortSignal.timeout(5_000);
      return smtpProvider.check({ settings: entry.settings, secrets: credential, credential, exchange, signal });
    };
    expect(await check(greenMail.password)).toMatchObject({ kind: 'ready', facts: { sentFolder: 'Sent' } });
    expect(await check('wrong-canary')).toMatchObject({
      kind: 'needs_login',
      reason: expect.stringMatching(/mailbox/u),
    });
  });
});
