/** Accounts, their budgets, what waits for them; how far types may go by themselves. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { setAccountState } from '../../src/db/keep/accounts.ts';
import { until } from '../support/until.ts';
import { client, pressAndConfirm, queue, REAL, suite, visit, withPage } from './suite.ts';

const card = (page: Page, name: string) => page.locator(`[data-account="${name}"]`);
const DAY_MS = 24 * 3_600_000;

export function accountTests(): void {
  describe('accounts', () => {
    test('say who speaks from where, and are checked at a press', async () => {
      await withPage({ at: '/accounts' }, async ({ page }) => {
        const brand = card(page, 'brand');
        await brand.getByRole('heading', { name: suite.dashboard.bluesky.account.handle }).waitFor();
        await brand.getByText(suite.dashboard.bluesky.url).waitFor();
        const news = card(page, 'news');
        await news.getByText('Not checked').or(news.getByText('Ready')).first().waitFor();
        await news.getByRole('button', { name: 'Check news now' }).click();
        await page.getByText('news: ready').waitFor();
        await news.getByText('Ready', { exact: true }).waitFor();
        await news.getByText(/^(?:just now|\d+ s ago)$/u).waitFor();
      });
    });

    test('tell a change as it happens: why, and until when', async () => {
      const until = new Date(Date.now() + 3_600_000);
      await withPage({ at: '/accounts' }, async ({ page }) => {
        const brand = card(page, 'brand');
        await brand.getByRole('heading').waitFor();
        const { db } = suite.dashboard;
        await setAccountState(db, 'brand', 'test', { state: 'limited', reason: 'its 30 log-ins are used up', until });
        await brand.getByText('Limited', { exact: true }).waitFor();
        await brand.getByText('its 30 log-ins are used up').waitFor();
        expect(await brand.locator('.row time').first().getAttribute('datetime')).toBe(until.toISOString());
        await setAccountState(db, 'brand', 'test', { state: 'needs_login', reason: 'the app password was taken back' });
        await brand.getByText('Needs a login', { exact: true }).waitFor();
        await brand.getByText('the app password was taken back').waitFor();
        await setAccountState(db, 'brand', 'test', { state: 'ready' });
        await brand.getByText('Ready', { exact: true }).waitFor();
      });
    });

    test('warn 7 days before a token runs out that nobody renews', async () => {
      const { db } = suite.dashboard;
      const expire = (name: string, inMs: number | null) =>
        db.query('UPDATE aol_accounts SET token_expires_at = $2 WHERE name = $1', [
          name,
          inMs === null ? null : new Date(Date.now() + inMs),
        ]);
      await expire('news', 3 * DAY_MS);
      await withPage({ at: '/accounts' }, async ({ page }) => {
        await card(page, 'news')
          .locator('.tag[data-tone="warn"]')
          .getByText(/runs out at .* in 2 d 23 h/u)
          .waitFor();
        await expire('news', 20 * DAY_MS);
        await visit(page, '/accounts');
        await card(page, 'news')
          .getByText(/in 19 d 23 h/u)
          .waitFor();
        expect(await card(page, 'news').locator('.tag[data-tone="warn"]').count()).toBe(0);
      });
      await expire('news', null);
    });

    test('have a budget that an operator tightens and an admin loosens, after being told what it will do', async () => {
      const news = (page: Page) => card(page, 'news');
      await withPage({ at: '/accounts' }, async ({ page }) => {
        await news(page).getByText('Change the budget').click();
        await news(page).getByLabel('Effects in an hour').fill('many');
        await news(page).getByText('must be a whole number from 0 to 1,000,000').waitFor();
        await news(page).getByLabel('Effects in an hour').fill('5000');
        const button = news(page).getByRole('button', { name: 'Set the budget' });
        expect(await button.getAttribute('title')).toContain('role admin');
        await news(page).getByLabel('Effects in an hour').fill('900');
        await button.click();
        await page.getByRole('dialog').getByText('In an hour: at most 900 effects.').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Set the budget' }).click();
        await news(page)
          .getByText(/^\d+ of 900$/u)
          .waitFor();
        await news(page).getByText('Set by operator').waitFor();
      });
      await withPage({ at: '/accounts', role: 'admin' }, async ({ page }) => {
        await news(page).getByText('Change the budget').click();
        await news(page).getByLabel('US dollars in a day').fill('2.50');
        await news(page).getByLabel('Effects in an hour').fill('1000');
        await news(page).getByRole('button', { name: 'Set the budget' }).click();
        await page.getByRole('dialog').getByText('In a day: at most 2.50 USD.').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Set the budget' }).click();
        await news(page).getByText('0.00 of 2.50 USD', { exact: true }).waitFor();
        const { items } = await client().listBudgets({ scope: 'account', name: 'news' });
        expect(items.map(({ span, unit, limit }) => `${limit} ${unit} ${span}`)).toEqual(
          expect.arrayContaining(['1000 effects hour', '2500000 microUsd day']),
        );
      });
    });

    test('and budgets of types, hosts and domains stand beside them, and are set there', async () => {
      await withPage({ at: '/accounts' }, async ({ page }) => {
        await page.getByLabel('Of', { exact: true }).selectOption('domain');
        await page.getByLabel('Its name').fill('example.org');
        const form = page.getByRole('form', { name: 'Budget of domain example.org' });
        await form.getByLabel('Effects in a day').fill('40');
        await form.getByRole('button', { name: 'Set the budget' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Set the budget' }).click();
        const panel = page.locator('[data-budget="domain:example.org"]');
        await panel.getByRole('heading', { name: 'Mail to example.org' }).waitFor();
        await panel.getByText('0 of 40', { exact: true }).waitFor();
      });
    });

    test('a budget that is used up says so where actions wait for it, and on the page of accounts', async () => {
      const name = 'used-up.example';
      await client().setBudget({ scope: 'host', name, limits: [{ span: 'hour', limit: 0 }] });
      const id = await queue('CALL_WEBHOOK', { url: `https://${name}/hook`, body: {} }, REAL);
      await until('it waits for its budget', async () => (await client().getAction(id)).lastError !== null);
      const words = `budget of host ${name}, 0 effects in an hour, is used up`;
      await withPage({ at: `/actions?lane=${REAL.lane}&status=PENDING` }, async ({ page }) => {
        const row = page.locator(`tr[data-id="${id}"]`);
        await row.getByText(`the ${words} (it looks again at`).waitFor();
        await row.getByRole('link').first().click();
        await page.getByText(`The ${words} (it looks again at`).waitFor();
        await page.locator('.note').getByRole('link', { name: 'Accounts' }).click();
        const panel = page.locator(`[data-budget="host:${name}"]`);
        await panel.getByText('0 of 0 – used up').waitFor();
        await panel.getByText('1 action waits for room').waitFor();
      });
      await client().cancel(id);
    });
  });

  describe('autonomy levels', () => {
    test('are tightened by an operator, and given back by an admin who is told what it means', async () => {
      const lane = 'levels';
      await client().createLane(lane);
      const row = (page: Page) => page.locator('[data-autonomy="POST_CHAT"]');
      await withPage({ at: `/settings?lane=${lane}` }, async ({ page }) => {
        await row(page).getByText('nothing is set').waitFor();
        await row(page).getByLabel('Level of POST_CHAT').selectOption('draft');
        await row(page).getByRole('button', { name: 'Set' }).click();
        await page.getByRole('dialog').getByText('It is proved, and nothing of it is sent.').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Set' }).click();
        await row(page).getByText('operator').waitFor();
        expect((await client().listAutonomy(lane)).items).toContainEqual(
          expect.objectContaining({ lane, type: 'POST_CHAT', level: 'draft' }),
        );
        await row(page).getByLabel('Level of POST_CHAT').selectOption('auto');
        expect(await row(page).getByRole('button', { name: 'Set' }).getAttribute('title')).toContain('role admin');
      });
      await withPage({ at: `/settings?lane=${lane}`, role: 'admin' }, async ({ page }) => {
        await row(page).getByLabel('Level of POST_CHAT').selectOption('auto');
        await row(page).getByRole('button', { name: 'Set' }).click();
        await page
          .getByRole('dialog')
          .getByText(/sent without a person/u)
          .waitFor();
        await page
          .getByRole('dialog')
          .getByLabel(/^Reason/u)
          .fill('a month without a mistake');
        await page.getByRole('dialog').getByRole('button', { name: 'Let it go by itself' }).click();
        await row(page)
          .getByText(/a month without a mistake/u)
          .waitFor();
        await row(page).getByRole('button', { name: 'Take it back for POST_CHAT' }).click();
        await page.getByRole('dialog').getByText('by the flags of the lane alone').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
        await row(page).getByText('nothing is set').waitFor();
      });
    });

    test('of all types in all lanes hold where a type and its lane have none', async () => {
      await client().createLane('levels-later');
      await withPage({ at: '/settings?lane=levels-later', role: 'admin' }, async ({ page }) => {
        const row = page.locator('[data-autonomy="GENERATE_TEXT"]');
        await row.getByText('nothing is set').waitFor();
        await client().setAutonomy({ lane: '*', type: 'GENERATE_TEXT', level: 'approve' });
        await row.getByText('from GENERATE_TEXT in all lanes').waitFor();
        expect(await row.getByRole('combobox').inputValue()).toBe('approve');
        await page.getByRole('button', { name: 'All lanes (*)' }).click();
        await pressAndConfirmLevel(page, 'GENERATE_TEXT', 'draft');
        expect((await client().listAutonomy('*')).items).toContainEqual(
          expect.objectContaining({ type: 'GENERATE_TEXT', level: 'draft' }),
        );
      });
    });
  });
}

async function pressAndConfirmLevel(page: Page, type: string, level: string): Promise<void> {
  await page.getByLabel(`Level of ${type}`).selectOption(level);
  await pressAndConfirm(page, 'Set', 'Set');
}
