/** A backup with effects in flight, the loss of everything, a restore: nothing is sent twice, nothing that the backup had is lost. */

import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { schemaSteps } from '../../migrations/index.ts';
import { createArtifactStore } from '../../src/artifacts/index.ts';
import { verifyArchive, writeArchive } from '../../src/cli/backup/archive.ts';
import { makeBackup } from '../../src/cli/backup/backup.ts';
import { restoreBackup } from '../../src/cli/backup/restore.ts';
import { verifyArtifacts } from '../../src/cli/verify-artifacts.ts';
import type { Action } from '../../src/contracts/http/action.ts';
import { migrate, migrateDown, pendingSteps } from '../../src/db/keep/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { png } from '../support/pictures.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';
import { answer, type Receiver, startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const checkSql = readFileSync(new URL('../faults/support/check.sql', import.meta.url), 'utf8');
/** Long enough for a worker to send what it may: it looks for lanes each second. */
const LOOKS_MS = 3_000;

let folder: string;
let receiver: Receiver;
let isHolding = true;
const held: (() => void)[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aol-backup-'));
  receiver = await startReceiver({
    onRequest: (socket) => {
      const send = () => socket.end(answer(200));
      if (isHolding) held.push(send);
      else send();
    },
  });
});
afterAll(async () => {
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a backup while effects are in flight', () => {
  const file = () => join(folder, 'aol.backup');
  const environment = () => ({ AOL_PROOF_MODE: '0', AOL_WEBHOOK_ALLOW: receiver.host });
  let product: Product;
  let restored: TestDatabase;
  let again: Product;
  const webhook = (order: number, more: object = {}) =>
    product.client.enqueue({
      type: 'CALL_WEBHOOK',
      mode: 'REAL',
      payload: { url: `http://${receiver.host}/${order}`, body: { order } },
      ...more,
    });
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    product = await startProduct(environment());
    const { client } = product;
    await client.patchFlags({
      flags: { proof_only: false, tick_interval_ms: 0, approval_policy: 'none', max_running: 2 },
    });
    await client.patchFlags({ lane: 'default', flags: { approval_policy: 'none' } });
    const picture = await client.putBlob(png(30, 20), 'image/png');
    const media = [{ sha256: picture.sha256, alt: 'A picture' }];
    const proof = await client.enqueue({
      type: 'POST_SOCIAL',
      payload: { platform: 'bluesky', content: 'Proof', media },
    });
    ids.proof = proof.id;
    await until('it is proved', async () => (await client.getAction(proof.id)).status === 'SUCCESS');
    ids.awaits = (await webhook(3, { requireApproval: true })).id;
    await until('it asks', async () => (await client.getAction(ids.awaits ?? '')).status === 'AWAITING_APPROVAL');
    ids.first = (await webhook(1)).id;
    ids.second = (await webhook(2)).id;
    await until('two effects are in flight', () => held.length === 2);
    ids.waits = (await webhook(4)).id;
    ids.tomorrow = (await webhook(5, { runAt: new Date(Date.now() + 86_400_000).toISOString() })).id;
  }, START_LIMIT_MS);
  afterAll(async () => {
    await product?.close();
    await again?.close();
    await restored?.drop();
  }, START_LIMIT_MS);

  test('is made beside them, for this user alone, and is whole', async () => {
    const report = await makeBackup(file(), {
      databaseUrl: databaseUrl(product),
      artifactsFolder: artifacts(product.dataDir),
    });
    expect(report).toMatchObject({ files: expect.any(Number) });
    expect(report.files).toBeGreaterThanOrEqual(2);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect((await verifyArchive(file())).byteCount).toBe(report.byteCount);
    await expect(makeBackup(file(), { databaseUrl: databaseUrl(product), artifactsFolder: folder })).rejects.toThrow(
      'is there already',
    );
  });

  test(
    'after it everything else is sent, and then all is lost',
    async () => {
      isHolding = false;
      for (const send of held) send();
      const { client } = product;
      const awaits = await client.getAction(ids.awaits ?? '');
      await client.approve(awaits.id, { sha256: awaits.artifactSha256 ?? '' });
      for (const name of ['first', 'second', 'waits', 'awaits']) {
        await until(
          `${name} is sent`,
          async () => (await client.getAction(ids[name] ?? '')).status === 'SUCCESS',
          START_LIMIT_MS,
        );
      }
      expect(receiver.requests()).toHaveLength(4);
      await product.stop();
    },
    START_LIMIT_MS,
  );

  test(
    'the restore is killed, has all that the backup had, and doubts what may have been sent since',
    async () => {
      restored = await createTestDatabase();
      await migrateDown(restored.url);
      const artifactsFolder = artifacts(join(folder, 'restored'));
      const report = await restoreBackup(file(), { databaseUrl: restored.url, artifactsFolder, replace: false });
      expect(report).toMatchObject({ unconfirmed: 4, awaiting: 1, released: 0 });
      expect(await pendingSteps(restored.url)).toEqual([]);
      const { rows } = await restored.pool.query<{ id: string; status: string }>('SELECT id, status FROM aol_actions');
      expect(Object.fromEntries(rows.map(({ id, status }) => [id, status]))).toEqual({
        [ids.proof ?? '']: 'SUCCESS',
        [ids.awaits ?? '']: 'AWAITING_APPROVAL',
        [ids.first ?? '']: 'UNCONFIRMED',
        [ids.second ?? '']: 'UNCONFIRMED',
        [ids.waits ?? '']: 'UNCONFIRMED',
        [ids.tomorrow ?? '']: 'UNCONFIRMED',
      });
      expect((await restored.pool.query(checkSql)).rows).toEqual([]);
      const { rows: leases } = await restored.pool.query('SELECT owner, token > 1000 AS "isBeyond" FROM aol_lease');
      expect(leases).toEqual([{ owner: null, isBeyond: true }]);
      const verified = await verifyArtifacts(restored.pool, createArtifactStore(`file:${artifactsFolder}`));
      expect(verified).toMatchObject({ wrong: [] });
      expect(verified.checked).toBeGreaterThanOrEqual(2);
    },
    START_LIMIT_MS,
  );

  test('the rules of the tables hold again', async () => {
    const illegal = restored.pool.query(`UPDATE aol_actions SET status = 'RUNNING' WHERE id = $1`, [ids.proof]);
    await expect(illegal).rejects.toThrow();
    await expect(restored.pool.query('DELETE FROM aol_execution_logs')).rejects.toThrow();
  });

  test(
    'nothing is sent a second time: not while it is killed, and not after the start',
    async () => {
      again = await startProduct({
        ...environment(),
        DATABASE_URL: restored.url,
        AOL_DATA_DIR: join(folder, 'restored'),
      });
      const { client } = again;
      expect((await client.status()).lanes).toMatchObject([{ lane: 'default', flags: { killed: true } }]);
      await delay(LOOKS_MS);
      await client.start();
      const { id } = await client.enqueue({
        type: 'POST_SOCIAL',
        payload: { platform: 'bluesky', content: 'It works' },
      });
      await until('new work is done', async () => (await client.getAction(id)).status === 'SUCCESS', START_LIMIT_MS);
      expect(receiver.requests()).toHaveLength(4);
      const first = await client.getAction(ids.first ?? '');
      expect(first.lastError).toContain('may have been sent since');
      await client.resolve(first.id, { outcome: 'sent' });
      expect(await client.getAction(first.id)).toMatchObject({ status: 'SUCCESS' } satisfies Partial<Action>);
    },
    START_LIMIT_MS,
  );

  test('a database that holds actions is not touched, unless it is to be replaced', async () => {
    await again.stop();
    const artifactsFolder = artifacts(join(folder, 'restored'));
    const target = { databaseUrl: restored.url, artifactsFolder };
    await expect(restoreBackup(file(), { ...target, replace: false })).rejects.toThrow('has actions');
    expect(await restoreBackup(file(), { ...target, replace: true })).toMatchObject({ unconfirmed: 4 });
  });
});

