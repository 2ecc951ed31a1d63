/** Every page: axe finds nothing, and nothing reaches beyond the window, in light and dark, from a phone to a desk. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { scene } from './autonomy.ts';
import { overflowOf, resize, suite, violationsOf, visit, withPage } from './suite.ts';

const WIDTHS = [360, 768, 1440] as const;

/** Addresses are known when the scene was played, so each is asked for when its test runs. */
const pages: readonly (readonly [string, () => string])[] = [
  ['the start page', () => '/'],
  ['actions', () => '/actions'],
  ['actions with all filters', () => '/actions?createdBy=admin'],
  ['a week of the calendar', () => '/calendar'],
  ['a month of the calendar', () => '/calendar?view=month'],
  ['an action that was proven', () => `/actions/${scene.proof}`],
  ['an e-mail', () => `/actions/${scene.mail}`],
  ['an unconfirmed action', () => `/actions/${scene.unconfirmed}`],
  ['a post that was published', () => `/actions/${scene.published}`],
  ['an action whose account can do nothing', () => `/actions/${scene.held}`],
  ['accounts', () => '/accounts'],
  ['approvals', () => '/decisions?show=AWAITING_APPROVAL'],
  ['unconfirmed', () => '/decisions?show=UNCONFIRMED'],
  ['dead letters', () => '/decisions?show=DLQ'],
  ['ticks', () => '/ticks'],
  ['logs', () => '/logs'],
  ['acts of people', () => '/logs?people=true&actor=admin'],
  ['adapters', () => '/adapters'],
  ['settings', () => '/settings?lane=letters'],
  ['enqueue', () => '/enqueue?type=POST_SOCIAL'],
  ['a changed version', () => `/actions/${scene.held}?edit=yes`],
];

export function lookTests(): void {
  describe('looks', () => {
    // One visit serves all of them: a page is loaded as a phone would, then looked at in every width and both colours.
    test.each(pages)(
      '%s: axe finds nothing in light and dark, nothing overflows at 360, 768 and 1440 px',
      async (_, address) => {
        await withPage(
          { role: 'admin', reducedMotion: 'reduce', viewport: { width: WIDTHS[0], height: 800 } },
          async ({ page }) => {
            await visit(page, address());
            // A hash that was computed here is the widest part of its card.
            if (address().includes('AWAITING_APPROVAL'))
              await page
                .getByText(/^Same: computed/u)
                .first()
                .waitFor();
            await looksWell(page);
          },
        );
      },
    );

    test('so does the dialog that asks, and the page to sign in', async () => {
      await withPage({ role: 'admin', reducedMotion: 'reduce' }, async ({ page }) => {
        await page.getByRole('button', { name: 'Pause lane default' }).click();
        await page.getByRole('button', { name: 'Resume lane default' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
        await page.getByRole('button', { name: 'Pause lane default' }).waitFor();
      });
      await withPage({ role: null }, async ({ page }) => {
        expect(await violationsOf(page)).toEqual([]);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          expect([width, await overflowOf(page)]).toEqual([width, []]);
        }
      });
    });

    test('dark and light can be chosen, and the choice stays', async () => {
      await withPage({ colorScheme: 'light' }, async ({ page }) => {
        const colour = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
        const light = await colour();
        await page.getByRole('button', { name: /^Colours: system/u }).click();
        await page.getByRole('button', { name: /^Colours: light/u }).click();
        await until('it is dark', async () => (await colour()) !== light);
        await page.reload();
        await page.getByRole('button', { name: /^Colours: dark/u }).waitFor();
        await until('it is dark again', async () => (await colour()) !== light);
      });
    });

    test('the page’s headers: its own policy, no framing, assets kept for ever', async () => {
      const page = await fetch(suite.dashboard.url, { headers: { accept: 'text/html' } });
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*/u);
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      const html = await page.text();
      expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=/u);
      const asset = /\/assets\/[^"]+\.js/u.exec(html)?.[0] ?? '';
      const script = await fetch(suite.dashboard.url + asset);
      expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      const json = await fetch(suite.dashboard.url, { headers: { accept: 'application/json' } });
      expect(await json.json()).toMatchObject({ health: '/readyz' });
      expect((await fetch(`${suite.dashboard.url}/assets/none.js`)).status).toBe(404);
    });
  });
}

/**
 * The page that is open: nothing overflows at any width, the stop is within reach, and axe finds nothing in light and dark.
 *
 * @param part what axe looks at: a selector. Of a long page that is looked at elsewhere, what is new in it
 */
export async function looksWell(page: Page, part?: string): Promise<void> {
  for (const width of WIDTHS) {
    await resize(page, width, 800);
    expect([width, await overflowOf(page)]).toEqual([width, []]);
    // The stop is within reach, whatever the width.
    const stop = await page.getByRole('button', { name: /^Kill all lanes/u }).boundingBox();
    expect(stop && stop.x >= 0 && stop.x + stop.width <= width && stop.y < 200).toBe(true);
  }
  expect(await violationsOf(page, part)).toEqual([]);
}
