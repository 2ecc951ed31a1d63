/** A worker that is killed at each step of a mail: whatever the server had by then, there is one mail. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFolder } from '../support/imap.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { type GreenMail, INSTALL_LIMIT_MS, startGreenMail } from '../support/providers/index.ts';
import { until } from '../support/until.ts';

let product: Product;
let greenMail: GreenMail;
let folder: string;
let kill: () => Promise<void>;

beforeAll(async () => {
  greenMail = await startGreenMail();
  await createFolder(greenMail, 'Sent');
  folder = await mkdtemp(join(tmpdir(), 'aol-killed-mail-'));
  const file = join(folder, 'accounts.yaml');
  const shop = {
    provider: 'smtp',
    url: { env: 'SHOP_SMTP' },
    from: greenMail.address,
    imapUrl: `imap://${greenMail.user}@127.0.0.1:${greenMail.imapPort}`,
    imapPassword: { env: 'SHOP_IMAP_PASSWORD' },
    // A hidden copy of each mail goes to the sender.
    filesSentMail: true,
    budget: { perHour: 100 },
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ shop }));
  product = await startProduct({
    AOL_PROOF_MODE: '0',
    AOL_ACCOUNTS: file,
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    AOL_WEBHOOK_ALLOW: `127.0.0.1:${greenMail.imapPort}`,
    SHOP_SMTP: greenMail.smtpUrl,
    SHOP_IMAP_PASSWORD: greenMail.password,
  });
  kill = product.killWorker;
  await product.client.patchFlags({ flags: { proof_only: false, tick_interval_ms: 0 } });
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await greenMail?.close();
  await rm(folder, { recursive: true, force: true });
}, START_LIMIT_MS);

/** Queues a mail, waits until its conversation hangs, and kills the worker that holds it. Another one takes its place. */
async function killedDuring(to: string, hang: () => void): Promise<string> {
  const before = greenMail.hanging();
  hang();
  const payload = { to: [to], bcc: [greenMail.address], subject: 'Your order', text: 'It is on its way.' };
  const { id } = await product.client.enqueue({ type: 'SEND_EMAIL', mode: 'REAL', payload });
  await until('it hangs', () => greenMail.hanging() > before);
  await kill();
  const worker = product.startWorker();
  kill = () => worker.stop('SIGKILL');
  return id;
}

const reaches = (id: string, status: string) =>
  until(
    `${id} is ${status}`,
    async () => {
      const action = await product.client.getAction(id);
      if (action.finishedAt !== null && action.status !== status)
        throw new Error(`${action.status}: ${action.lastError}`);
      return action.status === status && action;
    },
    START_LIMIT_MS,
  );

/** As if so much time had passed since its attempt. */
async function pass(id: string, span: string): Promise<void> {
  const { db } = product;
  await db.query('ALTER TABLE aol_execution_logs DISABLE TRIGGER USER');
  await db.query(`UPDATE aol_execution_logs SET at = at - $2::interval WHERE action_id = $1`, [id, span]);
  await db.query('ALTER TABLE aol_execution_logs ENABLE TRIGGER USER');
  await db.query('UPDATE aol_actions SET run_at = clock_timestamp() WHERE id = $1', [id]);
}

test('case 1: killed when the server had the mail, before its reply was read: found by IMAP, and never sent again', async () => {
  const id = await killedDuring('stored@x.test', () => greenMail.cutAfterDot('stored', { hang: true }));
  const action = await reaches(id, 'SUCCESS');
  expect(action).toMatchObject({
    attempts: 1,
    receipt: { foundByReading: true, mailbox: 'INBOX', messageId: `<aol-${id}@aol.test>` },
  });
  expect(await greenMail.mails('stored@x.test')).toHaveLength(1);
}, 90_000);

test.each<[when: string, hang: (greenMail: GreenMail) => void]>([
  ['before its envelope', ({ hangAt }) => hangAt('MAIL FROM')],
  ['in its envelope', ({ hangAt }) => hangAt('RCPT TO')],
  ['before its text', ({ hangAt }) => hangAt('DATA')],
  ['before its end', ({ cutAfterDot }) => cutAfterDot('lost', { hang: true })],
])(
  'case 1: killed %s: asked after until the mailbox is sure, and then sent once',
  async (when, hang) => {
    const to = `${when.replaceAll(' ', '-')}@x.test`;
    const id = await killedDuring(to, () => hang(greenMail));
    await until(
      'it waits, and nothing is sent',
      async () => {
        const { status, attempts, runAt } = await product.client.getAction(id);
        return status === 'PENDING' && attempts === 1 && Date.parse(runAt) > Date.now() + 30_000;
      },
      START_LIMIT_MS,
    );
    expect(await greenMail.mails(to)).toEqual([]);
    await pass(id, '11 minutes');
    expect(await reaches(id, 'SUCCESS')).toMatchObject({ receipt: { accepted: [to, greenMail.address] } });
    expect(await greenMail.mails(to)).toHaveLength(1);
  },
  90_000,
);
