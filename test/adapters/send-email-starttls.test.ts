/** STARTTLS against a server of others that insists on it. */

import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { smtpProvider } from '../../src/adapters/send-email/provider.ts';
import { parseWebhookAllow } from '../../src/domain/webhook-settings.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { mailAccount, mailAdapter, proveMail } from '../support/mail.ts';
import { INSTALL_LIMIT_MS, type Mailpit, startMailpit } from '../support/providers/index.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../support/receiver.ts';

const MAIL = { to: ['ada@x.test'], subject: 'Your order', text: 'Grüße\n.\n' };
const trusted = getCACertificates('default');

let mailpit: Mailpit;
beforeAll(async () => {
  mailpit = await startMailpit({ cert: TEST_CERTIFICATE, key: TEST_KEY });
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await mailpit?.close();
});

/** The server by a name that is not of this machine: its certificate has to be good. */
async function through(hostname: string) {
  const host = `${hostname}:${mailpit.smtpPort}`;
  const guard = createSsrfGuard(parseWebhookAllow(host) ?? [], () => Promise.resolve(['127.0.0.1']));
  const blobs = memoryBlobs();
  const account = mailAccount({ url: `smtp://anybody@${host}` }, { password: 'canary-password' });
  const proof = await proveMail(account, MAIL, { blobs });
  const exchange = createExchange(guard, blobs.read);
  const { settings } = account.account;
  return {
    ...proof,
    send: () => mailAdapter.perform?.(proof.effect, { ...proof.context, exchange }),
    check: () =>
      smtpProvider.check({
        settings,
        secrets: account.credential,
        credential: account.credential,
        exchange,
        signal: AbortSignal.timeout(5_000),
      }),
  };
}

test('a certificate that nobody vouches for, or of another name: neither password nor mail', async () => {
  const mail = await through('hook.test');
  expect(await mail.send()).toMatchObject({ kind: 'not_sent', reason: expect.not.stringContaining('canary') });
  setDefaultCACertificates([...trusted, TEST_CERTIFICATE]);
  expect(await (await through('other.test')).send()).toMatchObject({ kind: 'not_sent' });
  expect(await mailpit.mails()).toEqual([]);
});

test('with a good one the mail goes on in TLS, logs in there, and arrives as it was stored', async () => {
  setDefaultCACertificates([...trusted, TEST_CERTIFICATE]);
  const mail = await through('hook.test');
  expect(await mail.check()).toMatchObject({ kind: 'ready' });
  expect(await mail.send()).toMatchObject({ kind: 'done', receipt: { accepted: ['ada@x.test'] } });
  const [received, ...others] = await mailpit.mails();
  expect(others).toEqual([]);
  expect(received?.subarray(-mail.message.length).equals(mail.message)).toBe(true);
});
