/** `aol acceptance` and `aol go-live` on an installation that may send. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { makeBackup } from '../../src/cli/backup/backup.ts';
import { type Product, START_LIMIT_MS, startProduct } from '../support/product.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const checkSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  accepted: z.boolean(),
  detail: z.string(),
  cure: z.string().nullable(),
});

let product: Product;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aol-acceptance-'));
  product = await startProduct({ AOL_PROOF_MODE: '0', AOL_RETENTION: '90d' });
}, START_LIMIT_MS);
afterAll(async () => {
  await product?.close();
  rmSync(folder, { recursive: true, force: true });
}, START_LIMIT_MS);

function aol(...args: string[]): Promise<{ readonly status: number; readonly out: string; readonly talk: string }> {
  return new Promise((resolve) => {
    const { environment: env } = product;
    execFile(process.execPath, [main, ...args], { env, timeout: START_LIMIT_MS }, (error, out, talk) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), out, talk });
    });
  });
}

test(
  'a bounded run in PROOF refuses beside a worker that may send, and ends',
  async () => {
    const { status, talk } = await aol('run', '--ticks', '1', '--proof');
    expect({ status, talk }).toEqual({ status: 5, talk: expect.stringContaining('--proof cannot be kept') });
  },
  START_LIMIT_MS,
);

test(
  'the lane asks nobody: acceptance says so, and writes its report',
  async () => {
    const report = join(folder, 'report.md');
    const { status, out, talk } = await aol('acceptance', '--report', report);
    expect(talk).toBe('');
    expect(out.match(/ NO \|.*/g)).toBeNull();
    expect(status).toBe(0);
    expect(readFileSync(report, 'utf8')).toBe(out);
    expect(out).toMatch(/a proof has the SHA-256 that is recorded \| yes \| .*[0-9a-f]{64}.*recomputed here/);
  },
  START_LIMIT_MS,
);

test(
  'go-live names what is missing with its cure, accepts what is meant, and takes a fresh backup',
  async () => {
    const archive = join(folder, 'fresh.backup');
    const { connectionString = '' } = product.db.options;
    await makeBackup(archive, { databaseUrl: connectionString, artifactsFolder: join(product.dataDir, 'artifacts') });
    const { status, out } = await aol(
      ...['go-live', '--json', '--backup', archive, '--prometheus', 'http://127.0.0.1:1', '--accept', 'tls'],
    );
    const { checks } = z.object({ checks: z.array(checkSchema) }).parse(JSON.parse(out));
    const missing = checks.filter(({ ok, accepted }) => !ok && !accepted);
    expect(status).toBe(1);
    expect(missing.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['keys', 'approvals', 'alerts', 'rehearsal']),
    );
    expect(missing.every(({ cure }) => cure !== null)).toBe(true);
    expect(missing.find(({ name }) => name === 'alerts')?.detail).toContain('http://127.0.0.1:1 does not answer');
    const well = checks.filter(({ ok }) => ok).map(({ name }) => name);
    expect(well).toEqual(expect.arrayContaining(['backup', 'retention', 'disk', 'versions']));
    expect((await aol('go-live', '--accept', 'nonsense')).status).toBe(2);
  },
  START_LIMIT_MS,
);
