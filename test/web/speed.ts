/** Small, quick to appear, and never busy for long, however much happens. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { cancelAction } from '../../src/db/decide/cancel.ts';
import { until } from '../support/until.ts';
import { client, suite, visit, withPage } from './suite.ts';

const webFolder = fileURLToPath(new URL('../../dist/web/', import.meta.url));
const MAX_BYTES = 120 * 1024;
const MAX_BYTES_OF_ALL = 180 * 1024;
const MAX_FIRST_PAINT_MS = 1_000;
const MAX_TASK_MS = 100;
const MANY = 10_000;
const CHANGES = 400;
const CHANGE_INTERVAL_MS = 10;

export function speedTests(): void {
  describe('speed', () => {
    test('what each page loads first is at most 120 kB, gzipped; with mails and the pages that are read later, 180 kB', () => {
      const files = readdirSync(webFolder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const sizes = files.map(({ parentPath, name }) => ({
        name,
        size: gzipSync(readFileSync(`${parentPath}/${name}`), { level: 9 }).length,
      }));
      const html = readFileSync(`${webFolder}/index.html`, 'utf8');
      const first = sizes.filter(({ name }) => name === 'index.html' || html.includes(name));
      expect(first.length).toBeGreaterThan(2);
      const sum = (list: typeof sizes) => list.reduce((total, { size }) => total + size, 0);
      expect(sum(first)).toBeLessThan(MAX_BYTES);
      expect(sum(sizes)).toBeLessThan(MAX_BYTES_OF_ALL);
    });

    test('the first paint comes within a second, at least once of five times on a machine that does other work', async () => {
      const paintsMs: number[] = [];
      do {
        await withPage({}, async ({ page }) => {
          const paintedMs = await until('it was painted', () =>
            page.evaluate<number | undefined>(
              'performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint")?.startTime',
            ),
          );
          paintsMs.push(paintedMs);
        });
      } while (Math.min(...paintsMs) >= MAX_FIRST_PAINT_MS && paintsMs.length < 5);
      expect(Math.min(...paintsMs)).toBeLessThan(MAX_FIRST_PAINT_MS);
    });

    test('10,000 actions and 100 changes a second: scrolling and filters never block for 100 ms; memory does not grow', async () => {
      await client().createLane('many');
      await client().pause({ lane: 'many' });
      const ids = await insertMany();
      await withPage({ at: '/actions?lane=many' }, async ({ page }) => {
        await page.getByText('50 of 10,000 actions').waitFor();
        const before = await heapOf(page);
        await suite.browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
        const changing = changeMany(ids.slice(-CHANGES));
        let isChanging = true;
        void changing.finally(() => {
          isChanging = false;
        });
        for (let round = 0; isChanging; round += 1) {
          await page.mouse.wheel(0, round % 2 === 0 ? 2_000 : -2_000);
          await page
            .getByLabel('Status')
            .selectOption(round % 3 === 0 ? 'PENDING' : round % 3 === 1 ? 'CANCELLED' : '');
          await page.getByLabel('Find').fill(round % 2 === 0 ? 'load' : '');
        }
        await changing;
        const trace = await suite.browser.stopTracing();
        expect(longestTaskMs(trace)).toBeLessThan(MAX_TASK_MS);
        await visit(page, '/actions?lane=many&status=CANCELLED');
        await page.getByText(`50 of ${CHANGES} actions`).waitFor();
        await until('all rows are drawn', async () => (await page.locator('tbody tr').count()) === 50);
        expect((await heapOf(page)) - before).toBeLessThan(8_000_000);
      });
    });

    test('the start page keeps up with the same flood, and holds no more than it shows', async () => {
      const { rows } = await suite.dashboard.db.query<{ id: string }>(
        "SELECT id FROM aol_actions WHERE lane = 'many' AND status = 'PENDING' LIMIT $1",
        [CHANGES],
      );
      await withPage({}, async ({ page }) => {
        await page.locator('.chart canvas').nth(1).waitFor();
        const nodes = () => page.evaluate<number>('document.querySelectorAll("*").length');
        const before = await nodes();
        await suite.browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
        await changeMany(rows.map(({ id }) => id));
        const left = MANY - 2 * CHANGES;
        await until(
          'it shows the last change',
          async () => {
            const text = await page.locator('.lane[data-lane="many"] .lane-counts').innerText();
            return text.includes(left.toLocaleString('en'));
          },
          5_000,
        );
        expect(longestTaskMs(await suite.browser.stopTracing())).toBeLessThan(MAX_TASK_MS);
        expect(await nodes()).toBeLessThan(before * 1.1);
      });
    });
  });
}

async function insertMany(): Promise<readonly string[]> {
  const { rows } = await suite.dashboard.db.query<{ id: string }>(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, status, mode, created_by)
     SELECT gen_random_uuid(), 'many', 'POST_SOCIAL',
            jsonb_build_object('platform', 'mastodon', 'content', 'load ' || n || ' ' || repeat('words and ', 20)),
            'many-' || n, encode(sha256(n::text::bytea), 'hex'), 'PENDING', 'PROOF', 'test'
     FROM generate_series(1, $1) AS n RETURNING id`,
    [MANY],
  );
  return rows.map(({ id }) => id);
}

/** Real changes of state, each a transaction with its row of the log. */
async function changeMany(ids: readonly string[]): Promise<void> {
  const startedAt = performance.now();
  const running: Promise<unknown>[] = [];
  for (const [index, id] of ids.entries()) {
    running.push(cancelAction(suite.dashboard.db, id, { actor: 'test' }));
    await delay(Math.max(0, startedAt + (index + 1) * CHANGE_INTERVAL_MS - performance.now()));
  }
  await Promise.all(running);
}

const traceSchema = z.object({
  traceEvents: z.array(
    z.object({ name: z.string(), pid: z.number(), tid: z.number(), tdur: z.number().optional(), args: z.unknown() }),
  ),
});

/**
 * The longest task on the page's main thread, by the processor's time: on a machine that others use too, the clock would
 * measure them.
 */
export function longestTaskMs(trace: Buffer): number {
  const { traceEvents } = traceSchema.parse(JSON.parse(trace.toString('utf8')));
  const isMain = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && JSON.stringify(args).includes('CrRendererMain'))
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = traceEvents.filter(({ name, pid, tid }) => /RunTask$/u.test(name) && isMain.has(`${pid}/${tid}`));
  expect(tasks.length).toBeGreaterThan(50);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1_000;
}

async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
