/** What all tests of the dashboard share: one stack, one browser; a page for each test, signed in without typing. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { AolClient } from '../../src/client/client.ts';
import type { ActionStatus } from '../../src/domain/states.ts';
import { TOKENS } from '../support/api.ts';
import { launchBrowser } from '../support/browser.ts';
import { createDashboard, type Dashboard } from '../support/dashboard.ts';
import { until } from '../support/until.ts';

type Role = keyof typeof TOKENS;

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
}

/** Filled by {@link startSuite}. Tests read it when they run. */
export const suite: {
  dashboard: Dashboard;
  browser: Browser;
  /** What pages complained of that no test expected. */
  troubles: string[];
} = Object.create(null);

export async function startSuite(): Promise<void> {
  const [dashboard, browser] = await Promise.all([createDashboard(), launchBrowser()]);
  Object.assign(suite, { dashboard, browser, troubles: [] });
}

export async function stopSuite(): Promise<void> {
  await suite.browser?.close();
  await suite.dashboard?.close();
}

/** A test that failed half way leaves the world stopped; the next one is not to fail for it. */
export async function unstop(): Promise<void> {
  if (await flagOf('*', 'killed')) await client().start({ reason: 'the next test' });
  if (await flagOf('*', 'paused')) await client().resume({ reason: 'the next test' });
}

export const client = (): AolClient => suite.dashboard.client;

/** Runs a test with a page of its own. */
export async function withPage(
  options: BrowserContextOptions & { readonly role?: Role | null; readonly at?: string },
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  const { role = 'operator', at = '/', ...contextOptions } = options;
  const context = await suite.browser.newContext({ viewport: { width: 1440, height: 900 }, ...contextOptions });
  context.setDefaultTimeout(10_000);
  try {
    if (role) await context.request.post(`${suite.dashboard.url}/v1/session`, { data: { token: TOKENS[role] } });
    const page = await context.newPage();
    watch(page);
    await page.goto(suite.dashboard.url + at);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await work({ page, context });
  } finally {
    await context.close();
  }
}

/** Calls that are refused, or that find no server, are told by the browser too; those are for the page to show. */
const EXPECTED = /Failed to load resource|net::ERR_/u;

export function watch(page: Page): void {
  page.on('console', (message) => {
    if (message.type() === 'error' && !EXPECTED.test(message.text())) suite.troubles.push(message.text());
  });
  page.on('pageerror', (error) => suite.troubles.push(error.stack ?? error.message));
}

export async function visit(page: Page, address: string): Promise<void> {
  await page.goto(suite.dashboard.url + address);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

/** Waits until the address is one action's, and answers its id. */
export async function shownAction(page: Page): Promise<string> {
  const ofAction = /^\/actions\/([0-9a-f-]{36})$/u;
  await page.waitForURL(({ pathname }) => ofAction.test(pathname));
  return ofAction.exec(new URL(page.url()).pathname)?.[1] ?? '';
}

/** Presses a button and says yes in the dialog that asks. */
export async function pressAndConfirm(page: Page, button: string | RegExp, verb: string | RegExp, reason?: string) {
  await page.getByRole('button', { name: button }).first().click();
  const dialog = page.getByRole('dialog');
  if (reason !== undefined) await dialog.getByLabel(/^Reason/u).fill(reason);
  await dialog.getByRole('button', { name: verb }).click();
  await dialog.waitFor({ state: 'detached' });
}

export async function statusOf(id: string): Promise<string | undefined> {
  const { rows } = await suite.dashboard.db.query<{ status: string }>('SELECT status FROM aol_actions WHERE id = $1', [
    id,
  ]);
  return rows[0]?.status;
}

export function becomes(id: string, ...statuses: readonly ActionStatus[]): Promise<unknown> {
  return until(`${id} becomes ${statuses.join(' or ')}`, async () => {
    const now = await statusOf(id);
    return statuses.some((status) => status === now);
  });
}

export async function flagOf(lane: string, name: string): Promise<unknown> {
  const { rows } = await suite.dashboard.db.query<{ value: unknown }>(
    'SELECT value FROM aol_control_flags WHERE lane = $1 AND name = $2',
    [lane, name],
  );
  return rows[0]?.value;
}

/** A lane whose REAL actions need nobody, and a hundred of them at once. */
export async function createQuickLane(lane: string): Promise<void> {
  await client().createLane(lane);
  const flags = { proof_only: false, approval_policy: 'none', max_actions_per_tick: 100, max_running: 100 } as const;
  await client().patchFlags({ lane, flags, reason: 'test' });
}

/** Queues as an operator would, and answers the id. */
export async function queue(type: string, payload: Record<string, unknown>, more: object = {}): Promise<string> {
  const action = await client().enqueue({ type, payload: JSON.parse(JSON.stringify(payload)), ...more });
  return action.id;
}

export const REAL = { lane: 'letters', mode: 'REAL' } as const;

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds on the page: by all its rules in light, and in dark by those of colours alone, for which the other scheme is another
 * page. The frame of an e-mail is left out: nothing runs in it, and its content is not ours.
 */
export async function violationsOf(page: Page, part = 'html'): Promise<readonly string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast', 'link-in-text-block'] } : {};
    found.push(...(await violationsBy(page, part, rules)).map((violation) => `${colorScheme}: ${violation}`));
  }
  return found;
}

