/** Ticks, logs, adapters, settings, enqueue. */

import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import {
  becomes,
  client,
  flagOf,
  pressAndConfirm,
  queue,
  shownAction,
  suite,
  violationsOf,
  visit,
  withPage,
} from './suite.ts';

export function otherPageTests(): void {
  describe('ticks and logs', () => {
    test('the ledger grows while one looks, and can be narrowed to a lane', async () => {
      await withPage({ at: '/ticks?lane=default' }, async ({ page }) => {
        await page.locator('tbody tr').first().waitFor();
        await becomes(await queue('POST_SOCIAL', { platform: 'x', content: 'a tick' }), 'SUCCESS');
        const { items } = await client().listTicks({ lane: 'default', limit: 200 });
        const newest = items.find(({ claimed }) => claimed > 0);
        await page
          .getByRole('cell', { name: String(newest?.number), exact: true })
          .first()
          .waitFor();
        const lanes = await page.locator('tbody td:nth-child(2)').allInnerTexts();
        expect(new Set(lanes)).toEqual(new Set(['default']));
      });
    });

    test('the log is followed, held still, and filtered', async () => {
      await withPage({ at: '/logs' }, async ({ page }) => {
        await page.locator('tbody tr').first().waitFor();
        const first = await queue('POST_SOCIAL', { platform: 'x', content: 'followed' });
        await page
          .getByRole('link', { name: `Action …${first.slice(-6)}` })
          .first()
          .waitFor();
        await page.getByRole('button', { name: 'Following' }).click();
        await page.getByRole('button', { name: 'Held still' }).waitFor();
        const second = await queue('POST_SOCIAL', { platform: 'x', content: 'not followed' });
        await becomes(second, 'SUCCESS');
        expect(await page.getByRole('link', { name: `Action …${second.slice(-6)}` }).count()).toBe(0);
        await page.getByRole('button', { name: 'Held still' }).click();
        await page
          .getByRole('link', { name: `Action …${second.slice(-6)}` })
          .first()
          .waitFor();
        await page.getByText('More filters').click();
        await page.getByLabel('Event').selectOption('FLAG_CHANGED');
        await page.getByLabel('Find').fill('lunch');
        await until('one row, of the lunch', async () => {
          const rows = await page.locator('tbody tr').allInnerTexts();
          return rows.length === 1 && rows[0]?.includes('lunch is over');
        });
        await page.waitForURL(({ search }) => search === '?event=FLAG_CHANGED&q=lunch');
      });
    });
  });

  describe('adapters', () => {
    test('each type with its schema, and whether it can be sent', async () => {
      await withPage({ at: '/adapters' }, async ({ page }) => {
        const post = page.locator('[data-type="POST_SOCIAL"]');
        await post.getByRole('link', { name: 'brand', exact: true }).waitFor();
        await post.getByText('no account: set MASTODON_URL, MASTODON_ACCESS_TOKEN').waitFor();
        await page.locator('[data-type="POST_CHAT"]').getByText('no worker has an account for it').waitFor();
        const webhook = page.locator('[data-type="CALL_WEBHOOK"]');
        await webhook.getByText('Configured for REAL').waitFor();
        await webhook.getByText('Schema of the payload').click();
        await webhook.getByText(/"additionalProperties": false/u).waitFor();
        await webhook.getByRole('link', { name: 'Queue one' }).click();
        await page.getByRole('heading', { name: 'Enqueue', level: 1 }).waitFor();
        const type = page.getByLabel('Type', { exact: true });
        await until('its type is chosen', async () => (await type.inputValue()) === 'CALL_WEBHOOK');
      });
    });
  });

  describe('settings', () => {
    test('a flag is changed with its type checked, its version, and a row in the history', async () => {
      await withPage({ at: '/settings?lane=default', role: 'admin' }, async ({ page }) => {
        const flag = page.locator('[data-flag="max_actions_per_tick"]');
        const input = flag.getByRole('textbox');
        await input.fill('many');
        await flag.getByText('must be a whole number from 1 to 1000').waitFor();
        await input.fill('2');
        await pressAndConfirm(page, 'Set', 'Set', 'small steps');
        expect(await flagOf('default', 'max_actions_per_tick')).toBe(2);
        await page.locator('.logs').getByText('max_actions_per_tick = 2: small steps').waitFor();
        await flag.getByText('small steps').waitFor();
      });
    });

    test('loosening needs an admin, and an operator is told', async () => {
      await withPage({ at: '/settings' }, async ({ page }) => {
        const flag = page.locator('[data-flag="max_running"]');
        await flag.getByRole('textbox').fill('500');
        expect(await flag.getByRole('button', { name: 'Set' }).getAttribute('title')).toContain('role admin');
        await flag.getByRole('textbox').fill('50');
        await pressAndConfirm(page, 'Set', 'Set');
        expect(await flagOf('*', 'max_running')).toBe(50);
      });
    });

    test('unlocking REAL says what that means and asks for a reason', async () => {
      await withPage({ at: '/settings?lane=campaign', role: 'admin' }, async ({ page }) => {
        await page.locator('[data-flag="proof_only"]').getByRole('combobox').selectOption('false');
        await page.getByRole('button', { name: 'Set' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(/one of the two keys of REAL/u).waitFor();
        await dialog.getByRole('button', { name: 'Unlock REAL' }).click();
        expect(await flagOf('campaign', 'proof_only')).not.toBe(false);
        await dialog.getByLabel('Reason').fill('Advent begins');
        await dialog.getByLabel(/^REAL locks itself again/u).selectOption('7 days');
        await dialog.getByRole('button', { name: 'Unlock REAL' }).click();
        await dialog.waitFor({ state: 'detached' });
        expect(await flagOf('campaign', 'proof_only')).toBe(false);
        const { expiresAt } = (await client().getFlags('campaign')).flags.proof_only;
        const days = (Date.parse(expiresAt ?? '') - Date.now()) / 86_400_000;
        expect(Math.round(days)).toBe(7);
        await page.locator('[data-flag="proof_only"]').getByText('until').waitFor();
        await client().patchFlags({ lane: 'campaign', flags: { proof_only: true } });
      });
    });

    test('two who change one flag: the slower one is refused', async () => {
      await withPage({ at: '/settings', role: 'admin' }, async ({ page }) => {
        const flag = page.locator('[data-flag="max_tick_ms"]');
        await flag.getByRole('textbox').fill('15000');
        await flag.getByRole('button', { name: 'Set' }).click();
        await client().patchFlags({ flags: { max_tick_ms: 18_000 } });
        await page.getByRole('dialog').getByRole('button', { name: 'Set' }).click();
        await page
          .getByRole('dialog')
          .getByRole('alert')
          .getByText(/version/u)
          .waitFor();
        expect(await flagOf('*', 'max_tick_ms')).toBe(18_000);
      });
    });

    test('a lane and a token are made; the token is shown once and ends when revoked', async () => {
      await withPage({ at: '/settings', role: 'admin' }, async ({ page }) => {
        await page.getByLabel('Name').first().fill('Night!');
        await page.getByText(/must start with a lower-case letter/u).waitFor();
        await page.getByLabel('Name').first().fill('night');
        await page.getByRole('button', { name: 'Create lane' }).click();
        await page.getByRole('button', { name: 'night', exact: true }).waitFor();
        expect((await client().listLanes()).items.map(({ lane }) => lane)).toContain('night');
        await page.getByLabel('Name').last().fill('nightshift');
        await page.getByLabel('Role').selectOption('agent');
        await page.getByLabel('Only lanes').fill('night, campaign');
        await page.getByLabel('Only types').fill('POST_SOCIAL');
        await page.getByRole('button', { name: 'Make token' }).click();
        const secret = await page.locator('.note code').innerText();
        const asNamed = () =>
          fetch(`${suite.dashboard.url}/v1/session`, { headers: { authorization: `Bearer ${secret}` } });
        expect(await (await asNamed()).json()).toMatchObject({
          actor: 'nightshift',
          role: 'agent',
          lanes: ['campaign', 'night'],
          types: ['POST_SOCIAL'],
        });
        await page.getByText('only campaign, night, POST_SOCIAL').waitFor();
        await pressAndConfirm(page, 'Revoke nightshift', 'Revoke');
        expect((await asNamed()).status).toBe(401);
        await page.getByText('revoked', { exact: true }).waitFor();
      });
    });
  });

  describe('enqueue', () => {
    test('the form follows the schema, checks while one types, and shows the post before it is queued', async () => {
      await withPage({ at: '/enqueue?type=POST_SOCIAL' }, async ({ page }) => {
        const content = page.getByLabel('Text', { exact: true });
        const button = page.getByRole('button', { name: 'Queue as a proof' });
        expect(await button.getAttribute('aria-disabled')).toBe('true');
        await page.getByLabel('Platform').selectOption('x');
        await content.fill('a'.repeat(281));
        await page.getByText('must be at most 280 weighted characters for x, and has 281').first().waitFor();
        await content.fill('Hello from the form');
        await page.locator('.post-text').getByText('Hello from the form').waitFor();
        await page.getByLabel(/^Key/u).fill('from-the-form');
        await button.click();
        await page.getByRole('heading', { name: 'X: Hello from the form' }).waitFor();
        const id = await shownAction(page);
        await becomes(id, 'SUCCESS');
        expect(await client().getAction(id)).toMatchObject({
          idempotencyKey: 'from-the-form',
          mode: 'PROOF',
          createdBy: 'operator',
          payload: { platform: 'x', content: 'Hello from the form' },
        });
        await page.locator('.page-head').getByText('Success').waitFor();
      });
    });

    test('what JSON would lose in silence is told, and not queued', async () => {
      await withPage({ at: '/enqueue?type=CALL_WEBHOOK' }, async ({ page }) => {
        await page.getByRole('button', { name: 'Fill in the example' }).click();
        await page.getByLabel('Body', { exact: true }).fill('{"order": 1, "order": 2}');
        await page.getByText('order stands twice').first().waitFor();
        const button = page.getByRole('button', { name: 'Queue as a proof' });
        expect(await button.getAttribute('aria-disabled')).toBe('true');
      });
    });

    test('what the server refuses stands at the form: the same key for something else', async () => {
      await withPage({ at: '/enqueue?type=CALL_WEBHOOK' }, async ({ page }) => {
        await page.getByRole('button', { name: 'Fill in the example' }).click();
        await page.getByLabel('Body', { exact: true }).fill('{"not": json}');
        await page.getByText('must be JSON: texts in double quotes').first().waitFor();
        await page.getByLabel('Body', { exact: true }).fill('{"order": 43}');
        await page.getByLabel(/^Key/u).fill('from-the-form');
        await page.getByRole('button', { name: 'Queue as a proof' }).click();
        await page.getByRole('alert').getByText(/key/u).waitFor();
      });
    });

    test('a type of somebody else’s adapter has a form too, and REAL is queued only when it is chosen', async () => {
      await withPage({ at: '/enqueue?type=SEND_EMAIL' }, async ({ page }) => {
        await page.getByLabel('To', { exact: true }).fill('ada@example.com\ngrace@example.com');
        await page.getByLabel('Subject').fill('Two');
        await page.getByLabel('Text', { exact: true }).fill('Dear both');
        await page.locator('.mail').getByText('ada@example.com, grace@example.com').waitFor();
        await page.getByLabel(/^REAL/u).check();
        await page.getByLabel('Lane', { exact: true }).selectOption('campaign');
        await page.getByText('Lane campaign is PROOF: it waits until the lane is REAL.').waitFor();
        await page.getByRole('button', { name: 'Queue for REAL' }).click();
        await page.getByRole('heading', { name: /^To ada@example.com/u }).waitFor();
        const id = await shownAction(page);
        expect(await client().getAction(id)).toMatchObject({ mode: 'REAL', status: 'PENDING', lane: 'campaign' });
        await client().cancel(id);
      });
    });
  });

  test('a space at the end stays while one goes on typing', async () => {
    await withPage({ at: '/logs' }, async ({ page }) => {
      const field = page.getByLabel('Find');
      await field.pressSequentially('foo ');
      await page.waitForURL(({ searchParams }) => searchParams.get('q') === 'foo');
      await field.pressSequentially('bar');
      expect(await field.inputValue()).toBe('foo bar');
      await page.waitForURL(({ searchParams }) => searchParams.get('q') === 'foo bar');
      await page.getByRole('button', { name: 'Clear filters' }).first().click();
      await until('the field is empty', async () => (await field.inputValue()) === '');
    });
  });

  test('behind "All rows" of an action stand its rows', async () => {
    const id = await queue('POST_SOCIAL', { platform: 'x', content: 'many rows' });
    await becomes(id, 'SUCCESS');
    await suite.dashboard.db.query(
      `INSERT INTO aol_execution_logs (lane, action_id, event, actor, message)
       SELECT 'default', $1, 'RELEASED', 'engine', 'row ' || n FROM generate_series(1, 201) AS n`,
      [id],
    );
    await withPage({ at: `/actions/${id}` }, async ({ page }) => {
      await page.getByRole('link', { name: /^All \d+ rows$/u }).click();
      await page.getByRole('heading', { name: 'Logs', level: 1 }).waitFor();
      await page.getByText('row 201', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'one action' }).waitFor();
      expect(await page.locator('tbody tr').count()).toBe(100);
      await page.getByRole('button', { name: 'Older' }).click();
      await page
        .getByText('row 1', { exact: true })
        .or(page.getByText('row 50', { exact: true }))
        .first()
        .waitFor();
    });
  });

  test('the oldest of 51 tokens can be found and revoked', async () => {
    for (let n = 0; n < 51; n += 1)
      await client().createToken({ name: `token-${String(n).padStart(2, '0')}`, role: 'viewer' });
    await withPage({ role: 'admin', at: '/settings' }, async ({ page }) => {
      await page.getByText('token-50').first().waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('navigation', { name: 'Pages of tokens' }).getByRole('button', { name: 'Older' }).click();
      await pressAndConfirm(page, 'Revoke token-00', 'Revoke');
      await page.getByRole('row').filter({ hasText: 'token-00' }).getByText('revoked').waitFor();
    });
  });

  test('by keyboard alone: skip the frame, follow a link, go back, leave a dialog with Escape where one came from', async () => {
    await withPage({ at: '/actions' }, async ({ page }) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to the page');
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('page');
      await page.getByRole('link', { name: 'Ticks' }).press('Enter');
      await page.getByRole('heading', { name: 'Ticks', level: 1 }).waitFor();
      await until('the heading has the focus', () => page.evaluate('document.activeElement.tagName === "H1"'));
      await page.goBack();
      await page.getByRole('heading', { name: 'Actions', level: 1 }).waitFor();
      await client().pause();
      const resume = page.getByRole('button', { name: 'Resume all lanes' });
      await resume.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await until('the focus is back', () =>
        page.evaluate('document.activeElement.getAttribute("aria-label") === "Resume all lanes"'),
      );
      await client().resume();
      await visit(page, '/');
    });
  });
}
