/** What goes out and when: told apart, in the reader's own time, and given another time. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { wallTime } from '../../src/domain/local-time.ts';
import { until } from '../support/until.ts';
import { scene } from './autonomy.ts';
import { becomes, client, overflowOf, queue, REAL, shownAction, suite, withPage } from './suite.ts';

const ZONE = 'Europe/Berlin';
const BERLIN = { timezoneId: ZONE } as const;
const DAY_MS = 86_400_000;

const entry = (page: Page, id: string) => page.locator(`.entry[data-id="${id}"]`);
const cell = (page: Page, day: string) => page.locator(`.calendar-day[data-day="${day}"]`);
const dayIn = (days: number) => wallTime(new Date(Date.now() + days * DAY_MS), ZONE).slice(0, 10);
/** Nine o'clock in Berlin, in winter: the tests' days lie some days ahead, and whatever the season the clock is asked. */
const nineOn = (day: string) => {
  const noon = new Date(`${day}T12:00:00Z`);
  const offset = Number(wallTime(noon, ZONE).slice(11, 13)) - 12;
  return new Date(`${day}T${String(9 - offset).padStart(2, '0')}:00:00Z`);
};

function letter(subject: string, day: string, more: object = {}): Promise<string> {
  const payload = { to: ['ada@example.com'], subject, text: 'The doors open at seven.' };
  return queue('SEND_EMAIL', payload, { ...REAL, runAt: nineOn(day).toISOString(), ...more });
}

