/** Changing what waits: edited, sent back with a word, moved to another time; and what one decides on. */

import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { card, decide, openCard, waiting } from './decisions.ts';
import { becomes, client, pressAndConfirm, queue, REAL, shownAction, statusOf, visit, withPage } from './suite.ts';

const approvals = '/decisions?show=AWAITING_APPROVAL&lane=letters';

export function changeTests(): void {
  describe('changing what waits', () => {
    test('an approval is edited in its form, and the changed version waits in its place', async () => {
      const id = await waiting('It starts on 3 Octobr.');
      await withPage({ at: approvals }, async ({ page }) => {
        await openCard(page, id);
        await card(page, id).getByRole('button', { name: 'Edit', exact: true }).click();
        await page.getByRole('heading', { name: 'Change this action' }).waitFor();
        const text = page.getByLabel(/^text/iu);
        expect(await text.inputValue()).toBe('It starts on 3 Octobr.');
        const submit = page.getByRole('button', { name: 'Queue the change' });
        expect(await submit.getAttribute('title')).toBe('Nothing is changed yet.');
        await text.fill('It starts on 3 October.');
        await page.locator('.sticky-side ins', { hasText: 'October' }).first().waitFor();
        await page.getByLabel(/^Reason/u).fill('a typo');
        await submit.click();
        await page.getByText(`Changed from`).waitFor();
        const changed = await shownAction(page);
        expect(changed).not.toBe(id);
        await becomes(changed, 'AWAITING_APPROVAL');
        expect(await client().getAction(changed)).toMatchObject({
          revises: id,
          payload: { text: 'It starts on 3 October.' },
        });
        expect(await client().getAction(id)).toMatchObject({ status: 'CANCELLED', revisedBy: changed });
        await visit(page, `/actions/${id}`);
        await page.getByText('It was changed:').waitFor();
        await page.getByRole('link', { name: 'another version' }).click();
        await pressAndConfirm(page, 'Reject', 'Reject');
      });
    });

    test('changes are requested with a reason, which stands with the action; it goes on waiting', async () => {
      const id = await waiting('to be changed');
      await withPage({ at: approvals }, async ({ page }) => {
        await openCard(page, id);
        await card(page, id).getByRole('button', { name: 'Request changes' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('button', { name: 'Request changes' }).click();
        // Without a reason nothing is asked.
        expect(await dialog.isVisible()).toBe(true);
        await dialog.getByLabel(/^Reason/u).fill('name the place');
        await dialog.getByRole('button', { name: 'Request changes' }).click();
        await dialog.waitFor({ state: 'detached' });
        await card(page, id).getByText('operator requests changes:').waitFor();
        await card(page, id).getByText('changes requested', { exact: true }).waitFor();
        const { status, approval } = await client().getAction(id);
        expect([status, approval.changesRequested?.reason]).toEqual(['AWAITING_APPROVAL', 'name the place']);
      });
      await client().reject(id);
    });

    test('what waits is moved to another time, and asks before it', async () => {
      const id = await waiting('for tomorrow');
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      await withPage({ at: approvals, timezoneId: 'Europe/Berlin' }, async ({ page }) => {
        await openCard(page, id);
        await card(page, id).getByRole('button', { name: 'Reschedule' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('New time').fill(`${tomorrow}T09:00`);
        await dialog.getByText(/in Europe\/Berlin/u).waitFor();
        await dialog.getByRole('button', { name: 'Reschedule' }).click();
        await dialog.waitFor({ state: 'detached' });
        await card(page, id).getByText(/^due /u).waitFor();
        const { runAt } = await client().getAction(id);
        expect(new Date(runAt).toLocaleString('sv', { timeZone: 'Europe/Berlin' })).toBe(`${tomorrow} 09:00:00`);
        await decide(page, id, 'Approve', 'Approve');
        // Approved now, it waits for its time.
        await until('it is approved', async () => (await client().getAction(id)).approval.by === 'operator');
        expect(await statusOf(id)).toBe('PENDING');
      });
      await client().cancel(id);
    });

    test('a dead letter is edited and replayed', async () => {
      const id = await queue('PLAY', { name: 'wrong', acts: ['rejected'] }, REAL);
      await becomes(id, 'DLQ');
      await withPage({ at: '/decisions?show=DLQ&lane=letters' }, async ({ page }) => {
        await openCard(page, id);
        await card(page, id).getByRole('button', { name: 'Edit and replay' }).click();
        await page.getByLabel(/^acts/iu).fill('done');
        await page.getByRole('button', { name: 'Queue the change' }).click();
        await page.getByText('Changed from').waitFor();
        const changed = await shownAction(page);
        await becomes(changed, 'AWAITING_APPROVAL');
        expect(await statusOf(id)).toBe('CANCELLED');
        await page.getByRole('button', { name: 'Approve', exact: true }).waitFor();
        await until('it may be approved', async () => {
          const approve = page.getByRole('button', { name: 'Approve', exact: true });
          return (await approve.getAttribute('aria-disabled')) === 'false';
        });
        await pressAndConfirm(page, 'Approve', 'Approve');
        await becomes(changed, 'SUCCESS');
      });
    });

    test('a viewer sees the buttons, disabled, with the reason', async () => {
      const id = await waiting('for a viewer');
      await withPage({ at: approvals, role: 'viewer' }, async ({ page }) => {
        await openCard(page, id);
        for (const name of ['Approve', 'Reject', 'Request changes', 'Edit', 'Reschedule']) {
          const button = card(page, id).getByRole('button', { name, exact: true });
          expect(await button.getAttribute('aria-disabled')).toBe('true');
          expect(await button.getAttribute('title')).toMatch(/^This needs the role/u);
        }
      });
      await client().reject(id);
    });
  });
}
