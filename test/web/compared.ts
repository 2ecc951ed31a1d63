/** What one decides on: titles, differences from what was approved, long bodies. */

import { describe, expect, test } from '@jest/globals';
import { card, openCard } from './decisions.ts';
import { becomes, client, queue, REAL, withPage } from './suite.ts';

const approvals = '/decisions?show=AWAITING_APPROVAL&lane=letters';

const webhook = (url: string, body: object) =>
  queue('CALL_WEBHOOK', { url, body: JSON.parse(JSON.stringify(body)) }, { ...REAL, requireApproval: true });

export function comparedTests(): void {
  describe('what one decides on', () => {
    test('differences are right without a reload when another one is approved; the key’s headers are none', async () => {
      const url = 'https://hooks.example.org/news';
      const first = await webhook(url, { channel: '#news', text: 'Doors open at seven, on Friday' });
      const second = await webhook(url, { channel: '#news', text: 'Doors open at eight, on Friday' });
      const third = await webhook(url, { channel: '#news', text: 'We look for somebody who bakes' });
      for (const id of [first, second, third]) await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: approvals }, async ({ page }) => {
        // Two calls of one address are called by their content.
        await card(page, first).getByText('hooks.example.org/news: Doors open at seven, on Friday').waitFor();
        await openCard(page, second);
        await card(page, second).getByText('Nothing was approved for this account before: read all of it.').waitFor();
        await client().approve(first, { sha256: (await client().getAction(first)).artifactSha256 ?? '' });
        await card(page, second).locator('ins', { hasText: 'eight' }).waitFor();
        expect(await card(page, second).locator('.differences li').count()).toBe(1);
        await card(page, second).getByText('Compared with').waitFor();
        // Of a text that is another one the old and the new stand under one another.
        await openCard(page, third);
        const old = card(page, third).locator('del');
        const fresh = card(page, third).locator('ins');
        await fresh.getByText('We look for somebody who bakes').waitFor();
        const [above, below] = [await old.boundingBox(), await fresh.boundingBox()];
        expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
        // The headers that each request has are folded away.
        await card(page, third).getByText('headers that AOL adds').waitFor();
        expect(await card(page, third).getByText('idempotency-key').isVisible()).toBe(false);
      });
      for (const id of [second, third]) await client().reject(id);
      await client().cancel(first);
    });

    test('a long body says how much more there is, and no part of the page scrolls by itself', async () => {
      const lines = Array.from({ length: 57 }, (_, index) => `line ${index}`);
      const id = await webhook('https://hooks.example.org/long', { lines });
      await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: approvals }, async ({ page }) => {
        await openCard(page, id);
        const body = card(page, id).getByLabel('The request’s body');
        await body.getByRole('button', { name: '37 more lines' }).click();
        await body.getByText('"line 56"').waitFor();
        const scrolling = await page.evaluate<readonly string[]>(
          `[...document.querySelectorAll('.decision *')].filter((one) => one.scrollHeight > one.clientHeight + 1
            && ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)).map((one) => one.className)`,
        );
        expect(scrolling).toEqual([]);
      });
      await client().reject(id);
    });
  });
}
