/** The people who decide, as they do it: one queues a post for tomorrow, another one reads a mail and approves it tonight. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { readTime, wallTime } from '../../src/domain/local-time.ts';
import { freePort } from '../../src/local/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { moveClock } from '../support/moved-clock.ts';
import { type Product, startProduct } from '../support/product.ts';
import { type Mailpit, type MastodonServer, startMailpit, startMastodon } from '../support/providers/index.ts';
import { INSTALL_LIMIT_MS } from '../support/providers/install.ts';
import { until } from '../support/until.ts';
import { shownAction } from '../web/suite.ts';

const ZONE = 'Europe/Berlin';
const LANE = 'shop';
const HOUR_MS = 3_600_000;
let product: Product;
let mailpit: Mailpit;
let mastodon: MastodonServer;
let issuer: Issuer;
let browser: Browser;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  [mailpit, mastodon, issuer, browser] = await Promise.all([
    startMailpit(),
    startMastodon(),
    startIssuer(url, 'localhost'),
    launchBrowser(),
  ]);
  issuer.people.set('ben', { preferred_username: 'ben', groups: ['authors'] });
  issuer.people.set('anna', { preferred_username: 'anna', groups: ['approvers'] });
  product = await startProduct({
    AOL_API_PORT: String(port),
    AOL_PUBLIC_URL: url,
    AOL_PROOF_MODE: '0',
    AOL_SECRETS_KEY: randomBytes(32).toString('base64'),
    AOL_OIDC_ISSUER: issuer.url,
    AOL_OIDC_CLIENT_ID: issuer.clientId,
    AOL_OIDC_CLIENT_SECRET: issuer.clientSecret,
    AOL_OIDC_ROLES: 'authors=operator,approvers=approver',
    AOL_NOTICES: 'mailto:anna@example.com?approver=@anna,mailto:ben@example.com?approver=@ben',
    AOL_NOTICE_INTERVAL_MINUTES: '1',
    SMTP_URL: mailpit.smtpUrl,
    SMTP_FROM: 'aol@brand.example',
    MASTODON_URL: mastodon.url,
    MASTODON_ACCESS_TOKEN: mastodon.accessToken,
  });
  await product.client.createLane(LANE);
  const flags = { proof_only: false, approver_must_differ: true } as const;
  await product.client.patchFlags({ lane: LANE, flags, reason: 'the shop goes live' });
}, INSTALL_LIMIT_MS);
afterAll(async () => {
  await browser?.close();
  await product?.close();
  await Promise.all([mailpit?.close(), mastodon?.close(), issuer?.stop()]);
}, 60_000);

/** A browser of a person's own, in Berlin, at a page to which they sign in. */
async function visit(login: string, at: string): Promise<Page> {
  const context = await browser.newContext({ timezoneId: ZONE, viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(at);
  await page.getByRole('link', { name: /^Sign in with/u }).click();
  await page.getByLabel('User name').fill(login);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText(`@${login}`).first().waitFor();
  return page;
}

test('a post for tomorrow at nine: proved, changed once, approved tonight from a mail by somebody else, sent in time, accounted for', async () => {
  const tomorrow = wallTime(new Date(Date.now() + 24 * HOUR_MS), ZONE).slice(0, 10);
  const nine = readTime(`${tomorrow} 09:00 ${ZONE}`);
  if (!nine.ok) throw new Error(nine.rule);

  // Ben queues it, sees what would go out, and finds a typo.
  const ben = await visit('ben', `${url}/enqueue?type=POST_SOCIAL`);
  await ben.getByLabel('Platform').selectOption('mastodon');
  await ben.getByLabel('Text', { exact: true }).fill('Advnet market opens at nine');
  await ben.getByLabel('REAL: send it, once the lane is REAL').check();
  await ben.getByLabel('Lane', { exact: true }).selectOption(LANE);
  await ben.getByLabel(/^Not before/u).fill(`${tomorrow}T09:00`);
  await ben.getByRole('button', { name: 'Queue for REAL' }).click();
  const first = await shownAction(ben);
  await ben.getByText('Awaiting approval').first().waitFor();
  await ben.getByRole('button', { name: 'Edit', exact: true }).click();
  await ben.getByLabel('Text', { exact: true }).fill('Advent market opens at nine');
  await ben.getByRole('button', { name: 'Queue the change' }).click();
  await ben.getByText('Changed from').waitFor();
  const id = await shownAction(ben);
  expect(id).not.toBe(first);

  // He asked for it, so he does not decide.
  const waiting = await until('it waits', async () => {
    const action = await product.client.getAction(id);
    return action.status === 'AWAITING_APPROVAL' && action;
  });
  await until('he may press it', async () => {
    const approve = ben.getByRole('button', { name: 'Approve', exact: true });
    return (await approve.getAttribute('aria-disabled')) === 'false';
  });
  await ben.getByRole('button', { name: 'Approve', exact: true }).click();
  await ben.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await ben
    .getByRole('alert')
    .getByText(/the approver must be somebody else/u)
    .waitFor();

  // Anna gets a mail, follows its link, and approves what she reads.
  const mail = await until(
    'Anna has a mail of the changed version',
    async () => {
      const texts = (await mailpit.mails()).map((one) => one.toString().replaceAll('=\r\n', ''));
      return texts.find((text) => text.includes(`/actions/${id}`));
    },
    120_000,
  );
  expect(mail).toContain('anna@example.com');
  expect(mail).toContain('Advent market opens at nine');
  expect(mail).toContain('asked for by @ben');
  const link = new RegExp(`${url}/actions/${id}`, 'u').exec(mail)?.[0] ?? '';
  const anna = await visit('anna', link);
  expect(anna.url()).toBe(link);
  await anna.getByText('Advent market opens at nine').first().waitFor();
  await anna.getByRole('button', { name: 'Approve', exact: true }).click();
  const dialog = anna.getByRole('dialog');
  await dialog.getByText('Advent market opens at nine').first().waitFor();
  await dialog.getByText(/09:00:00 CES?T/u).waitFor();
  await dialog.getByLabel(/^Reason/u).fill('read twice');
  await dialog.getByRole('button', { name: 'Approve' }).click();
  await dialog.waitFor({ state: 'detached' });
  const approved = await product.client.getAction(id);
  expect(approved).toMatchObject({ status: 'PENDING', runAt: nine.at.toISOString(), approval: { by: '@anna' } });

  await anna.goto(`${url}/logs?people=true`);
  const row = anna.locator('tbody tr', { hasText: 'Approved' }).filter({ hasText: '@anna' });
  await row.getByText(/Advent market opens at nine/u).waitFor();

  // The night goes by. It goes out at nine, and not before.
  await moveClock(product.db, new Date(nine.at.getTime() - 10_000));
  const sent = await until(
    'it is sent',
    async () => {
      const action = await product.client.getAction(id);
      return action.status === 'SUCCESS' && action;
    },
    60_000,
  );
  const afterNineMs = Date.parse(sent.finishedAt ?? '') - nine.at.getTime();
  expect(afterNineMs).toBeGreaterThanOrEqual(0);
  expect(afterNineMs).toBeLessThan(60_000);
  const posts = await mastodon.statuses();
  expect(posts).toHaveLength(1);
  expect(posts[0]?.content).toContain('Advent market opens at nine');

  // Who, what text, when: the log says it, and so does its file.
  const { items } = await product.client.listLogs({ people: true, limit: 50 });
  const act = (event: string) => items.find((entry) => entry.event === event);
  expect(act('APPROVED')).toMatchObject({
    actionId: id,
    actor: '@anna',
    summary: expect.stringContaining('Advent market'),
  });
  expect(act('APPROVED')?.message).toContain(waiting.artifactSha256);
  expect(act('APPROVED')?.message).toContain('read twice');
  expect(Date.parse(act('APPROVED')?.at ?? '')).toBeCloseTo(Date.parse(approved.approval.at ?? ''), -3);
  expect(act('REVISED')).toMatchObject({ actionId: first, actor: '@ben' });
  // Ben heard of nothing that he may not decide.
  const told = (await mailpit.mails()).map((one) => one.toString());
  expect(told.filter((text) => text.includes('ben@example.com'))).toEqual([]);
}, 240_000);
