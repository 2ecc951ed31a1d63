/** The product tells people, though its worker is killed while it does. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { headerFields } from '../support/mail.ts';
import { type Product, startProduct } from '../support/product.ts';
import { type Mailpit, startMailpit } from '../support/providers/index.ts';
import { INSTALL_LIMIT_MS } from '../support/providers/install.ts';
import { type SmtpProxy, startSmtpProxy } from '../support/providers/smtp-proxy.ts';
import { until } from '../support/until.ts';

let product: Product;
let mailpit: Mailpit;
let proxy: SmtpProxy;
let kill: () => Promise<void>;

beforeAll(async () => {
  mailpit = await startMailpit();
  proxy = await startSmtpProxy(mailpit.smtpPort);
  product = await startProduct({
    AOL_NOTICES: 'mailto:ops@example.com',
    AOL_PUBLIC_URL: 'https://aol.example',
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    SMTP_URL: `smtp://127.0.0.1:${proxy.port}`,
    SMTP_FROM: 'aol@brand.example',
  });
  kill = product.killWorker;
  await until('it is known', async () => (await product.client.listNotices()).destinations.length === 1);
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await proxy?.close();
  await mailpit?.close();
}, 60_000);

const messageIds = async () =>
  (await mailpit.mails()).map((mail) => headerFields(mail).find(([name]) => name === 'Message-ID')?.[1]);
/** Sends a test, kills the worker within its attempt, starts another one. */
async function killedWhileSending(cut: 'stored' | 'lost'): Promise<void> {
  await fetch(`${mailpit.url}/api/v1/messages`, { method: 'DELETE' });
  const before = proxy.dots();
  proxy.cutAfterDot(cut, { hang: true });
  const { askedAt } = await product.client.testNotices();
  await until('it hangs', () => proxy.dots() > before);
  if (cut === 'stored') await until('the server has it', async () => (await mailpit.mails()).length === 1);
  await kill();
  const worker = product.startWorker();
  kill = () => worker.stop('SIGKILL');
  await until(
    'it is sent',
    async () => {
      const { items } = await product.client.listNotices();
      return items.some(({ createdAt, state }) => createdAt >= askedAt && state === 'sent');
    },
    60_000,
  );
}

test('a worker that is killed before its mail was taken: another one sends it, once', async () => {
  await killedWhileSending('lost');
  expect(await messageIds()).toHaveLength(1);
}, 90_000);

test('a worker that is killed after its mail was taken, without knowing: it comes again under the same id', async () => {
  await killedWhileSending('stored');
  const ids = await messageIds();
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
}, 90_000);

test('the command line tests where notices go, and lists what went there', async () => {
  const items = (await product.client.listNotices()).items;
  expect(items.map(({ state }) => state)).toEqual(['sent', 'sent']);
  expect(items[0]?.attempts).toBe(2);
  const status = await product.client.status();
  expect(status.notices).toMatchObject([{ destination: 'mailto:ops@example.com', failing: null }]);
});
