/** Notices in the settings: where they go, whether they arrive, and a test of them. */

import { describe, expect, test } from '@jest/globals';
import { publishDestinations } from '../../src/db/keep/notices.ts';
import { until } from '../support/until.ts';
import { looksWell } from './looks.ts';
import { client, suite, visit, withPage } from './suite.ts';

const MAIL = 'mailto:ops@example.com';
const CHAT = 'slack:#approvals?approver=@anna';

export function noticeTests(): void {
  describe('notices', () => {
    test('a test arrives at one and not at the other, whose reason is told; no address of a webhook is shown whole', async () => {
      const hook = 'https://hooks.example/…0a1b2c3d';
      await publishDestinations(suite.dashboard.db, [
        { name: MAIL },
        { name: CHAT, approver: '@anna' },
        { name: hook },
      ]);
      await withPage({ role: 'admin', at: '/settings', reducedMotion: 'reduce' }, async ({ page }) => {
        const row = (name: string) => page.locator('tr', { has: page.getByText(name, { exact: true }) }).first();
        await row(MAIL).getByText('arrives', { exact: true }).waitFor();
        await page.getByRole('button', { name: 'Send a test' }).click();
        await page.getByText('A test is on its way to 3 destinations').waitFor();
        await until('one arrived, the others did not', async () => {
          const { destinations } = await client().listNotices();
          return destinations.map(({ failing }) => failing === null).join() === 'false,true,false';
        });
        await row(MAIL).locator('td[data-label="last sent"] time').waitFor();
        await row(CHAT)
          .getByText(/does not arrive since .* this worker has another AOL_NOTICES/u)
          .waitFor();
        await page.getByText(/^The last messages/u).click();
        await page
          .getByRole('row', { name: /mailto:ops@example\.com sent AOL: a test/u })
          .first()
          .waitFor();
        await page
          .getByRole('row', { name: /approver=@anna on its way AOL: /u })
          .first()
          .waitFor();
        await looksWell(page, 'section[aria-labelledby=panel-notices]');
      });
      await suite.dashboard.db.query('DELETE FROM aol_notice_destinations WHERE name <> $1', [MAIL]);
    });

    test('a viewer reads it, and may not send a test', async () => {
      await withPage({ role: 'viewer' }, async ({ page }) => {
        await visit(page, '/settings');
        await page.getByText(MAIL, { exact: true }).first().waitFor();
        const button = page.getByRole('button', { name: 'Send a test' });
        expect(await button.getAttribute('title')).toMatch(/^This needs the role/u);
      });
    });
  });
}
