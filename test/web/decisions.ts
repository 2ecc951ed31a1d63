/** Approvals, unconfirmed effects, dead letters: each button, and what it did. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { scene } from './autonomy.ts';
import { becomes, client, pressAndConfirm, queue, REAL, statusOf, suite, visit, withPage } from './suite.ts';

export const card = (page: Page, id: string) => page.locator(`.decision[data-id="${id}"]`);

/** Opens its row, where it is not the open one. */
export async function openCard(page: Page, id: string): Promise<void> {
  const title = card(page, id).locator('.decision-title');
  if ((await title.getAttribute('aria-expanded')) === 'false') await title.click();
}

export async function decide(page: Page, id: string, button: string, verb: string, reason?: string): Promise<void> {
  await openCard(page, id);
  const found = card(page, id).getByRole('button', { name: button, exact: true });
  await until(`${button} may be pressed`, async () => (await found.getAttribute('aria-disabled')) === 'false');
  await found.click();
  const dialog = page.getByRole('dialog');
  if (reason !== undefined) await dialog.getByLabel(/^Reason/u).fill(reason);
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

export async function waiting(text: string): Promise<string> {
  const id = await queue('SEND_EMAIL', letter(text), { ...REAL, requireApproval: true });
  await becomes(id, 'AWAITING_APPROVAL');
  return id;
}

const letter = (text: string) => ({ to: ['ada@example.com'], subject: 'Autumn letter', text });

export function decisionTests(): void {
  describe('approvals', () => {
    test('show what differs from the last one; approve sends exactly what was seen', async () => {
      const first = await queue('SEND_EMAIL', letter('It starts on 3 October.'), { ...REAL, requireApproval: true });
      await becomes(first, 'AWAITING_APPROVAL');
      await client().approve(first, { sha256: (await client().getAction(first)).artifactSha256 ?? '' });
      await becomes(first, 'SUCCESS');
      const id = await queue('SEND_EMAIL', letter('It starts on 10 October.'), { ...REAL, requireApproval: true });
      await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL' }, async ({ page }) => {
        const waiting = card(page, id);
        await openCard(page, id);
        await waiting.locator('ins', { hasText: '10' }).first().waitFor();
        const removed = await waiting.locator('del').allInnerTexts();
        expect(removed).toEqual(['3', expect.stringMatching(/^[0-9a-f]{64}$/u)]);
        await waiting.getByText(/Same: computed in this browser/u).waitFor();
        const before = await client().getAction(id);
        await decide(page, id, 'Approve', 'Approve', 'the date is right');
        await becomes(id, 'SUCCESS');
        const after = await client().getAction(id);
        expect(after.approval).toMatchObject({ by: 'operator', sha256: before.artifactSha256 });
        await waiting.waitFor({ state: 'detached' });
      });
    });

    test('the dialog shows the words and where they go, not a hash alone', async () => {
      const id = await waiting('It starts at noon.');
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL' }, async ({ page }) => {
        await openCard(page, id);
        const approve = card(page, id).getByRole('button', { name: 'Approve', exact: true });
        await until('it may be pressed', async () => (await approve.getAttribute('aria-disabled')) === 'false');
        await approve.click();
        const dialog = page.getByRole('dialog');
        for (const words of [
          'Mail to ada@example.com from news@example.com: "Autumn letter"',
          'It starts at noon.',
          'news@example.com',
          'ada@example.com',
          'as soon as its lane may',
          'letters',
        ])
          await dialog.getByText(words, { exact: true }).first().waitFor();
        // The hash is for those who compare.
        const hash = dialog.getByText(/^[0-9a-f]{64}$/u);
        expect(await hash.isVisible()).toBe(false);
        await dialog.getByText(/^SHA-256/u).click();
        await hash.waitFor();
        const [sign, heading] = await Promise.all([
          dialog.locator('.mode').boundingBox(),
          dialog.getByRole('heading').boundingBox(),
        ]);
        expect(sign?.x).toBeCloseTo(heading?.x ?? 0, 0);
        await dialog.getByRole('button', { name: 'Keep as it is' }).click();
        await client().reject(id);
      });
    });

    test('what runs out first comes first; what comes anew is announced, and nothing moves', async () => {
      const [first, second] = [await waiting('first'), await waiting('second')];
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL' }, async ({ page }) => {
        await card(page, second).waitFor();
        const ids = () =>
          page.locator('.decision').evaluateAll((cards) => cards.map((one) => one.getAttribute('data-id')));
        const before = await ids();
        expect(before.indexOf(first)).toBeLessThan(before.indexOf(second));
        const third = await waiting('third');
        // It runs out before the others: it would stand above them.
        await suite.dashboard.db.query(
          "UPDATE aol_actions SET approval_expires_at = clock_timestamp() + interval '1 hour' WHERE id = $1",
          [third],
        );
        await client().reject(first);
        await page.getByText('1 new one waits.').waitFor();
        await card(page, first)
          .getByText(/no longer waits/u)
          .waitFor();
        expect(await ids()).toEqual(before);
        await page.getByRole('button', { name: 'Show', exact: true }).click();
        await card(page, third).waitFor();
        expect((await ids())[0]).toBe(third);
        expect(await ids()).not.toContain(first);
        await client().reject(second);
        await client().reject(third);
      });
    });

    test('reject cancels, and the badge counts what waits', async () => {
      const id = await queue('SEND_EMAIL', letter('no'), { ...REAL, requireApproval: true });
      await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: '/decisions?show=AWAITING_APPROVAL' }, async ({ page }) => {
        const badge = page.locator('.nav .badge');
        await badge.waitFor();
        const { rows } = await suite.dashboard.db.query(
          "SELECT FROM aol_actions WHERE status IN ('AWAITING_APPROVAL', 'UNCONFIRMED', 'DLQ')",
        );
        await until('the badge counts', async () => (await badge.innerText()).startsWith(String(rows.length)));
        await decide(page, id, 'Reject', 'Reject', 'wrong tone');
        expect(await statusOf(id)).toBe('CANCELLED');
      });
    });

    test('a decision that somebody else has taken is refused in words, and the dialog stays', async () => {
      const id = await queue('SEND_EMAIL', letter('twice'), { ...REAL, requireApproval: true });
      await becomes(id, 'AWAITING_APPROVAL');
      await withPage({ at: `/actions/${id}` }, async ({ page }) => {
        await page.getByRole('button', { name: 'Reject' }).click();
        await client().reject(id);
        await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
        await page
          .getByRole('dialog')
          .getByRole('alert')
          .getByText(/CANCELLED/u)
          .waitFor();
        await page.getByRole('button', { name: 'Keep as it is' }).click();
      });
    });
  });

  describe('unconfirmed', () => {
    test('says what is known; "it was sent" ends it without sending again', async () => {
      await withPage({ at: '/decisions?show=UNCONFIRMED' }, async ({ page }) => {
        await openCard(page, scene.unconfirmed);
        await card(page, scene.unconfirmed)
          .getByText(/What is known: reset after the request was written/u)
          .waitFor();
        const { attempts } = await client().getAction(scene.unconfirmed);
        await decide(page, scene.unconfirmed, 'It was sent', 'It was sent', 'seen in the outbox');
        expect(await client().getAction(scene.unconfirmed)).toMatchObject({ status: 'SUCCESS', attempts });
      });
    });

    test('"it was not sent" queues a new round of attempts', async () => {
      const id = await queue('PLAY', { name: 'resolve', acts: ['unknown', 'done'] }, REAL);
      await becomes(id, 'UNCONFIRMED');
      await withPage({ at: '/decisions?show=UNCONFIRMED' }, async ({ page }) => {
        await decide(page, id, 'It was not sent', 'Send it again');
        await becomes(id, 'SUCCESS');
      });
    });
  });

  describe('dead letters', () => {
    test('show the reason; one is replayed, one cleared', async () => {
      const id = await queue('PLAY', { name: 'replay', acts: ['rejected', 'done'] }, REAL);
      await becomes(id, 'DLQ');
      await withPage({ at: '/decisions?show=DLQ' }, async ({ page }) => {
        await card(page, id).getByRole('heading', { name: 'replay' }).waitFor();
        await card(page, id).getByText('400 bad request').first().waitFor();
        await card(page, id).getByText('rejected', { exact: true }).waitFor();
        await decide(page, id, 'Replay', 'Replay');
        await becomes(id, 'SUCCESS');
        await decide(page, scene.dead, 'Clear', 'Clear', 'obsolete');
        expect(await statusOf(scene.dead)).toBe('CANCELLED');
      });
    });

    test('all that fit are replayed or cleared, after a count by the server', async () => {
      await client().createLane('bulk');
      await client().patchFlags({
        lane: 'bulk',
        flags: { proof_only: false, approval_policy: 'none' },
        reason: 'test',
      });
      const ids: string[] = [];
      for (let number = 0; number < 3; number += 1) {
        ids.push(
          await queue(
            'PLAY',
            { name: `bulk ${number}`, acts: ['rejected', 'rejected', 'done'] },
            { ...REAL, lane: 'bulk' },
          ),
        );
      }
      for (const id of ids) await becomes(id, 'DLQ');
      await withPage({ at: '/decisions?show=DLQ&lane=bulk' }, async ({ page }) => {
        await until('three', async () => (await page.locator('.decision').count()) === 3);
        await page.getByLabel('Select all 3 on this page').check();
        await page.getByRole('button', { name: 'Replay 3' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(/^3 will be given a new round/u).waitFor();
        for (const name of ['bulk 0', 'bulk 1', 'bulk 2']) await dialog.getByText(name, { exact: true }).waitFor();
        await dialog.getByRole('button', { name: 'Replay 3' }).click();
        await until('dead again, one attempt later', async () => {
          const actions = await Promise.all(ids.map((id) => client().getAction(id)));
          return actions.every(({ status, attempts }) => status === 'DLQ' && attempts === 2);
        });
        await visit(page, '/decisions?show=DLQ&lane=bulk');
        await page.getByLabel('Select all 3 on this page').check();
        await pressAndConfirm(page, 'Clear 3', 'Clear 3');
        for (const id of ids) expect(await statusOf(id)).toBe('CANCELLED');
      });
    });

    test('no address decides anything: reading all of them changes no action and no flag', async () => {
      const state = async () =>
        (await suite.dashboard.db.query('SELECT id, status, updated_at FROM aol_actions ORDER BY id')).rows;
      const before = await state();
      await withPage({}, async ({ page }) => {
        for (const verb of ['approve', 'reject', 'replay', 'resolve', 'cancel', 'promote']) {
          await page.goto(`${suite.dashboard.url}/v1/actions/${scene.proof}/${verb}`);
        }
        for (const verb of ['kill', 'pause']) await page.goto(`${suite.dashboard.url}/v1/control/${verb}`);
      });
      expect(await state()).toEqual(before);
    });
  });
}