describe('an archive that is not whole', () => {
  const written = async (name: string) => {
    const file = join(folder, name);
    await writeArchive(file, async (archive) => {
      await archive.addBytes('one', randomBytes(100_000));
      await archive.addBytes('two', new Uint8Array());
    });
    return file;
  };

  test.each<[what: string, spoil: (file: string) => void]>([
    ['cut off', (file) => truncateSync(file, statSync(file).size - 20_000)],
    ['altered', (file) => spoilByte(file, 50_000)],
    ['followed by something else', (file) => appendFileSync(file, 'more')],
    ['another file', (file) => writeFileSync(file, 'no archive')],
  ])('%s is refused', async (what, spoil) => {
    const file = await written(what);
    expect(await verifyArchive(file)).toMatchObject({ entries: 2 });
    spoil(file);
    await expect(verifyArchive(file)).rejects.toMatchObject({ code: 'AOL_BACKUP' });
  });

  test.each(['files/../../outside', '/files/outside', 'files/..\\..\\outside', 'files/./outside'])(
    'a restore refuses the entry %s before it touches anything',
    async (name) => {
      const file = join(folder, randomUUID());
      await writeArchive(file, (archive) => archive.addBytes(name, randomBytes(10)));
      // There is no such server: to ask it first would be another error.
      const target = {
        databaseUrl: 'postgres://127.0.0.1:9/none',
        artifactsFolder: join(folder, 'inside', 'artifacts'),
      };
      const refused = { code: 'AOL_BACKUP', message: expect.stringContaining('leads elsewhere') };
      await expect(restoreBackup(file, { ...target, replace: true })).rejects.toMatchObject(refused);
      expect(() => statSync(join(folder, 'inside'))).toThrow();
    },
  );

  test('one that is not there, or cannot be read, says so', async () => {
    await expect(verifyArchive(join(folder, 'nowhere'))).rejects.toThrow(/nowhere cannot be read: .*ENOENT/);
    await expect(verifyArchive(folder)).rejects.toThrow(/cannot be read: .*EISDIR/);
  });

  test('a name that somebody takes meanwhile is not replaced', async () => {
    const file = join(folder, 'taken');
    const late = writeArchive(file, async () => writeFileSync(file, 'somebody else'));
    await expect(late).rejects.toMatchObject({ code: 'AOL_BACKUP' });
    expect(readFileSync(file, 'utf8')).toBe('somebody else');
  });

  test('a backup that fails leaves nothing', async () => {
    const file = join(folder, 'failed');
    const fails = writeArchive(file, () => Promise.reject(new Error('the disk is full')));
    await expect(fails).rejects.toThrow('the disk is full');
    expect(() => statSync(file)).toThrow();
  });
});

test('a database can be brought to the steps of an older version first', async () => {
  const database = await createTestDatabase();
  try {
    await migrateDown(database.url);
    const older = schemaSteps.slice(0, -1).map(({ name }) => name);
    await migrate(database.url, () => undefined, older);
    expect(await pendingSteps(database.url)).toEqual([schemaSteps.at(-1)?.name]);
    await expect(migrate(database.url, () => undefined, ['9999_newer'])).rejects.toThrow('newer version');
  } finally {
    await database.drop();
  }
});

const artifacts = (dataDir: string) => join(dataDir, 'artifacts');

function databaseUrl({ db }: Product): string {
  const { connectionString } = db.options;
  if (!connectionString) throw new Error('the test database has no address');
  return connectionString;
}

function spoilByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}
