/** People sign in at a real issuer of another site, see their sessions, are shut out, and sign out at both. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { freePort } from '../../src/local/index.ts';
import { TOKENS } from '../support/api.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { GROUP_ROLES } from '../support/signing-in.ts';
import { until } from '../support/until.ts';
import { looksWell } from './looks.ts';
import { overflowOf, suite, violationsOf, watch } from './suite.ts';

let url: string;
let issuer: Issuer;
let api: { close(): Promise<void> };

async function withBrowser(work: (page: Page) => Promise<void>): Promise<void> {
  const context = await suite.browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(10_000);
  try {
    const page = await context.newPage();
    watch(page);
    await work(page);
  } finally {
    await context.close();
  }
}

const issuerHost = () => new URL(issuer.url).host;

async function signIn(page: Page, login: string, at = '/'): Promise<void> {
  await page.goto(url + at);
  await page.getByRole('link', { name: `Sign in with ${issuerHost()}` }).click();
  await page.getByLabel('User name').fill(login);
  await page.getByRole('button', { name: 'Go on' }).click();
}

export function peopleTests(): void {
  describe('people', () => {
    beforeAll(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      // Another site than the dashboard's: cookies of one are not the other's.
      issuer = await startIssuer(url, 'localhost');
      const { clientId, clientSecret } = issuer;
      const oidc = { issuer: issuer.url, clientId, clientSecret, roles: GROUP_ROLES, publicUrl: url };
      api = await suite.dashboard.serveAlso(port, oidc);
      // Each test has people of its own: what one does to them is nothing to the next.
      for (const name of ['anna', 'berta', 'clara'])
        issuer.people.set(name, { preferred_username: name, groups: ['ops'] });
      issuer.people.set('root', { preferred_username: 'root', groups: ['owners'] });
      issuer.people.set('guest', { preferred_username: 'guest', groups: [] });
    });
    afterAll(async () => {
      await api?.close();
      await issuer?.stop();
    });

    test('sign in at their issuer, come back to the page that they wanted, and sign out at both', async () => {
      await withBrowser(async (page) => {
        await signIn(page, 'anna', '/logs?level=ERROR');
        await page.getByRole('heading', { name: 'Logs', level: 1 }).waitFor();
        await page.waitForURL(({ search }) => search === '?level=ERROR');
        await page.getByText('@anna').waitFor();
        const cookies = (await page.context().cookies(url)).map(({ name, httpOnly, sameSite }) => ({
          name,
          httpOnly,
          sameSite,
        }));
        expect(cookies).toEqual([{ name: 'aol_session', httpOnly: true, sameSite: 'Strict' }]);
        await page.reload();
        await page.getByText('@anna').waitFor();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(/\/session\/end\?/u);
        await page.getByRole('button', { name: /yes/iu }).click();
        await page.getByRole('link', { name: `Sign in with ${issuerHost()}` }).waitFor();
        await page.waitForURL(({ origin }) => origin === url);
        // Signed out there too: it asks again who comes.
        await page.getByRole('link', { name: `Sign in with ${issuerHost()}` }).click();
        await page.getByLabel('User name').waitFor();
      });
    });

    test('an admin shuts one out: the page that is open ends, and the next sign-in says why', async () => {
      await withBrowser(async (page) => {
        await signIn(page, 'berta');
        await page.getByText('@berta').waitFor();
        await withBrowser(async (admin) => {
          await signIn(admin, 'root', '/settings');
          await admin.getByRole('button', { name: 'End the session of @berta' }).waitFor();
          await admin.getByRole('button', { name: 'Shut out @berta' }).click();
          await admin.getByRole('dialog').getByRole('button', { name: 'Shut out' }).click();
          await admin.getByRole('button', { name: 'Let in @berta' }).waitFor();
          await page.getByText('Your session has ended').waitFor();
          await page.getByRole('link', { name: `Sign in with ${issuerHost()}` }).click();
          await page.getByText('You are shut out of this AOL.').waitFor();
          // The word in the address was for this page alone.
          await page.waitForURL(({ search }) => search === '');
          await admin.getByRole('button', { name: 'Let in @berta' }).click();
          await admin.getByRole('dialog').getByRole('button', { name: 'Let in' }).click();
          await admin.getByRole('button', { name: 'Shut out @berta' }).waitFor();
        });
      });
    });

    test('one’s own other sessions are seen and ended', async () => {
      await withBrowser(async (elsewhere) => {
        await signIn(elsewhere, 'clara');
        await elsewhere.getByText('@clara').waitFor();
        await withBrowser(async (page) => {
          await signIn(page, 'clara', '/settings');
          await page.getByText('this one').waitFor();
          await page.getByRole('button', { name: 'End the session of @clara' }).first().click();
          await page.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
          await elsewhere.getByText('Your session has ended').waitFor();
          await page.getByText('this one').waitFor();
        });
      });
    });

    test('settings with people and sessions look well, from a phone to a desk, in light and dark', async () => {
      await withBrowser(async (page) => {
        await signIn(page, 'root', '/settings');
        await page.getByRole('button', { name: 'Shut out @anna' }).waitFor();
        await page.getByText('this one').waitFor();
        await looksWell(page);
      });
    });

    test('who is in no named group is told so, and may sign in as somebody else', async () => {
      await withBrowser(async (page) => {
        await signIn(page, 'guest');
        await page.getByText(`None of your groups at ${issuerHost()} may use this AOL`).waitFor();
        await page.getByRole('link', { name: `Sign out at ${issuerHost()}` }).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        for (const width of [360, 768, 1440]) {
          await page.setViewportSize({ width, height: 800 });
          expect([width, await overflowOf(page)]).toEqual([width, []]);
        }
      });
    });

    test('the issuer is gone: the page says so, and a token still opens it', async () => {
      await withBrowser(async (page) => {
        await issuer.stop();
        // What was learned of the issuer a moment ago is forgotten within seconds: until then a browser is sent there.
        await until('AOL knows that the issuer is gone', async () => {
          await page.goto(`${url}/v1/session/oidc`).catch(() => undefined);
          return page.url().startsWith(url);
        });
        await page.getByText(`${issuerHost()} does not answer`).waitFor();
        await page.getByLabel('Token').fill(TOKENS.operator);
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Kill all lanes' }).waitFor();
        await issuer.start();
      });
    });
  });
}
