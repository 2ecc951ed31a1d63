/** What comes late, or changes under the reader: it takes nothing that was not counted, and moves no page or dialog away. */

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { until } from '../support/until.ts';
import { card, openCard } from './decisions.ts';
import { becomes, client, createQuickLane, queue, REAL, statusOf, suite, withPage } from './suite.ts';

const LANE = 'late';
/** More than are listed, so that a filter names them. */
const MANY = 201;

const deadLetters = `/decisions?show=DLQ&lane=${LANE}`;
const letter = (name: string) => ({
  type: 'PLAY',
  payload: { name, acts: ['rejected' as const] },
  ...REAL,
  lane: LANE,
});

async function dead(name: string): Promise<string> {
  const { type, payload, ...more } = letter(name);
  const id = await queue(type, payload, more);
  await becomes(id, 'DLQ');
  return id;
}

const kindShown = (page: Page) => page.locator('.kinds [aria-current="page"]').innerText();

/** Answers the status as if nothing waited but dead letters. */
async function withDeadLettersAlone(route: Route): Promise<void> {
  const response = await route.fetch();
  const text = await response.text();
  await route.fulfill({ response, body: text.replaceAll(/"(AWAITING_APPROVAL|UNCONFIRMED)":\d+/gu, '"$1":0') });
}

export function lateTests(): void {
  describe('what comes late', () => {
    beforeAll(() => createQuickLane(LANE));

    test('a dead letter that was not counted is not cleared with the others of its cause', async () => {
      const ids = [await dead('first'), await dead('second')];
      await withPage({ at: deadLetters }, async ({ page }) => {
        await page.getByRole('button', { name: /^Clear all of/u }).click();
        const clear = page.getByRole('dialog').getByRole('button', { name: 'Clear 2' });
        await clear.waitFor();
        const uncounted = await dead('third');
        await clear.click();
        await page.getByText('Cleared 2 dead letters', { exact: true }).waitFor();
        for (const id of ids) expect(await statusOf(id)).toBe('CANCELLED');
        expect(await statusOf(uncounted)).toBe('DLQ');
        await client().cancel(uncounted);
      });
    });

    test('nor with all that fit a filter', async () => {
      await client().enqueueMany({ actions: Array.from({ length: MANY }, (_, number) => letter(`old ${number}`)) });
      await until(
        'all are dead',
        async () => (await client().clearDeadLetters({ filter: { lane: LANE }, dryRun: true })).matched === MANY,
        30_000,
      );
      await withPage({ at: deadLetters }, async ({ page }) => {
        await page.getByLabel('Select all 100 on this page').check();
        await page.getByRole('button', { name: `Select all ${MANY} that fit` }).click();
        await page.getByRole('button', { name: `Clear ${MANY}` }).click();
        const clear = page.getByRole('dialog').getByRole('button', { name: `Clear ${MANY}` });
        await clear.waitFor();
        const uncounted = await dead('new');
        await clear.click();
        await page.getByText(`Cleared ${MANY}`, { exact: true }).waitFor();
        expect(await statusOf(uncounted)).toBe('DLQ');
        await client().cancel(uncounted);
      });
    });

    test('a question that comes late does not take the place of the one that is open', async () => {
      const ids = [await dead('one'), await dead('two')];
      await withPage({ at: deadLetters }, async ({ page }) => {
        const held = Promise.withResolvers<void>();
        await page.route('**/v1/dlq/clear', async (route) => {
          await held.promise;
          await route.continue();
        });
        await page.getByRole('button', { name: /^Clear all of/u }).click();
        const [id = ''] = ids;
        await openCard(page, id);
        await card(page, id).getByRole('button', { name: 'Replay', exact: true }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('heading', { name: 'Replay this dead letter?' }).waitFor();
        const answered = page.waitForResponse('**/v1/dlq/clear');
        held.resolve();
        await answered;
        // The button that asked may be pressed again once its question was put, or was not.
        const button = page.locator('button[aria-label^="Clear all of"]');
        await until('it is over', async () => (await button.getAttribute('aria-busy')) === 'false');
        expect(await dialog.getByRole('heading').allInnerTexts()).toEqual(['Replay this dead letter?']);
        await dialog.getByRole('button', { name: 'Keep as it is' }).click();
        await dialog.waitFor({ state: 'detached' });
      });
      for (const id of ids) await client().cancel(id);
    });

    test('the kind of decisions that the page opened with stays, whatever begins to wait meanwhile', async () => {
      const id = await dead('open');
      const waits = await queue('PLAY', { name: 'waits', acts: ['done'] }, { ...REAL, requireApproval: true });
      await becomes(waits, 'AWAITING_APPROVAL');
      await withPage({ role: 'operator', at: '/adapters' }, async ({ page }) => {
        await page.route('**/v1/status', withDeadLettersAlone);
        await page.goto(`${suite.dashboard.url}/decisions`);
        await card(page, id).waitFor();
        await page.unroute('**/v1/status');
        const approvals = page.locator('.kinds a', { hasText: 'Approvals' });
        await until('an approval waits', async () => !/\b0$/u.test(await approvals.innerText()));
        expect(await kindShown(page)).toContain('Dead letters');
        await card(page, id).waitFor();
        // A name in the address is followed.
        await approvals.click();
        await until('approvals are shown', async () => (await kindShown(page)).includes('Approvals'));
      });
      await client().cancel(id);
      await client().reject(waits);
    });
  });
}
