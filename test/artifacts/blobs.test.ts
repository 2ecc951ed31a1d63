/** The store of files: what may pass is told from what is lost. */

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createExchange } from '../../src/adapters/exchange/index.ts';
import { createSsrfGuard } from '../../src/adapters/exchange/ssrf-guard.ts';
import { type BlobStore, createBlobStore } from '../../src/artifacts/blobs.ts';
import { ArtifactError, UnavailableError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';

const BYTES = Buffer.from('opening hours');
const SHA256 = sha256Hex(BYTES);
let root: string;
let store: BlobStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'aol-blob-store-'));
  store = createBlobStore(join(root, 'blobs'));
});
afterEach(() => rm(root, { recursive: true }));
const fileOf = () => join(root, 'blobs', SHA256.slice(0, 2), SHA256);

test('stored once, read back, removed once', async () => {
  expect([await store.put(BYTES), await store.put(BYTES)]).toEqual([SHA256, SHA256]);
  expect(Buffer.from(await store.get(SHA256))).toEqual(BYTES);
  expect([await store.remove(SHA256), await store.remove(SHA256)]).toEqual([true, false]);
  await expect(store.get(SHA256)).rejects.toBeInstanceOf(ArtifactError);
});

test('an altered file is an error, and storing it again mends it', async () => {
  await store.put(BYTES);
  await writeFile(fileOf(), 'other');
  await expect(store.get(SHA256)).rejects.toThrow('was altered');
  await store.put(BYTES);
  expect(Buffer.from(await store.get(SHA256))).toEqual(BYTES);
});

test('a planted link is not followed', async () => {
  await writeFile(join(root, 'secret'), BYTES);
  await mkdir(join(root, 'blobs', SHA256.slice(0, 2)), { recursive: true });
  await symlink(join(root, 'secret'), fileOf());
  await expect(store.get(SHA256)).rejects.toBeInstanceOf(ArtifactError);
});

test('a disk that fails is away, not a file that is missing: what waits for it is tried again', async () => {
  // Reading a directory fails as a bad disk does: with an error that is not ENOENT.
  await mkdir(fileOf(), { recursive: true });
  await expect(store.get(SHA256)).rejects.toBeInstanceOf(UnavailableError);
  const exchange = createExchange(createSsrfGuard([]), store.get);
  const body = { kind: 'blob', sha256: SHA256 } as const;
  const request = { protocol: 'http', method: 'POST', url: 'https://files.example/', headers: {}, body } as const;
  const { signal } = new AbortController();
  expect(await exchange.send(request, { signal })).toMatchObject({ kind: 'not_sent' });
});
