/** The list of actions, and one action. */

import { describe, expect, test } from '@jest/globals';
import { until } from '../support/until.ts';
import { scene } from './autonomy.ts';
import { becomes, client, pressAndConfirm, queue, REAL, shownAction, statusOf, visit, withPage } from './suite.ts';

const PWN = 'globalThis.pwned = true';
const HOSTILE = `<img src=x onerror="${PWN}"><script>${PWN}</script><svg onload="${PWN}"></svg>" onmouseover="${PWN}" javascript:${PWN}`;

export function actionTests(): void {
  describe('the list of actions', () => {
    test('filters stand in the address, and a link to them shows the same', async () => {
      await withPage({ at: '/actions' }, async ({ page }) => {
        await page.getByLabel('Status', { exact: true }).selectOption('DLQ');
        await until('only dead letters', async () => {
          const words = await page.locator('tbody .tag').allInnerTexts();
          return words.length > 0 && words.every((word) => word === 'Dead letter');
        });
        await page.getByLabel('Lane', { exact: true }).selectOption('letters');
        await page.waitForURL(({ search }) => search === '?status=DLQ&lane=letters');
        const { items } = await client().listActions({ status: 'DLQ', lane: 'letters', limit: 200 });
        const rows = items.length;
        const allAreShown = async () => (await page.locator('tbody tr').count()) === rows;
        await until('those of the lane', allAreShown);
        await page.reload();
        await until('the same again', allAreShown);
        await page.getByLabel('Find', { exact: true }).fill('invoice 2042');
        await until('one row', async () => (await page.locator('tbody tr').count()) === 1);
        expect(await page.locator('tbody tr').getAttribute('data-id')).toBe(scene.dead);
        await page.getByRole('button', { name: 'Clear filters' }).click();
        await until('all rows', async () => (await page.locator('tbody tr').count()) > rows);
      });
    });

    test('rows come and change while one looks', async () => {
      await withPage({ at: '/actions' }, async ({ page }) => {
        await page.locator('tbody tr').first().waitFor();
        const id = await queue('POST_SOCIAL', { platform: 'mastodon', content: 'while you look' });
        await page.locator(`tr[data-id="${id}"]`).getByText('Success').waitFor();
      });
    });

    test('many are cancelled or replayed after a count of what will change', async () => {
      const later = { lane: 'campaign' };
      const ids: string[] = [];
      for (const name of ['one', 'two']) ids.push(await queue('POST_SOCIAL', { platform: 'x', content: name }, later));
      const dead = await queue('PLAY', { name: 'bulk', acts: ['rejected', 'done'] }, REAL);
      await becomes(dead, 'DLQ');
      await withPage({ at: '/actions' }, async ({ page }) => {
        for (const id of ids) await page.locator(`tr[data-id="${id}"]`).getByRole('checkbox').check();
        await page.locator(`tr[data-id="${scene.proof}"]`).getByRole('checkbox').check();
        await page.getByRole('button', { name: 'Cancel 2' }).click();
        await page
          .getByRole('dialog')
          .getByText(/^2 will be cancelled for good. The other 1 of those selected stay/u)
          .waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Cancel 2' }).click();
        await page.getByText('Cancelled 2', { exact: true }).waitFor();
        for (const id of ids) expect(await statusOf(id)).toBe('CANCELLED');
        expect(await statusOf(scene.proof)).toBe('SUCCESS');
        await page.locator(`tr[data-id="${dead}"]`).getByRole('checkbox').check();
        await pressAndConfirm(page, 'Replay 1', 'Replay 1');
        await becomes(dead, 'SUCCESS');
      });
    });
  });

  describe('one action', () => {
    test('shows the post as a post with its length, what happened, and a hash that this browser computes', async () => {
      await withPage({ at: `/actions/${scene.proof}` }, async ({ page }) => {
        await page
          .locator('.post-text')
          .getByText(/We ship on Friday/u)
          .waitFor();
        await page
          .locator('.post-foot')
          .getByText(/of 300 graphemes/u)
          .waitFor();
        await page.getByText('Enqueued', { exact: true }).waitFor();
        await page.getByText('Succeeded', { exact: true }).waitFor();
        const { artifactSha256 } = await client().getAction(scene.proof);
        await page
          .getByText(artifactSha256 ?? 'none')
          .first()
          .waitFor();
        await page.getByRole('button', { name: 'Recompute here' }).click();
        await page.getByText(/Same: computed in this browser from \d+ bytes/u).waitFor();
        await page.getByRole('button', { name: 'Exact bytes' }).click();
        const { bytes } = await client().getArtifact(scene.proof);
        expect(await page.getByLabel('The artifact’s exact bytes').innerText()).toBe(new TextDecoder().decode(bytes));
        expect(await page.getByRole('link', { name: /in another tab/u }).getAttribute('href')).toMatch(/^http:/u);
        expect(await page.getByRole('button', { name: 'Promote to REAL' }).getAttribute('title')).toContain(
          'exactly these bytes',
        );
      });
    });

    test('what would turn the order of a text around stands in the exact bytes as an escape', async () => {
      const id = await queue('POST_SOCIAL', { platform: 'x', content: 'pay \u202e001\u202c now' });
      await becomes(id, 'SUCCESS');
      await withPage({ at: `/actions/${id}` }, async ({ page }) => {
        await page.getByRole('button', { name: 'Exact bytes' }).click();
        const text = await page.getByLabel('The artifact’s exact bytes').innerText();
        expect(text).toContain(String.raw`pay \u202e001\u202c now`);
        expect(text).not.toMatch(/\p{Bidi_Control}/u);
      });
    });

    test('bytes that are not those of the record are called DIFFERENT', async () => {
      await withPage({ at: '/' }, async ({ page }) => {
        await page.route('**/artifact', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `${await response.text()} ` });
        });
        await visit(page, `/actions/${scene.proof}`);
        await page.getByRole('button', { name: 'Recompute here' }).click();
        await page.getByText(/^DIFFERENT: these bytes have/u).waitFor();
      });
    });

    test('an e-mail stands in a sealed frame, with its own styles and without scripts or network', async () => {
      const html = `<p style="color:rgb(1,2,3)" onclick="parent.pwned=true">Dear Ada</p><script>parent.pwned=true</script>
        <img src="http://127.0.0.1:9/pixel.gif" onerror="parent.pwned=true"><a href="javascript:parent.pwned=true">press</a>
        <form action="/v1/control/kill" method="post"><button>press</button></form><style>p{font-weight:700}</style>`;
      const id = await queue('SEND_EMAIL', {
        to: ['ada@example.com'],
        subject: HOSTILE.slice(0, 150),
        text: HOSTILE,
        html,
      });
      await becomes(id, 'SUCCESS');
      await withPage({}, async ({ page }) => {
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        await visit(page, `/actions/${id}`);
        const frame = page.locator('iframe.mail-frame');
        expect(await frame.getAttribute('sandbox')).toBe('allow-same-origin');
        // From the page outside: in the frame no script runs, not even a test's.
        const inside = (what: string) =>
          page.evaluate<string>(`(() => {
          const inner = document.querySelector('iframe.mail-frame').contentDocument;
          const found = [...inner.querySelectorAll('p, a')].map((element) => [element, getComputedStyle(element)]);
          return ${what};
        })()`);
        await until('its styles are there', async () => {
          const styles = await inside('found.map(([, { color, fontWeight }]) => color + fontWeight).join()');
          return styles.startsWith('rgb(1, 2, 3)700');
        });
        expect(await inside('inner.body.innerText')).toContain('Dear Ada');
        expect(await inside('inner.body.innerHTML')).not.toMatch(/<script|<form|onclick|onerror|pixel/u);
        const [x = 0, y = 0] = JSON.parse(
          await inside(
            'JSON.stringify([found[1][0].getBoundingClientRect().x + 3, found[1][0].getBoundingClientRect().y + 3])',
          ),
        );
        const box = await frame.boundingBox();
        await page.mouse.click((box?.x ?? 0) + x, (box?.y ?? 0) + y);
        await page.getByText(/parts of it left out here/u).waitFor();
        await page.getByRole('button', { name: 'As plain text' }).click();
        await page.getByText(HOSTILE.slice(0, 40)).first().waitFor();
        expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
        expect(asked.filter((url) => url.includes('pixel'))).toEqual([]);
      });
    });

    test('a long and hostile e-mail does not hold the page up', async () => {
      const html = `${'<a'.repeat(24_000)}><style>${'url('.repeat(2_500)}</style>`;
      const id = await queue('SEND_EMAIL', { to: ['ada@example.com'], subject: 'long', text: 'x', html });
      await becomes(id, 'SUCCESS');
      await withPage({}, async ({ page }) => {
        await page.evaluate(`globalThis.longest = 0; new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
        }).observe({ type: 'longtask' })`);
        await page.evaluate(
          `history.pushState({}, '', '/actions/${id}'); dispatchEvent(new PopStateEvent('popstate'))`,
        );
        await page.locator('iframe.mail-frame').waitFor();
        await page.getByRole('button', { name: 'As plain text' }).click();
        expect(await page.evaluate<number>('longest')).toBeLessThan(1_000);
      });
    });

    test('a payload full of scripts is text on every page', async () => {
      const id = await queue(
        'CALL_WEBHOOK',
        { url: 'https://hooks.example.com/', body: { [HOSTILE]: HOSTILE } },
        { idempotencyKey: HOSTILE.slice(0, 200) },
      );
      const play = await queue('PLAY', { name: HOSTILE, acts: ['rejected'] }, REAL);
      await becomes(id, 'SUCCESS');
      await becomes(play, 'DLQ');
      await withPage({}, async ({ page }) => {
        for (const address of ['/', '/actions', `/actions/${id}`, `/actions/${play}`, '/decisions?show=DLQ', '/logs']) {
          await visit(page, address);
          expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
        }
        await visit(page, `/actions/${id}`);
        await page
          .locator('.request')
          .getByText(/onerror=/u)
          .first()
          .waitFor();
        await visit(page, `/actions?q=${encodeURIComponent('"><script>pwned=1</script>')}`);
        await page.getByText('No action fits').waitFor();
        expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
        expect(await page.locator('main script, main [onerror], main [onload]').count()).toBe(0);
      });
      await client().cancel(play);
    });

    test('a proof is promoted by its hash, once, and the REAL action is shown', async () => {
      const proof = await queue(
        'SEND_EMAIL',
        { to: ['ada@example.com'], subject: 'Promoted', text: 'Hello' },
        { lane: 'letters' },
      );
      await becomes(proof, 'SUCCESS');
      await withPage({ at: `/actions/${proof}` }, async ({ page }) => {
        await until('it may be pressed', async () => {
          return (
            (await page.getByRole('button', { name: 'Promote to REAL' }).getAttribute('aria-disabled')) === 'false'
          );
        });
        await pressAndConfirm(page, 'Promote to REAL', 'Promote to REAL', 'it reads well');
        await page.getByText('Promoted from', { exact: true }).waitFor();
        const id = await shownAction(page);
        await becomes(id, 'SUCCESS');
        expect(await client().getAction(id)).toMatchObject({ mode: 'REAL', promotedFrom: proof });
        await page.getByRole('heading', { name: 'Receipt' }).waitFor();
      });
    });

    test('a proof is promoted for a time of the reader’s own zone, and waits for it', async () => {
      const letter = { to: ['ada@example.com'], subject: 'In December', text: 'Hello' };
      const proof = await queue('SEND_EMAIL', letter, { lane: 'letters' });
      await becomes(proof, 'SUCCESS');
      await withPage({ at: `/actions/${proof}`, timezoneId: 'Europe/Berlin' }, async ({ page }) => {
        const promote = page.getByRole('button', { name: 'Promote to REAL' });
        await until('it may be pressed', async () => (await promote.first().getAttribute('aria-disabled')) === 'false');
        await promote.click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel(/^Not before/u).fill('2027-03-28T02:30');
        await dialog.getByRole('button', { name: 'Promote to REAL' }).click();
        await dialog
          .getByRole('alert')
          .getByText(/does not exist in Europe\/Berlin/u)
          .waitFor();
        await dialog.getByLabel(/^Not before/u).fill('2027-12-01T09:00');
        await dialog.getByText('09:00:00 CET, in Europe/Berlin.').waitFor();
        await dialog.getByRole('button', { name: 'Promote to REAL' }).click();
        await page.getByText('Promoted from', { exact: true }).waitFor();
      });
      const { items } = await client().listActions({ lane: 'letters', status: 'PENDING', limit: 200 });
      const [real] = items.filter(({ promotedFrom }) => promotedFrom === proof);
      expect(real).toMatchObject({ mode: 'REAL', runAt: '2027-12-01T08:00:00.000Z' });
      await client().cancel(real?.id ?? '');
    });

    test('cancel of one that waits', async () => {
      const id = await queue('POST_SOCIAL', { platform: 'x', content: 'never mind' }, { lane: 'campaign' });
      await withPage({ at: `/actions/${id}` }, async ({ page }) => {
        await page.getByText(/the lane is paused/iu).waitFor();
        await pressAndConfirm(page, 'Cancel', 'Cancel the action', 'no longer true');
        expect(await statusOf(id)).toBe('CANCELLED');
        await page.locator('.page-head').getByText('Cancelled', { exact: true }).waitFor();
        await page.getByText('no longer true').waitFor();
      });
    });
  });
}
