/** `npm run screenshots`: pictures of every page, light, dark and on a phone, of a real stack with a scene played on it. */

import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { TOKENS } from '../support/api.ts';
import { launchBrowser } from '../support/browser.ts';
import { createDashboard, type Dashboard } from '../support/dashboard.ts';
import globalSetup from '../support/global-setup.ts';
import globalTeardown from '../support/global-teardown.ts';
import { png } from '../support/pictures.ts';
import { until } from '../support/until.ts';
import { playScene } from './scene.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** Their names, separated by commas. */
const only = process.argv[3]?.split(',');

const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 1100 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 1100 },
  { name: 'phone', colorScheme: 'light', width: 360, height: 1300 },
] as const;

await globalSetup();
const dashboard = await createDashboard();
let browser: Browser | undefined;
try {
  await dashboard.startWorker();
  const scene = await playScene(dashboard);
  await letWait(dashboard);
  browser = await launchBrowser();
  await mkdir(folder, { recursive: true });
  const pages = {
    autonomy: '/',
    actions: '/actions',
    calendar: `/calendar?day=${nextWeek(0).slice(0, 10)}`,
    month: '/calendar?view=month',
    action: `/actions/${scene.proof}`,
    published: `/actions/${scene.published}`,
    held: `/actions/${scene.held}`,
    accounts: '/accounts',
    mail: `/actions/${scene.mail}`,
    decisions: '/decisions?show=AWAITING_APPROVAL',
    unconfirmed: '/decisions?show=UNCONFIRMED',
    'dead-letters': '/decisions?show=DLQ',
    ticks: '/ticks',
    logs: '/logs',
    adapters: '/adapters',
    settings: '/settings?lane=letters',
    levels: '/settings?lane=letters',
    notices: '/settings',
    edit: `/actions/${scene.awaiting}?edit=yes`,
    enqueue: '/enqueue?type=POST_SOCIAL',
  };
  for (const look of LOOKS) {
    const context = await browser.newContext({
      viewport: { width: look.width, height: look.height },
      colorScheme: look.colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('console', (message) => process.stderr.write(`${look.name}: ${message.type()} ${message.text()}\n`));
    page.on('pageerror', (error) => process.stderr.write(`${look.name}: ${error.stack}\n`));
    await page.goto(dashboard.url);
    await page.getByLabel('Token').waitFor();
    if (!only || only.includes('sign-in')) await shoot(page, `sign-in-${look.name}`);
    await page.getByLabel('Token').fill(TOKENS.admin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Token').waitFor({ state: 'detached' });
    for (const [name, address] of Object.entries(pages)) {
      if (only && !only.includes(name)) continue;
      await page.goto(dashboard.url + address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      await isRead(page);
      if (name === 'levels') await scrollTo(page, /^Autonomy in/u);
      if (name === 'notices') await scrollTo(page, 'Notices');
      if (name === 'edit') await page.getByLabel('Text', { exact: true }).fill('The season starts on 12 October.');
      if (name === 'enqueue') await fillForm(page);
      await page.waitForTimeout(name === 'autonomy' ? 2_500 : 400);
      await isRead(page);
      await shoot(page, `${name}-${look.name}`);
    }
    await context.close();
  }
} finally {
  await browser?.close();
  await dashboard.close();
  await globalTeardown();
}

/** Nine o'clock of the Monday after the next Sunday, or so many days later. */
function nextWeek(day: number): string {
  const at = new Date();
  at.setUTCDate(at.getUTCDate() + 8 - (at.getUTCDay() || 7) + day);
  at.setUTCHours(9, 0, 0, 0);
  return at.toISOString();
}

/** More that waits for a person than one letter: of next week. */
async function letWait({ client, db }: Dashboard): Promise<void> {
  const texts = [
    'Doors open at seven',
    'Doors open at eight',
    'We look for somebody who bakes',
    'The menu of the season',
  ];
  await client.enqueueMany({
    actions: texts.map((text, index) => ({
      type: 'CALL_WEBHOOK',
      payload: { url: 'https://hooks.example.org/news', body: { channel: '#news', text } },
      lane: 'letters',
      mode: 'REAL' as const,
      requireApproval: true,
      runAt: nextWeek(index),
    })),
  });
  await until('they wait', async () => {
    const { rows } = await db.query("SELECT FROM aol_actions WHERE status = 'AWAITING_APPROVAL'");
    return rows.length > texts.length;
  });
}

async function isRead(page: Page): Promise<void> {
  await until(
    'all of it is read',
    async () => (await page.locator('.loading, [data-old], [role="alert"]').count()) === 0,
  );
}

async function scrollTo(page: Page, heading: string | RegExp): Promise<void> {
  await page.getByRole('heading', { name: heading }).scrollIntoViewIfNeeded();
  await page.mouse.move(700, 600);
  await page.mouse.wheel(0, 500);
}

async function fillForm(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Fill in the example' }).click();
  const buffer = png(480, 270);
  await page.getByLabel(/^Pictures/u).setInputFiles({ name: 'room.png', mimeType: 'image/png', buffer });
  await page.getByLabel('Text for those who cannot see it').fill('An empty room with long tables');
  await page.evaluate('scrollTo(0, 0)');
}

async function shoot(page: Page, name: string): Promise<void> {
  // A window's height and no more: whole pages would be long, and their pictures large.
  const path = join(folder, `${name}.png`);
  await rm(path, { force: true });
  await page.screenshot({ path });
  process.stdout.write(`${name} ${Math.round((await stat(path)).size / 1024)} kB\n`);
}
