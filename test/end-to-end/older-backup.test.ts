/**
 * A database of 0.1.0 under this version's migrations, with rows in every state as 0.1.0 itself wrote them: `test/backups/0.1.0.backup` is
 * the archive that test/release/upgrade.test.ts makes before anything is migrated.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { readDescription } from '../../src/cli/backup/backup.ts';
import { restoreBackup } from '../../src/cli/backup/restore.ts';
import { verifyArtifacts } from '../../src/cli/verify-artifacts.ts';
import { migrateDown, pendingSteps } from '../../src/db/keep/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const archive = fileURLToPath(new URL('../backups/0.1.0.backup', import.meta.url));
const checkSql = readFileSync(new URL('../faults/support/check.sql', import.meta.url), 'utf8');

let folder: string;
let database: TestDatabase;
let product: Product | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aol-older-'));
  database = await createTestDatabase();
  await migrateDown(database.url);
  const artifactsFolder = join(folder, 'artifacts');
  await restoreBackup(archive, { databaseUrl: database.url, artifactsFolder, replace: false });
}, START_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
}, START_LIMIT_MS);

const byKey = async () => {
  const { rows } = await database.pool.query<{ key: string; status: string }>(
    'SELECT idempotency_key AS key, status FROM aol_actions',
  );
  return Object.fromEntries(rows.map(({ key, status }) => [key, status]));
};

test('it is of the steps that 0.1.0 had, and all later ones run over its rows', async () => {
  const { steps } = await readDescription(archive);
  expect(steps.at(-1)).toBe('0008_one_walk_a_claim');
  expect(await pendingSteps(database.url)).toEqual([]);
});

test('each action has the state that a restore gives it, and the tables agree', async () => {
  const doubted = ['later', 'tomorrow', 'approved', 'queued', 'soon', 'at-work', 'at-work-deduped'];
  expect(await byKey()).toEqual({
    proved: 'SUCCESS',
    sent: 'SUCCESS',
    refused: 'DLQ',
    lost: 'UNCONFIRMED',
    asks: 'AWAITING_APPROVAL',
    unproved: 'PENDING',
    cancelled: 'CANCELLED',
    ...Object.fromEntries(doubted.map((key) => [key, 'UNCONFIRMED'])),
  });
  expect((await database.pool.query(checkSql)).rows).toEqual([]);
  const store = createArtifactStore(`file:${join(folder, 'artifacts')}`);
  expect(await verifyArtifacts(database.pool, store)).toMatchObject({ wrong: [] });
});

test(
  'worker and API of this version work on it: what waits is proved, what died is replayed, every list answers',
  async () => {
    product = await startProduct({ DATABASE_URL: database.url, AOL_DATA_DIR: folder });
    const { client } = product;
    const { items } = await client.listActions({ limit: 200 });
    expect(items).toHaveLength(14);
    const idOf = (key: string) => items.find(({ idempotencyKey }) => idempotencyKey === key)?.id ?? '';
    for (const { id } of items) expect((await client.getLogs(id)).items.length).toBeGreaterThan(0);
    for (const list of [client.listTicks(), client.listLogs(), client.listDeadLetterGroups(), client.listLanes()]) {
      expect((await list).items.length).toBeGreaterThan(0);
    }
    await client.start();
    await client.resume({ lane: 'held' });
    await until('what waits is proved', async () => (await byKey()).unproved === 'SUCCESS', START_LIMIT_MS);
    await client.resolve(idOf('at-work'), { outcome: 'sent' });
    await client.replay(idOf('refused'));
    expect(await byKey()).toMatchObject({ 'at-work': 'SUCCESS', refused: 'PENDING' });
  },
  START_LIMIT_MS,
);
