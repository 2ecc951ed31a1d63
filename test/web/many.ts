/** Deciding many: by keyboard, by selection, by filter; and a list of hundreds. */

import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { card, openCard, waiting } from './decisions.ts';
import { longestTaskMs } from './speed.ts';
import { becomes, client, createQuickLane, nextPress, queue, REAL, statusOf, suite, visit, withPage } from './suite.ts';

const LANE = 'crowd';
const MANY = 300;
const AT_ONCE = 100;
const MAX_TASK_MS = 100;
const MAX_APPROVAL_MS = 2_000;

const approvals = `/decisions?show=AWAITING_APPROVAL&lane=${LANE}`;
const openTitle = (page: Page) => page.locator('.decision[data-open] .decision-title');
const isOpen = (page: Page, name: string) =>
  until(`${name} is open`, async () => (await openTitle(page).innerText()).includes(name));
const hasFocus = (page: Page, name: string) =>
  until(`${name} has the focus`, async () =>
    (await page.evaluate<string>('document.activeElement.textContent')).includes(name),
  );

async function play(name: string, more: object = {}): Promise<string> {
  const id = await queue('PLAY', { name, acts: ['done'] }, { ...REAL, lane: LANE, requireApproval: true, ...more });
  await becomes(id, 'AWAITING_APPROVAL');
  return id;
}

const cancelledIn = async (lane: string) =>
  (await client().listActionSummaries({ lane, status: 'CANCELLED', limit: 1 })).total;

