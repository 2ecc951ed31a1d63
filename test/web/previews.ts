/** What goes out as its receiver sees it, who speaks, where it was published; and the form that queues it. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { png } from '../support/pictures.ts';
import { until } from '../support/until.ts';
import { becomes, client, queue, REAL, shownAction, suite, visit, withPage } from './suite.ts';

const ALT = 'Two owls on a wall';

/** Whether the browser has drawn it, and not a sign that it is missing. */
function isDrawn(page: Page, alt: string): Promise<boolean> {
  return page.evaluate<boolean>(
    `[...document.querySelectorAll('img')].some((one) => one.alt === ${JSON.stringify(alt)} && one.naturalWidth > 0)`,
  );
}

async function picture(): Promise<string> {
  return (await client().putBlob(png(64, 40), 'image/png')).sha256;
}

export function previewTests(): void {
  describe('previews', () => {
    test('a post has its account, its pictures with their texts, its warning and its card', async () => {
      const handle = suite.dashboard.bluesky.account.handle;
      const withPicture = await queue('POST_SOCIAL', {
        platform: 'bluesky',
        content: 'Look at them',
        media: [{ sha256: await picture(), alt: ALT }, { sha256: (await client().putBlob(png(8, 8))).sha256 }],
      });
      const withCard = await queue('POST_SOCIAL', {
        platform: 'bluesky',
        content: 'Read this',
        link: 'https://example.com/owls',
        card: { title: 'Owls of the town', description: 'All nine of them' },
      });
      const withWarning = await queue('POST_SOCIAL', { platform: 'mastodon', content: 'Behind', warning: 'Spoilers' });
      for (const id of [withPicture, withCard, withWarning]) await becomes(id, 'SUCCESS');
      await withPage({ at: `/actions/${withPicture}` }, async ({ page }) => {
        const post = page.getByRole('figure', { name: 'The post' });
        await post.locator('.post-head').getByText(handle).waitFor();
        await post.getByText(`Alt text: ${ALT}`).waitFor();
        await until('the picture is drawn', () => isDrawn(page, ALT));
        await post.getByText('No text for those who cannot see it').waitFor();
        await page.locator('.facts').getByText(suite.dashboard.bluesky.url).waitFor();
        await visit(page, `/actions/${withCard}`);
        await page.locator('.post-card').getByText('All nine of them').waitFor();
        await page.locator('.post-card').getByText('example.com', { exact: true }).waitFor();
        await visit(page, `/actions/${withWarning}`);
        await page.locator('.post-warning').getByText('Spoilers').waitFor();
      });
    });

    test('a mail has its attachments by name and size, and the whole message to save', async () => {
      const file = await client().putBlob(Buffer.from('%PDF-1.7\n%%EOF\n'.padEnd(2_400, ' ')), 'application/pdf');
      const id = await queue('SEND_EMAIL', {
        to: ['ada@example.com'],
        subject: 'The programme',
        text: 'It is attached.',
        attachments: [{ sha256: file.sha256, fileName: 'programme 2026.pdf' }],
      });
      await becomes(id, 'SUCCESS');
      await withPage({ at: `/actions/${id}` }, async ({ page }) => {
        const attachments = page.getByRole('list', { name: 'Attachments' });
        await attachments.getByText('programme 2026.pdf').waitFor();
        await attachments.getByText('application/pdf, 2 kB').waitFor();
        const saved = page.waitForEvent('download');
        await attachments.getByText('the whole message.eml').click();
        expect((await saved).suggestedFilename()).toMatch(/\.eml$/u);
      });
    });

    test('a message of a chat and a question to a model look like what they are', async () => {
      const chat = await queue('POST_CHAT', { service: 'slack', channel: 'C0123456789', text: 'The release is out' });
      const prompt = await queue('GENERATE_TEXT', {
        prompt: 'Say what an owl is.',
        system: 'Be short.',
        model: 'small-model',
        maxTokens: 60,
      });
      for (const id of [chat, prompt]) await becomes(id, 'SUCCESS');
      await withPage({ at: `/actions/${chat}` }, async ({ page }) => {
        await page.getByRole('figure', { name: 'The message' }).getByText('in C0123456789').waitFor();
        await visit(page, `/actions/${prompt}`);
        const asked = page.getByRole('figure', { name: 'What the model is asked' });
        for (const words of ['small-model', 'Be short.', 'Say what an owl is.', 'answers with at most 60 tokens'])
          await asked.getByText(words).waitFor();
      });
    });

    test('the dialog that approves names the account and the server; what was published is one link away', async () => {
      const { account, url } = suite.dashboard.bluesky;
      const media = [{ sha256: await picture(), alt: ALT }];
      const payload = { platform: 'bluesky', content: 'Approved by a person', media };
      const id = await queue('POST_SOCIAL', payload, { ...REAL, requireApproval: true });
      await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: `/actions/${id}` }, async ({ page }) => {
        const approve = page.getByRole('button', { name: 'Approve', exact: true });
        await until('it may be pressed', async () => (await approve.getAttribute('aria-disabled')) === 'false');
        await approve.click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(account.handle, { exact: true }).waitFor();
        await dialog.getByText('(account brand)').waitFor();
        await dialog.getByText(url, { exact: true }).waitFor();
        await dialog.getByText(/^SHA-256/u).click();
        await dialog.getByText(/^[0-9a-f]{64}$/u).waitFor();
        await dialog.getByText(ALT).waitFor();
        await dialog.getByRole('button', { name: 'Approve' }).click();
        await becomes(id, 'SUCCESS');
        const link = page.getByRole('link', { name: /^See it on bsky\.app/u });
        await link.waitFor();
        expect(await link.getAttribute('rel')).toBe('noreferrer');
        const { receipt } = await client().getAction(id);
        expect(await link.getAttribute('href')).toBe(receipt?.url);
        expect(suite.dashboard.bluesky.posts()[0]?.value).toMatchObject({ text: 'Approved by a person' });
      });
    });
  });

  describe('the form', () => {
    test('offers the accounts of the platform, and takes a picture with its text', async () => {
      await withPage({ at: '/enqueue?type=POST_SOCIAL' }, async ({ page }) => {
        await page.getByLabel('Platform').selectOption('mastodon');
        await page.getByText(/^No worker has an account of mastodon/u).waitFor();
        await page.getByLabel('Platform').selectOption('bluesky');
        const account = page.getByLabel(/^Account/u);
        await account.selectOption('brand');
        expect(await account.locator('option:checked').innerText()).toContain(suite.dashboard.bluesky.account.handle);
        await page.getByLabel('Text', { exact: true }).fill('From the form, with a picture');
        await page.getByLabel(/^Language/u).fill('en');
        expect(await page.locator('input#payload-language').count()).toBe(1);
        await page
          .getByLabel(/^Pictures/u)
          .setInputFiles({ name: 'owls.png', mimeType: 'image/png', buffer: png(96, 64) });
        await page.getByLabel('Text for those who cannot see it').fill(ALT);
        await until('its thumbnail is drawn', () => isDrawn(page, ALT));
        await page.locator('.sticky-side').getByText(`Alt text: ${ALT}`).waitFor();
        await page.getByRole('button', { name: 'Queue as a proof' }).click();
        await page.getByRole('heading', { name: 'Bluesky: From the form, with a picture' }).waitFor();
        const id = await shownAction(page);
        await becomes(id, 'SUCCESS');
        const { payload } = await client().getAction(id);
        expect(payload).toMatchObject({ account: 'brand', language: 'en', media: [{ alt: ALT }] });
      });
    });

    test('takes files of a mail by their names, and tells why one is refused', async () => {
      await withPage({ at: '/enqueue?type=SEND_EMAIL' }, async ({ page }) => {
        const files = page.getByLabel(/^Attachments/u);
        await files.setInputFiles({ name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) });
        await page
          .getByRole('alert')
          .getByText(/must not be empty/u)
          .waitFor();
        await page.getByLabel('To', { exact: true }).fill('ada@example.com');
        await page.getByLabel('Subject').fill('The guests');
        await page.getByLabel('Text', { exact: true }).fill('They are attached.');
        await files.setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
        await page.getByLabel('Name of the file').fill('guests.csv');
        await page.locator('.sticky-side').getByText('guests.csv').waitFor();
        await page.getByRole('button', { name: 'Remove guests.csv' }).click();
        await page.locator('.sticky-side').getByText('guests.csv').waitFor({ state: 'detached' });
      });
    });
  });
}