export function calendarTests(): void {
  describe('the calendar', () => {
    test('shows a week by the reader’s own days; proofs, approvals, what is sent and what waits are told apart', async () => {
      const day = dayIn(9);
      const proof = await letter('a proof', day, { mode: 'PROOF' });
      const queued = await letter('no person needed', day);
      const awaiting = await letter('who may?', day, { requireApproval: true });
      const approved = await letter('you may', day, { requireApproval: true });
      for (const id of [awaiting, approved]) await becomes(id, 'AWAITING_APPROVAL');
      const { artifactSha256 } = await client().getAction(approved);
      await client().approve(approved, { sha256: artifactSha256 ?? '' });
      await withPage({ ...BERLIN, at: `/calendar?day=${day}` }, async ({ page }) => {
        await page.getByText(`Times are those of ${ZONE}`).waitFor();
        for (const [id, kind, word] of [
          [proof, 'proof', 'Proof'],
          [queued, 'queued', 'Queued for REAL'],
          [awaiting, 'awaiting', 'Awaits approval'],
          [approved, 'approved', 'Approved'],
        ] as const) {
          const found = cell(page, day).locator(`.entry[data-id="${id}"]`);
          await found.getByText(word, { exact: true }).waitFor();
          expect(await found.getAttribute('data-kind')).toBe(kind);
          expect(await found.locator('time').innerText()).toMatch(/^09:00 CES?T$/u);
        }
        await page.getByRole('button', { name: 'Today' }).click();
        const gone = entry(page, scene.published);
        await gone.getByText('Sent', { exact: true }).waitFor();
        await entry(page, scene.dead).or(entry(page, scene.unconfirmed)).first().waitFor();
        await page.getByLabel('Lane', { exact: true }).selectOption('campaign');
        await gone.waitFor({ state: 'detached' });
        await page.waitForURL(({ searchParams }) => searchParams.get('lane') === 'campaign');
      });
      for (const id of [proof, queued, awaiting, approved]) await client().cancel(id);
    });

    test('what is dragged to another day is asked about, keeps its hour, and moves', async () => {
      const [day, id] = [dayIn(9), await letter('to be moved', dayIn(9))];
      const week = [-1, 1].map((by) => dayIn(9 + by));
      await withPage({ ...BERLIN, at: `/calendar?day=${day}` }, async ({ page }) => {
        const onto = await firstShown(page, week);
        await entry(page, id).dragTo(cell(page, onto));
        const dialog = page.getByRole('dialog');
        await dialog.getByText(/to be moved/u).waitFor();
        expect(await dialog.getByLabel('New time').inputValue()).toBe(`${onto}T09:00`);
        await dialog.getByText(new RegExp(`in ${ZONE}`, 'u')).waitFor();
        expect((await client().getAction(id)).runAt).toBe(nineOn(day).toISOString());
        await dialog.getByRole('button', { name: 'Reschedule' }).click();
        await cell(page, onto).locator(`.entry[data-id="${id}"]`).waitFor();
        expect((await client().getAction(id)).runAt).toBe(nineOn(onto).toISOString());
      });
      await client().cancel(id);
    });

    test('by keyboard the same: a button and a time, whose gap is refused and whose double is the first', async () => {
      const [day, id] = [dayIn(9), await letter('by keyboard', dayIn(9))];
      await withPage({ ...BERLIN, at: `/calendar?day=${day}` }, async ({ page }) => {
        await entry(page, id)
          .getByRole('button', { name: /^Move /u })
          .press('Enter');
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('New time').fill('2027-03-28T02:30');
        await dialog
          .getByText(/does not exist in Europe\/Berlin, where clocks go forward over 2027-03-28 02:30/u)
          .first()
          .waitFor();
        await dialog.getByRole('button', { name: 'Reschedule' }).press('Enter');
        await dialog.getByRole('alert').waitFor();
        expect((await client().getAction(id)).runAt).toBe(nineOn(day).toISOString());
        await dialog.getByLabel('New time').fill('2027-10-31T02:30');
        await dialog
          .getByText(/02:30 comes twice in Europe\/Berlin.*the first is taken, 31 Oct 2027 02:30:00 CEST/u)
          .waitFor();
        await dialog.getByLabel(/^Reason/u).fill('after the summer');
        await dialog.getByRole('button', { name: 'Reschedule' }).press('Enter');
        await dialog.waitFor({ state: 'detached' });
        expect((await client().getAction(id)).runAt).toBe('2027-10-31T00:30:00.000Z');
      });
      await client().cancel(id);
    });

    test('a viewer sees it and moves nothing', async () => {
      const [day, id] = [dayIn(9), await letter('not yours', dayIn(9))];
      await withPage({ ...BERLIN, role: 'viewer', at: `/calendar?day=${day}` }, async ({ page }) => {
        expect(await entry(page, id).getAttribute('draggable')).toBe('false');
        const move = entry(page, id).getByRole('button', { name: /^Move /u });
        expect(await move.getAttribute('aria-disabled')).toBe('true');
        expect(await move.getAttribute('title')).toContain('you are signed in as viewer');
      });
      await client().cancel(id);
    });

    test('a narrow screen has a list instead of columns', async () => {
      await withPage({ ...BERLIN, viewport: { width: 360, height: 800 }, at: '/calendar' }, async ({ page }) => {
        await page.locator('.calendar-day').first().waitFor();
        const lefts = await page.evaluate<readonly number[]>(
          '[...document.querySelectorAll(".calendar-day")].map((day) => Math.round(day.getBoundingClientRect().left))',
        );
        expect(new Set(lefts).size).toBe(1);
        expect(await overflowOf(page)).toEqual([]);
      });
    });
  });

  describe('times', () => {
    test('are the reader’s, with their zone, on every page; none is UTC’s', async () => {
      const day = dayIn(9);
      const id = await queue('POST_SOCIAL', { platform: 'x', content: 'later' }, { runAt: nineOn(day).toISOString() });
      await withPage({ ...BERLIN, at: `/actions/${id}` }, async ({ page }) => {
        for (const address of [`/actions/${id}`, '/actions', '/', '/logs', '/ticks', '/decisions?show=DLQ']) {
          await page.goto(suite.dashboard.url + address);
          await page.locator('main time').first().waitFor();
          await until(`times of ${address} have a zone`, async () => {
            const shown = (await page.locator('main time').allInnerTexts()).filter((text) => /\d\d:\d\d/u.test(text));
            return shown.length > 0 && shown.every((text) => /\d\d:\d\d(?::\d\d)?\sCES?T$/u.test(text));
          });
          expect(await page.locator('main').innerText()).not.toMatch(/T\d\d:\d\d:\d\d(?:\.\d+)?Z/u);
        }
        await page.goto(`${suite.dashboard.url}/actions/${id}`);
        await page.getByText(/^It is due at .* 09:00:00 CES?T\.$/u).waitFor();
      });
      await client().cancel(id);
    });

    test('the form names the zone of "Not before", queues that moment, and refuses what the clocks never show', async () => {
      await withPage({ ...BERLIN, at: '/enqueue?type=POST_SOCIAL' }, async ({ page }) => {
        await page.getByLabel('Text', { exact: true }).fill('Good morning');
        const time = page.getByLabel(/^Not before/u);
        await page.getByText(`In ${ZONE}.`).waitFor();
        await time.fill('2027-03-28T02:30');
        await page
          .getByText(/clocks go forward over 2027-03-28 02:30/u)
          .first()
          .waitFor();
        const button = page.getByRole('button', { name: 'Queue as a proof' });
        expect(await button.getAttribute('aria-disabled')).toBe('true');
        await time.fill('2027-12-01T09:00');
        await page.getByText(`09:00:00 CET, in ${ZONE}.`).waitFor();
        await button.click();
        await page.getByText('Good morning').first().waitFor();
        const id = await shownAction(page);
        expect((await client().getAction(id)).runAt).toBe('2027-12-01T08:00:00.000Z');
        await client().cancel(id);
      });
    });
  });
}

async function firstShown(page: Page, days: readonly string[]): Promise<string> {
  await page.locator('.calendar-day').first().waitFor();
  for (const day of days) if ((await cell(page, day).count()) > 0) return day;
  throw new Error('none of them is shown');
}