export function manyTests(): void {
  describe('the keyboard', () => {
    beforeAll(() => createQuickLane(LANE));

    test('j and k walk, x selects, r and a ask; keys that are typed into a field are letters', async () => {
      const ids = [await play('one'), await play('two'), await play('three')];
      await withPage({ at: approvals }, async ({ page }) => {
        await until('three are there', async () => (await page.locator('.decision').count()) === 3);
        await isOpen(page, 'one');
        await page.keyboard.press('j');
        await isOpen(page, 'two');
        await hasFocus(page, 'two');
        await page.keyboard.press('j');
        await page.keyboard.press('j');
        await isOpen(page, 'three');
        await page.keyboard.press('k');
        await isOpen(page, 'two');
        await page.keyboard.press('r');
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('heading', { name: 'Reject this?' }).waitFor();
        // In the dialog they are letters.
        await page.keyboard.type('jar');
        expect(await dialog.getByLabel(/^Reason/u).inputValue()).toBe('jar');
        await page.keyboard.press('Enter');
        await dialog.waitFor({ state: 'detached' });
        expect(await statusOf(ids[1] ?? '')).toBe('CANCELLED');
        // The next one is open, and has the focus.
        await isOpen(page, 'three');
        await hasFocus(page, 'three');
        const approve = card(page, ids[2] ?? '').getByRole('button', { name: 'Approve', exact: true });
        await until('it may be approved', async () => (await approve.getAttribute('aria-disabled')) === 'false');
        await page.keyboard.press('a');
        await dialog.getByRole('heading', { name: 'Approve this?' }).waitFor();
        await page.keyboard.press('Enter');
        await becomes(ids[2] ?? '', 'SUCCESS');
        await dialog.waitFor({ state: 'detached' });
        await isOpen(page, 'one');
        await page.keyboard.press('x');
        await page.getByText('1 selected').waitFor();
        await page.keyboard.press('r');
        await dialog.getByRole('heading', { name: 'Reject 1 action?' }).waitFor();
        await page.keyboard.press('Enter');
        await becomes(ids[0] ?? '', 'CANCELLED');
        await page.getByText('Nothing waits for approval').waitFor();
      });
    });

    test('the keys are told below the list, and can be turned off', async () => {
      const ids = [await play('one'), await play('two')];
      await withPage({ at: approvals }, async ({ page }) => {
        await until('both are there', async () => (await page.locator('.decision').count()) === 2);
        expect(await page.locator('.keys-help').innerText()).toMatch(/j\s+next[\s\S]*x\s+select[\s\S]*a\s+approve/u);
        await page.getByRole('button', { name: 'Turn keys off' }).click();
        await page.reload();
        await page.getByText('Keys are off.').waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('r');
        expect(await openTitle(page).innerText()).toContain('one');
        expect(await page.getByRole('dialog').count()).toBe(0);
      });
      for (const id of ids) await client().reject(id);
    });
  });

  describe('many at once', () => {
    // What a test left waiting that failed half way would stand before the next one's.
    afterEach(() => client().cancelMany({ filter: { lane: LANE } }));

    test('are listed and counted first; each is answered by itself, and what could not be done is told', async () => {
      const ids = [await waiting('first of three'), await waiting('second of three'), await waiting('third of three')];
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL&lane=letters' }, async ({ page }) => {
        for (const id of ids) await card(page, id).getByRole('checkbox').check();
        await page.getByRole('button', { name: 'Approve 3' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(/^3 will be sent exactly as they were rendered/u).waitFor();
        const list = dialog.getByRole('list', { name: 'What it is about' });
        await until('three are listed', async () => (await list.getByRole('listitem').count()) === 3);
        await list.getByText('To ada@example.com: Autumn letter').first().waitFor();
        await list.getByText('to ada@example.com as news@example.com').first().waitFor();
        await client().reject(ids[1] ?? '');
        await dialog.getByRole('button', { name: 'Approve 3' }).click();
        await dialog.getByRole('heading', { name: 'Approved 2, 1 not' }).waitFor();
        await dialog.getByText(/CANCELLED/u).waitFor();
        await dialog.getByRole('button', { name: 'Close' }).click();
        await becomes(ids[0] ?? '', 'SUCCESS');
        await becomes(ids[2] ?? '', 'SUCCESS');
        expect(await statusOf(ids[1] ?? '')).toBe('CANCELLED');
      });
    });

    test('filters by lane, account, type and asker stand in the address', async () => {
      const id = await waiting('of news');
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL' }, async ({ page }) => {
        await card(page, id).waitFor();
        await page.getByLabel('Account', { exact: true }).selectOption('brand');
        await card(page, id).waitFor({ state: 'detached' });
        await page.waitForURL(({ searchParams }) => searchParams.get('account') === 'brand');
        await page.getByLabel('Account', { exact: true }).selectOption('news');
        await card(page, id).waitFor();
        await page.getByLabel('Type', { exact: true }).selectOption('CALL_WEBHOOK');
        await card(page, id).waitFor({ state: 'detached' });
        await page.getByLabel('Type', { exact: true }).selectOption('SEND_EMAIL');
        await page.getByLabel('Lane', { exact: true }).selectOption('letters');
        await page.getByLabel('Asked by', { exact: true }).fill('admin');
        await page.waitForURL(({ searchParams }) => searchParams.get('createdBy') === 'admin');
        await card(page, id).waitFor();
        await page.reload();
        await card(page, id).waitFor();
        await page.getByLabel('Asked by', { exact: true }).fill('somebody-else');
        await page.getByText('Nothing waits for approval').waitFor();
        await page.getByRole('button', { name: 'Clear filters' }).click();
        await card(page, id).waitFor();
      });
      await client().reject(id);
    });

    test('300 wait: the page never blocks for 100 ms, and 100 are approved by one press, each by its own hash', async () => {
      await client().enqueueMany({
        actions: Array.from({ length: MANY }, (_, number) => ({
          type: 'PLAY',
          payload: { name: `act ${number}`, acts: ['done'] },
          ...REAL,
          lane: LANE,
          requireApproval: true,
        })),
      });
      const count = async (status: string) => {
        const { rows } = await suite.dashboard.db.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM aol_actions WHERE lane = $1 AND status = $2',
          [LANE, status],
        );
        return rows[0]?.count;
      };
      await until('all wait', async () => (await count('AWAITING_APPROVAL')) === MANY, 30_000);
      await withPage({ at: '/actions' }, async ({ page }) => {
        await page.locator('tbody tr').first().waitFor();
        await suite.browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
        await page.evaluate(`history.pushState({}, '', '${approvals}'); dispatchEvent(new PopStateEvent('popstate'))`);
        await page.getByText(`100 of ${MANY} waiting`).waitFor();
        for (let step = 0; step < 15; step += 1) await page.keyboard.press('j');
        await page.mouse.wheel(0, 5_000);
        await page.getByLabel('Select all 100 on this page').check();
        await page.getByRole('button', { name: `Select all ${MANY} that fit` }).click();
        await page.getByRole('button', { name: `Reject ${MANY}` }).click();
        await page.getByText('One press takes 200: 100 are left for the next.').waitFor();
        await page.getByRole('button', { name: 'Keep as it is' }).click();
        expect(longestTaskMs(await suite.browser.stopTracing())).toBeLessThan(MAX_TASK_MS);

        await visit(page, approvals);
        await page.getByLabel('Select all 100 on this page').check();
        await page.getByRole('button', { name: `Approve ${AT_ONCE}` }).click();
        const dialog = page.getByRole('dialog');
        const answered = page.waitForResponse((response) => response.url().endsWith('/v1/approvals'));
        const pressedAt = nextPress(page);
        await dialog.getByRole('button', { name: `Approve ${AT_ONCE}` }).click();
        await answered;
        expect(Date.now() - (await pressedAt)).toBeLessThan(MAX_APPROVAL_MS);
        await page.getByText(`Approved ${AT_ONCE}`, { exact: true }).waitFor();
        await until('they are done', async () => (await count('SUCCESS')) === AT_ONCE + 1, 30_000);
        const { rows } = await suite.dashboard.db.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM aol_actions WHERE lane = $1 AND approval_sha256 = artifact_sha256',
          [LANE],
        );
        expect(rows[0]?.count).toBe(AT_ONCE + 1);
        // What comes after the page moves up behind it.
        await until('the others are there', async () => (await page.locator('.decision').count()) === 100);
      });
    });

    test('one that somebody else decides changes nothing of what is open', async () => {
      const ids = [await play('one'), await play('two')];
      await withPage({ at: approvals }, async ({ page }) => {
        await openCard(page, ids[1] ?? '');
        const place = () => card(page, ids[1] ?? '').boundingBox();
        await page.getByText(/^Same: computed/u).waitFor();
        const before = await place();
        await client().reject(ids[0] ?? '');
        await card(page, ids[0] ?? '')
          .getByText(/no longer waits/u)
          .waitFor();
        expect(Math.abs(((await place())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(40);
        await client().reject(ids[1] ?? '');
      });
    });

    test('all that fit and wait are cancelled by their filter, more than a page shows, after a count by the server', async () => {
      const [lane, many] = ['withdrawn', 120];
      await client().createLane(lane);
      await client().pause({ lane, reason: 'test' });
      const post = (number: number) => ({
        type: 'POST_SOCIAL',
        payload: { platform: 'x', content: `offer ${number}` },
        lane,
      });
      await client().enqueueMany({ actions: Array.from({ length: many }, (_, number) => post(number)) });
      const kept = await queue(
        'SEND_EMAIL',
        { to: ['ada@example.com'], subject: 'Not meant', text: 'Hello' },
        { lane },
      );
      await withPage({ at: `/actions?lane=${lane}&type=POST_SOCIAL` }, async ({ page }) => {
        await page.getByText(`50 of ${many} actions`).waitFor();
        await page.getByLabel('Select all on this page').check();
        await page.getByRole('button', { name: 'Cancel all that fit and wait' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('heading', { name: `Cancel ${many} actions?` }).waitFor();
        expect(await dialog.getByRole('listitem').count()).toBe(8);
        expect(await cancelledIn(lane)).toBe(0);
        await dialog.getByLabel(/^Reason/u).fill('the campaign is over');
        await dialog.getByRole('button', { name: `Cancel ${many}` }).click();
        await page.getByText(`Cancelled ${many}`, { exact: true }).waitFor();
        expect(await cancelledIn(lane)).toBe(many);
        expect(await statusOf(kept)).toBe('PENDING');
      });
      await client().cancel(kept);
    });
  });
}