async function violationsBy(
  page: Page,
  part: string,
  rules: { readonly runOnly?: readonly string[] },
): Promise<readonly string[]> {
  await ask(page, 'to load axe', axeSource);
  return ask<string[]>(
    page,
    'what axe finds',
    `axe.run({ include: [${JSON.stringify(part)}], exclude: ['iframe'] }, { iframes: false, resultTypes: ['violations'], ...${JSON.stringify(rules)} }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + '\\n' + failureSummary)))`,
  );
}

const ANSWER_LIMIT_MS = 20_000;

/** Runs a script in the page. The browser waits for ever for a promise that nothing fulfils; this says what was asked instead. */
async function ask<Answer>(page: Page, what: string, script: string): Promise<Answer> {
  const giveUp = new AbortController();
  try {
    return await Promise.race([
      page.evaluate<Answer>(script),
      delay(ANSWER_LIMIT_MS, undefined, { signal: giveUp.signal }).then(() => {
        throw new Error(`after ${ANSWER_LIMIT_MS} ms ${page.url()} has not answered: ${what}`);
      }),
    ]);
  } finally {
    giveUp.abort();
  }
}

/** The next frame. One that does not come within 100 ms does not come: a browser that has nothing to draw draws no frame. */
const FRAME = `() => new Promise((resolve) => {
  requestAnimationFrame(resolve);
  setTimeout(resolve, 100);
})`;

/** What a new width draws anew, such as charts, is there in the frame after the next. */
export async function resize(page: Page, width: number, height: number): Promise<void> {
  await page.setViewportSize({ width, height });
  await ask(page, 'for two frames', `(async () => { const frame = ${FRAME}; await frame(); await frame(); })()`);
}

/**
 * What reaches beyond the window once the layout rests: charts, fonts and what is still read draw it anew for a while. It rests
 * when a second goes by without a change; a page that fits in two frames after each other is taken at its word.
 */
export function overflowOf(page: Page): Promise<readonly string[]> {
  return ask(
    page,
    'what reaches beyond the window',
    `(async () => {
    const root = document.documentElement;
    const frame = ${FRAME};
    await document.fonts.ready;
    let restsSince = performance.now();
    for (let fitting = 0, last = root.scrollWidth; performance.now() - restsSince < 1000; ) {
      await frame();
      if (root.scrollWidth !== last) restsSince = performance.now();
      last = root.scrollWidth;
      fitting = last <= root.clientWidth ? fitting + 1 : 0;
      if (fitting === 2) return [];
    }
    const beyond = [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 5).map((element) => element.outerHTML.slice(0, 200));
    return beyond.length > 0 ? beyond : ['the page is ' + root.scrollWidth + ' px wide'];
  })()`,
  );
}

/** When the page is pressed next, in milliseconds since 1970: before that, the driver waits for the button to hold still. */
export function nextPress(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        addEventListener('click', () => resolve(Date.now()), { capture: true, once: true }),
      ),
  );
}
