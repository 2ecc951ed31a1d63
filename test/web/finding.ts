/** Finding again: filters and their names, acts of people, dead letters by cause. */

import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { becomes, client, pressAndConfirm, queue, REAL, statusOf, visit, withPage } from './suite.ts';

const today = () => new Date().toISOString().slice(0, 10);

export function findingTests(): void {
  describe('finding', () => {
    test('several words in any order, who asked, when it is due; what is due first', async () => {
      const lane = 'campaign';
      const runAt = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
      const soon = await queue(
        'POST_SOCIAL',
        { platform: 'x', content: 'plums and a cake' },
        { lane, runAt: runAt(2) },
      );
      const later = await queue(
        'POST_SOCIAL',
        { platform: 'x', content: 'a cake of plums' },
        { lane, runAt: runAt(20) },
      );
      await withPage({ at: '/actions' }, async ({ page }) => {
        const ids = () =>
          page.evaluate<readonly string[]>('[...document.querySelectorAll("tbody tr")].map((row) => row.dataset.id)');
        await page.getByLabel('Find', { exact: true }).fill('cake plums');
        await until('both', async () => (await ids()).join() === [later, soon].join());
        await page.getByText('More filters').click();
        await page.getByLabel('Due until').fill(runAt(5).slice(0, 10));
        await until('the first', async () => (await ids()).join() === soon);
        await page.getByLabel('Asked by').fill('nobody');
        await page.getByText('No action fits').waitFor();
        await page.getByLabel('Asked by').fill('admin');
        await until('the first again', async () => (await ids()).join() === soon);
        const filters = new URLSearchParams({ q: 'cake plums', dueTo: runAt(5).slice(0, 10), createdBy: 'admin' });
        await page.waitForURL(({ searchParams }) => String(searchParams) === String(filters));
        await visit(page, '/actions?lane=campaign&status=PENDING&order=due&createdBy=admin');
        await until('what is due first comes first', async () => {
          const shown = (await ids()).filter((id) => id === soon || id === later);
          return shown.join() === [soon, later].join();
        });
        expect(await page.locator(`tr[data-id="${soon}"] td[data-label="due"] time`).getAttribute('datetime')).toBe(
          (await client().getAction(soon)).runAt,
        );
      });
      for (const id of [soon, later]) await client().cancel(id);
    });

    test('filters get a name, come back with it, and are forgotten', async () => {
      await withPage({ at: '/actions?status=DLQ&lane=letters' }, async ({ page }) => {
        await page.getByRole('button', { name: 'Save these filters' }).click();
        await page.getByLabel('Name', { exact: true }).fill('Night shift');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await visit(page, '/actions');
        await page.getByRole('link', { name: 'Night shift' }).click();
        await page.waitForURL(({ search }) => search === '?status=DLQ&lane=letters');
        const status = page.getByLabel('Status', { exact: true });
        await until('they are set', async () => (await status.inputValue()) === 'DLQ');
        await visit(page, '/logs');
        expect(await page.getByRole('link', { name: 'Night shift' }).count()).toBe(0);
        await visit(page, '/actions');
        await page.getByRole('button', { name: 'Forget the filters Night shift' }).click();
        await page.getByRole('link', { name: 'Night shift' }).waitFor({ state: 'detached' });
        await page.reload();
        await page.getByRole('heading', { name: 'Actions', level: 1 }).waitFor();
        expect(await page.getByRole('link', { name: 'Night shift' }).count()).toBe(0);
      });
    });

    test('acts of people in a range of days, with the words they were about, and as a file', async () => {
      const id = await queue(
        'SEND_EMAIL',
        { to: ['ada@example.com'], subject: 'Who said yes', text: 'Hello' },
        { ...REAL, requireApproval: true },
      );
      await becomes(id, 'AWAITING_APPROVAL');
      const { artifactSha256 } = await client().getAction(id);
      await client().approve(id, { sha256: artifactSha256 ?? '', reason: 'read twice, =1+1' });
      await becomes(id, 'SUCCESS');
      await withPage({ at: '/logs' }, async ({ page }) => {
        await page.getByLabel('Acts of').selectOption('true');
        await page.getByLabel('From', { exact: true }).fill(today());
        await page.getByLabel('Until', { exact: true }).fill(today());
        const row = page.locator('tbody tr', { hasText: 'Who said yes' }).filter({ hasText: 'Approved' });
        // Until it has its answer the page shows what it had, and the row is in that too.
        await until('only acts of people are there', async () => {
          const actors = await page.locator('tbody td[data-label="by"]').allInnerTexts();
          return !actors.some((actor) => /^(?:engine|aol\/)/u.test(actor)) && (await row.isVisible());
        });
        const saved = page.waitForEvent('download');
        await page.getByRole('link', { name: 'Download as CSV' }).click();
        const text = await readFile(await (await saved).path(), 'utf8');
        expect(text).toContain('Who said yes');
        expect(text).toContain(id);
        await page.getByLabel('Until', { exact: true }).fill('2026-01-01');
        await page.getByText('No row fits').waitFor();
      });
    });
  });

  describe('dead letters by cause', () => {
    test('are counted, and replayed or cleared together, after a count by the server', async () => {
      const lane = 'causes';
      await client().createLane(lane);
      await client().patchFlags({ lane, flags: { proof_only: false, approval_policy: 'none' }, reason: 'test' });
      const dies = (name: string) => queue('PLAY', { name, acts: ['rejected', 'rejected'] }, { lane, mode: 'REAL' });
      const ids = [await dies('cause one'), await dies('cause two'), await dies('cause three')];
      for (const id of ids) await becomes(id, 'DLQ');
      await withPage({ at: `/decisions?show=DLQ&lane=${lane}` }, async ({ page }) => {
        const group = page.locator('.groups tbody tr');
        await until('one group of three', async () => (await group.allInnerTexts()).join().startsWith('3'));
        await pressAndConfirm(page, /^Replay all of/u, 'Replay 3');
        await until('dead again', async () => {
          const actions = await Promise.all(ids.map((id) => client().getAction(id)));
          return actions.every(({ status, attempts }) => status === 'DLQ' && attempts === 2);
        });
        await visit(page, `/decisions?show=DLQ&lane=${lane}`);
        await pressAndConfirm(page, /^Clear all of/u, 'Clear 3');
        for (const id of ids) expect(await statusOf(id)).toBe('CANCELLED');
      });
    });
  });
}
