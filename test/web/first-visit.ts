/** Signing in and out, roles, and pages on which nothing is yet. */

import { describe, expect, test } from '@jest/globals';
import { TOKENS } from '../support/api.ts';
import { client, flagOf, pressAndConfirm, suite, visit, withPage } from './suite.ts';

export function firstVisitTests(): void {
  describe('signing in', () => {
    test('a wrong token is refused in words; the right one opens the page and is kept nowhere that scripts can read', async () => {
      await withPage({ role: null }, async ({ page, context }) => {
        await page.getByLabel('Token').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('This token is not known.').waitFor();
        await page.getByLabel('Token').fill(TOKENS.operator);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: /Nothing is sent/u }).waitFor();
        const readable = await page.evaluate<string>(
          'location.href + document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.documentElement.outerHTML',
        );
        expect(readable).not.toContain(TOKENS.operator);
        const [cookie] = await context.cookies();
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
        await page.reload();
        await page.getByRole('heading', { name: /Nothing is sent/u }).waitFor();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByRole('heading', { name: 'Sign in to AOL' }).waitFor();
      });
    });

    test('a session that ended says so, and the same page comes back after signing in', async () => {
      await withPage({ at: '/logs' }, async ({ page, context }) => {
        await context.clearCookies();
        await page.getByText('Your session has ended').waitFor();
        await page.getByLabel('Token').fill(TOKENS.viewer);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('heading', { name: 'Logs', level: 1 }).waitFor();
        // The status is read again too.
        await client().pause();
        await page.getByRole('button', { name: 'Resume all lanes' }).waitFor();
        await client().resume();
        await page.getByRole('button', { name: 'Pause all lanes' }).waitFor();
      });
    });

    test('signing out without an answer says that the session may go on', async () => {
      await withPage({}, async ({ page }) => {
        await page.route('**/v1/session', (route) =>
          route.request().method() === 'DELETE' ? route.abort() : route.continue(),
        );
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByText('AOL did not answer: you may still be signed in here.').waitFor();
        await page.reload();
        await page.getByRole('button', { name: 'Sign out' }).waitFor();
      });
    });

    test('a viewer sees every act, cannot press it, and is told why', async () => {
      await withPage({ role: 'viewer' }, async ({ page }) => {
        for (const name of ['Pause all lanes', 'Kill all lanes']) {
          const button = page.getByRole('button', { name });
          expect(await button.getAttribute('aria-disabled')).toBe('true');
          expect(await button.getAttribute('title')).toBe(
            'This needs the role agent, approver, operator or admin; you are signed in as viewer.',
          );
          await button.click({ force: true });
        }
        await visit(page, '/settings');
        expect(await page.getByRole('button', { name: 'Create lane' }).getAttribute('title')).toContain('role admin');
      });
      const { rows } = await suite.dashboard.db.query(
        "SELECT FROM aol_control_flags WHERE name IN ('killed', 'paused') AND value = 'true'",
      );
      expect(rows).toEqual([]);
    });
  });

  describe('the only lane', () => {
    test('has a stop and a start of its own', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByRole('button', { name: 'Kill lane default' }).click();
        await page.getByRole('button', { name: 'Start lane default' }).waitFor();
        expect(await flagOf('default', 'killed')).toBe(true);
        await pressAndConfirm(page, 'Start lane default', 'Start');
        await page.getByRole('button', { name: 'Kill lane default' }).waitFor();
        expect(await flagOf('default', 'killed')).toBe(false);
      });
    });
  });

  describe('before anything was queued', () => {
    const empty: readonly (readonly [string, string])[] = [
      ['/actions', 'Nothing has been queued yet'],
      ['/decisions?show=AWAITING_APPROVAL', 'Nothing waits for approval'],
      ['/decisions?show=UNCONFIRMED', 'Nothing is unconfirmed'],
      ['/decisions?show=DLQ', 'No dead letters'],
      ['/ticks', 'No tick yet'],
      ['/accounts', 'No worker has an account yet'],
    ];
    test('nobody is told of anything yet: the settings say how to begin, and there is nothing to test', async () => {
      await withPage({ at: '/settings' }, async ({ page }) => {
        await page.getByText('Nobody is told', { exact: true }).waitFor();
        await page.getByText('AOL_NOTICES=').waitFor();
        const button = page.getByRole('button', { name: 'Send a test' });
        expect(await button.getAttribute('aria-disabled')).toBe('true');
        expect(await button.getAttribute('title')).toBe('No worker has a destination.');
      });
    });

    test('each page says that nothing is there, and what to do first', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByText('No worker is running: nothing happens.').waitFor();
        for (const [address, words] of empty) {
          await visit(page, address);
          await page.getByText(words).waitFor();
        }
        await visit(page, '/actions');
        await page.getByRole('link', { name: 'Queue the first action' }).click();
        await page.getByRole('heading', { name: 'Enqueue', level: 1 }).waitFor();
        await visit(page, '/actions/019502a0-0000-7000-8000-000000000000');
        await page
          .getByRole('alert')
          .getByText(/there is no action/iu)
          .waitFor();
        await visit(page, '/decision');
        await page.getByText('There is no page at this address').waitFor();
        await visit(page, '/actions?q=no%20such%20words');
        await page.getByText('No action fits').waitFor();
        await page.getByRole('button', { name: 'Clear filters' }).first().click();
        await page.waitForURL(({ search }) => search === '');
      });
    });
  });
}
