/** Every page: axe finds nothing, and nothing reaches beyond the window, in light and dark, from a phone to a desk. */

import { describe, expect, test } from '@jest/globals';
import { scene } from './autonomy.ts';
import { overflowOf, suite, violationsOf, visit, withPage } from './suite.ts';

const pages = () => [
  '/',
  '/actions',
  `/actions/${scene.proof}`,
  `/actions/${scene.mail}`,
  `/actions/${scene.unconfirmed}`,
  '/decisions?show=AWAITING_APPROVAL',
  '/decisions?show=UNCONFIRMED',
  '/decisions?show=DLQ',
  '/ticks',
  '/logs',
  '/adapters',
  '/settings?lane=letters',
  '/enqueue?type=POST_SOCIAL',
];

export function lookTests(): void {
  describe('looks', () => {
    test.each(['light', 'dark'] as const)('axe finds nothing, %s', async (colorScheme) => {
      await withPage({ colorScheme, role: 'admin', reducedMotion: 'reduce' }, async ({ page }) => {
        for (const address of pages()) {
          await visit(page, address);
          expect([address, await violationsOf(page)]).toEqual([address, []]);
        }
        await visit(page, '/');
        await page.getByRole('button', { name: 'Pause lane default' }).click();
        await page.getByRole('button', { name: 'Resume lane default' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
        await page.getByRole('button', { name: 'Pause lane default' }).waitFor();
      });
      await withPage({ colorScheme, role: null }, async ({ page }) => {
        expect(await violationsOf(page)).toEqual([]);
      });
    });

    test.each([360, 768, 1440])('nothing overflows at %d px', async (width) => {
      await withPage({ viewport: { width, height: 800 }, role: 'admin' }, async ({ page }) => {
        for (const address of pages()) {
          await visit(page, address);
          expect([address, await overflowOf(page)]).toEqual([address, []]);
          // The stop is within reach, whatever the width.
          const stop = await page.getByRole('button', { name: /^Kill all lanes/u }).boundingBox();
          expect(stop && stop.x >= 0 && stop.x + stop.width <= width && stop.y < 200).toBe(true);
        }
      });
      await withPage({ viewport: { width, height: 800 }, role: null }, async ({ page }) => {
        expect(await overflowOf(page)).toEqual([]);
      });
    });

    test('dark and light can be chosen, and the choice stays', async () => {
      await withPage({ colorScheme: 'light' }, async ({ page }) => {
        const colour = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
        const light = await colour();
        await page.getByRole('button', { name: /^Colours: system/u }).click();
        await page.getByRole('button', { name: /^Colours: light/u }).click();
        expect(await colour()).not.toBe(light);
        await page.reload();
        await page.getByRole('button', { name: /^Colours: dark/u }).waitFor();
        expect(await colour()).not.toBe(light);
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
