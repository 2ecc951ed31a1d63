/** Forms: aligned, in words for people, off for those who may not use them. */

import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { scene } from './autonomy.ts';
import { resize, suite, visit, withPage } from './suite.ts';

const FORMS: readonly (string | (() => string))[] = [
  '/enqueue?type=POST_SOCIAL',
  '/enqueue?type=CALL_WEBHOOK',
  '/enqueue?type=SEND_EMAIL',
  '/enqueue?type=POST_CHAT',
  '/enqueue?type=GENERATE_TEXT',
  '/settings',
  '/settings?lane=letters',
  '/accounts',
  '/actions?createdBy=admin',
  '/calendar',
  '/logs?actor=admin',
  '/ticks',
  '/decisions?show=DLQ',
  () => `/actions/${scene.held}?edit=yes`,
];

/** Of fields and buttons in one row of the page: labels share a line, and what is filled in or pressed another. */
async function misalignedOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const place = (element) => element?.getBoundingClientRect();
    const found = [];
    for (const box of document.querySelectorAll('.pair, .filters, .row:has(> .field)')) {
      const parts = [...box.children].map((part) => {
        const isField = part.matches('.field');
        const control = isField ? part.querySelector('.input') : part.matches('.button') ? part : part.querySelector(':scope > .button');
        return { part, isField, label: isField ? part.querySelector('label, legend, .label') : null, control };
      }).filter(({ control }) => control && control.offsetParent !== null && control.tagName !== 'TEXTAREA');
      for (const [index, one] of parts.entries()) {
        const other = parts[index + 1];
        if (!other) continue;
        const [a, b] = [place(one.control), place(other.control)];
        const sideBySide = b.left >= a.right - 1 && b.top < a.bottom && a.top < b.bottom;
        if (!sideBySide) continue;
        const words = one.part.textContent.slice(0, 30) + ' / ' + other.part.textContent.slice(0, 30);
        if (Math.abs(a.top - b.top) > 1 || Math.abs(a.bottom - b.bottom) > 1)
          found.push('controls: ' + words + ' ' + [a.top, b.top, a.bottom, b.bottom].map(Math.round).join(' '));
        if (one.label && other.label && Math.abs(place(one.label).top - place(other.label).top) > 1)
          found.push('labels: ' + words);
      }
      for (const { part, control } of parts) {
        if (place(control).right > place(box).right + 1) found.push('too wide: ' + part.textContent.slice(0, 30));
      }
    }
    return found;
  })()`);
}

export function formTests(): void {
  describe('forms', () => {
    test.each(FORMS)('%s: labels and inputs of a row share a line, from a phone to a desk', async (address) => {
      await withPage({ role: 'admin', reducedMotion: 'reduce' }, async ({ page }) => {
        await visit(page, typeof address === 'string' ? address : address());
        await page.locator('.pair, .filters, .row:has(> .field)').first().waitFor();
        await page.evaluate('for (const details of document.querySelectorAll("main details")) details.open = true');
        for (const width of [1440, 1024, 768, 360]) {
          await resize(page, width, 900);
          expect([width, await misalignedOf(page)]).toEqual([width, []]);
        }
      });
    });

    test('stay aligned when a field is wrong', async () => {
      await withPage({ role: 'admin', at: '/settings' }, async ({ page }) => {
        await page.getByLabel('Name').first().fill('Night!');
        await page.getByText(/must start with a lower-case letter/u).waitFor();
        expect(await misalignedOf(page)).toEqual([]);
      });
    });

    test('call fields as people do, and say what each is for', async () => {
      await withPage({ at: '/enqueue?type=POST_SOCIAL' }, async ({ page }) => {
        const help = await page.getByLabel(/^Reply to/u).getAttribute('aria-describedby');
        expect(await page.locator(`#${help}`).innerText()).toContain('A post, by its id or address');
        for (const type of ['CALL_WEBHOOK', 'SEND_EMAIL', 'POST_CHAT', 'GENERATE_TEXT', 'POST_SOCIAL']) {
          await visit(page, `/enqueue?type=${type}`);
          const labels = await page.locator('main .field > label').allInnerTexts();
          expect(labels.filter((label) => !/^\p{Lu}/u.test(label) || /[a-z][A-Z]/u.test(label))).toEqual([]);
        }
      });
    });

    test('who may not queue sees the form off, and a word at its top', async () => {
      await withPage({ role: 'viewer', at: '/enqueue?type=POST_SOCIAL' }, async ({ page }) => {
        await page.getByText(/^You can read this form, but not queue with it\./u).waitFor();
        expect(await page.getByLabel('Text', { exact: true }).isDisabled()).toBe(true);
        expect(await page.getByLabel('Type', { exact: true }).isDisabled()).toBe(true);
      });
    });

    test('show the exact request of a webhook before it is queued, made by the server', async () => {
      await withPage({ at: '/enqueue?type=CALL_WEBHOOK' }, async ({ page }) => {
        await page.getByText('Complete the form to see it.').waitFor();
        await page.getByRole('button', { name: 'Fill in the example' }).click();
        const request = page.getByRole('figure', { name: 'The request' });
        await request.getByText('https://example.com/hooks/orders').waitFor();
        const before = await page.locator('.sticky-side code').first().innerText();
        await page.getByLabel('Body', { exact: true }).fill('{"order": 43}');
        await request.getByText('"order": 43').waitFor();
        await until(
          'another hash',
          async () => (await page.locator('.sticky-side code').first().innerText()) !== before,
        );
      });
    });
  });

  describe('small things', () => {
    test('large numbers stay in their place, and those of both panels on one line', async () => {
      await withPage({ at: '/actions' }, async ({ page }) => {
        await page.route('**/v1/status', async (route) => {
          const response = await route.fetch();
          const status = await response.json();
          for (const lane of status.lanes)
            lane.counts = { ...lane.counts, SUCCESS: 345_678, PENDING: 1_015, DLQ: 12_345 };
          await route.fulfill({ response, json: status });
        });
        await visit(page, '/');
        await page.locator('.tile[data-status="SUCCESS"] b').waitFor();
        for (const width of [1440, 1366, 1280, 1024, 768, 360]) {
          await resize(page, width, 900);
          const wrong = await page.evaluate<readonly string[]>(`(() => {
            const found = [];
            const check = (selector) => {
              const parts = [...document.querySelectorAll(selector)].map((part) => [part, part.getBoundingClientRect()]);
              for (const [index, [part, box]] of parts.entries()) {
                if (part.scrollWidth > part.clientWidth + 1) found.push(part.textContent + ' is cut off');
                const after = parts[index + 1]?.[1];
                if (after && Math.abs(after.top - box.top) < 2 && after.left < box.right - 0.5) found.push(part.textContent + ' touches');
              }
              return parts;
            };
            check('.tile');
            check('.lane:first-child .lane-counts > div');
            const tops = [...document.querySelectorAll('.counts-part')].map((part) => part.querySelector('.tile b').getBoundingClientRect().top);
            if (innerWidth > 600 && Math.abs(tops[0] - tops[1]) > 1) found.push('the panels’ numbers stand at ' + tops.join(' and '));
            const [heading, number] = ['.counts h2', '.counts .tile b'].map((one) => document.querySelector(one).getBoundingClientRect().left);
            if (Math.abs(heading - number) > 4) found.push('the numbers are indented');
            return found;
          })()`);
          expect([width, wrong]).toEqual([width, []]);
        }
      });
    });

    test('on a phone the tab of the page is in sight', async () => {
      await withPage({ role: 'admin', viewport: { width: 360, height: 800 } }, async ({ page }) => {
        for (const address of ['/ticks', '/logs', '/adapters', '/settings', '/calendar', '/']) {
          await visit(page, address);
          await until(`the tab of ${address} is in sight`, async () => {
            const box = await page.locator('.nav [aria-current="page"]').boundingBox();
            return box !== null && box.x >= 0 && box.x + box.width <= 360;
          });
        }
      });
    });

    test('boxes and numbers of a row stand in its middle', async () => {
      await withPage({ at: '/actions' }, async ({ page }) => {
        await page.locator('tbody tr').first().waitFor();
        const off = await page.evaluate<number>(`(() => {
          const row = document.querySelector('tbody tr').getBoundingClientRect();
          const box = document.querySelector('tbody input').getBoundingClientRect();
          return Math.abs(row.top + row.height / 2 - box.top - box.height / 2);
        })()`);
        expect(off).toBeLessThan(1.5);
      });
    });

    test('the words of the pages are explained behind a question mark', async () => {
      await withPage({}, async ({ page }) => {
        await page.getByRole('button', { name: 'What the words mean' }).click();
        const dialog = page.getByRole('dialog');
        for (const word of ['Lane', 'Tick', 'Artifact', 'Lease', 'Redelivery'])
          await dialog.getByText(word, { exact: true }).waitFor();
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'hidden' });
      });
    });

    test('where AOL runs on another machine, nobody is told to read files of that one', async () => {
      await withPage({ role: null }, async ({ page }) => {
        await page.getByText('cat .aol/tokens.json').waitFor();
        await page.route('https://aol.example/**', async (route) => {
          const { pathname } = new URL(route.request().url());
          await route.fulfill({ response: await route.fetch({ url: suite.dashboard.url + pathname }) });
        });
        await page.goto('https://aol.example/');
        await page.getByText('Whoever runs this AOL gives you one, with a role.').waitFor();
        expect(await page.getByText('tokens.json').count()).toBe(0);
      });
    });
  });
}
