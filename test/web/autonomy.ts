/** The start page: is it safe, what is it doing, what waits, and the stop. */

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { playScene } from './scene.ts';
import {
  becomes,
  client,
  flagOf,
  nextPress,
  pressAndConfirm,
  queue,
  REAL,
  statusOf,
  suite,
  violationsOf,
  visit,
  withPage,
} from './suite.ts';

/** What the tests after this one find. */
export let scene: Awaited<ReturnType<typeof playScene>>;

const tile = (page: Page, status: string) => page.locator(`.tile[data-status="${status}"] b`).innerText();

export function autonomyTests(): void {
  describe('the start page', () => {
    beforeAll(async () => {
      await suite.dashboard.startWorker();
      scene = await playScene(suite.dashboard);
    });

    test('says REAL and why, and counts what the database holds', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByRole('heading', { name: '1 of 3 lanes sends for real.' }).waitFor();
        expect(await page.locator('.safety').getAttribute('data-mode')).toBe('REAL');
        expect(await page.locator('.lane[data-lane="default"]').innerText()).toContain('proof_only is true');
        const { rows } = await suite.dashboard.db.query<{ status: string; count: string }>(
          'SELECT status, count(*) AS count FROM aol_actions GROUP BY status',
        );
        for (const { status, count } of rows) {
          await until(`the tile of ${status} shows ${count}`, async () => (await tile(page, status)) === String(count));
        }
        const letters = page.locator('.lane[data-lane="letters"]');
        await until('its lease', async () => /GREEN[\s\S]*left · token \d+/u.test(await letters.innerText()));
        await page.getByText(/The oldest due action has waited/u).waitFor();
        await page.getByText('since this page was opened').waitFor();
        await page.locator('.chart canvas').nth(1).waitFor();
      });
    });

    test('shows what the next tick would do, of the lane that was chosen', async () => {
      await withPage({ at: '/?lane=campaign' }, async ({ page }) => {
        const panel = page.locator('.panel', { hasText: 'Next tick would do these' });
        await panel.getByText(/paused/u).waitFor();
        await page.locator('.lane[data-lane="default"] .link-button').click();
        await panel.getByText('In lane default').waitFor();
        await page.waitForURL(({ searchParams }) => searchParams.get('lane') === 'default');
      });
    });

    test('pause and resume of one lane', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByRole('button', { name: 'Pause lane default' }).click();
        await page.getByRole('button', { name: 'Resume lane default' }).waitFor();
        expect(await flagOf('default', 'paused')).toBe(true);
        await pressAndConfirm(page, 'Resume lane default', 'Resume', 'lunch is over');
        await page.getByRole('button', { name: 'Pause lane default' }).waitFor();
        expect(await flagOf('default', 'paused')).toBe(false);
        await page.getByText('lunch is over').first().waitFor();
        const logged = await client().listLogs({ event: 'FLAG_CHANGED', lane: 'default', limit: 1 });
        expect(logged.items[0]).toMatchObject({ actor: 'operator', detail: { name: 'paused', value: false } });
      });
    });

    test('one press kills: what runs is aborted, another browser sees it within a second, and only Start revives', async () => {
      const hanging = await queue('PLAY', { name: 'hangs', acts: ['hang'], redelivery: 'dedupes' }, REAL);
      await becomes(hanging, 'RUNNING');
      await withPage({}, async ({ page }) => {
        await withPage({ at: '/actions' }, async ({ page: other }) => {
          await other.locator(`tr[data-id="${hanging}"]`).getByText('Running').waitFor();
          const kill = page.getByRole('button', { name: 'Kill all lanes' });
          await kill.waitFor();
          const pressedAt = nextPress(page);
          await kill.click();
          await other.getByRole('button', { name: 'Start all lanes' }).waitFor({ timeout: 5_000 });
          expect(Date.now() - (await pressedAt)).toBeLessThan(1_000);
          expect(await flagOf('*', 'killed')).toBe(true);
          await until('it no longer runs', async () => (await statusOf(hanging)) !== 'RUNNING');
          await page.getByRole('heading', { name: 'Everything is stopped, and stays stopped.' }).waitFor();
          await page.getByText(/was committed in \d+ ms; nothing was at work after/u).waitFor();
          // Whoever looks later, and has not pressed it, reads from the log how long it took.
          await other.goto(suite.dashboard.url);
          await other.getByText(/; 1 attempt ended within \d+ ms/u).waitFor();
          await other.getByRole('button', { name: 'Start all lanes' }).click();
          await other.getByRole('dialog').getByText('What is due and was queued for REAL will be sent.').waitFor();
          await other.keyboard.press('Escape');
          expect(await flagOf('*', 'killed')).toBe(true);
          await client()
            .cancel(hanging)
            .catch(() => undefined);
          await pressAndConfirm(other, 'Start all lanes', 'Start', 'false alarm');
          await page.getByRole('button', { name: 'Kill all lanes' }).waitFor();
          expect(await flagOf('*', 'killed')).toBe(false);
        });
      });
    });

    test('pause of all lanes, from any page', async () => {
      await withPage({ at: '/adapters' }, async ({ page }) => {
        await page.getByRole('button', { name: 'Pause all lanes' }).click();
        await page.getByText('Paused.').waitFor();
        expect(await flagOf('*', 'paused')).toBe(true);
        await pressAndConfirm(page, 'Resume all lanes', 'Resume');
        await page.getByRole('button', { name: 'Pause all lanes' }).waitFor();
        expect(await flagOf('*', 'paused')).toBe(false);
      });
    });

    test('a server that is away greys the page and tells the age of what it shows; it comes back by itself', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByText('Live', { exact: true }).waitFor();
        // There must be something that can grow old: the stream may be live before the first status was read.
        await page.locator('.lane[data-lane="default"]').waitFor();
        await suite.dashboard.stopApi();
        try {
          await page
            .getByRole('alert')
            .getByText(/What you see is .* old/u)
            .waitFor({ timeout: 20_000 });
          await page.getByText('Connection lost').first().waitFor();
          expect(await page.locator('main').getAttribute('data-stale')).toBe('');
          expect(await violationsOf(page)).toEqual([]);
          await page.getByRole('button', { name: 'Kill all lanes' }).click();
          await page.getByText(/Kill failed: The server does not answer/u).waitFor();
        } finally {
          await suite.dashboard.startApi();
        }
        await page.getByText(/What you see is .* old/u).waitFor({ state: 'detached', timeout: 20_000 });
        await page.getByText('Live', { exact: true }).waitFor({ timeout: 20_000 });
        const id = await queue('POST_SOCIAL', { platform: 'x', content: 'after the outage' });
        await visit(page, '/actions');
        await page.locator(`tr[data-id="${id}"]`).waitFor();
      });
    });
  });
}
