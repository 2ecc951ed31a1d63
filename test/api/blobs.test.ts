/** `/v1/blobs`: files that payloads name, stored once, kept as long as an action needs them. */

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createArtifactStore, createBlobStoreAt } from '../../src/artifacts/index.ts';
import { readMedia } from '../../src/artifacts/media.ts';
import { type Blob, blobSchema } from '../../src/contracts/http/blob.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { prune } from '../../src/db/keep/prune.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { as, createTestApi, POST, postRaw, type TestApi } from '../support/api.ts';
import { jpegWithMetadata, PICTURE_SECRET, png } from '../support/pictures.ts';

let api: TestApi;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-blobs-'));
  api = await createTestApi({ blobs: { ...createBlobStoreAt(`file:${folder}`), readMedia } });
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

const put = (payload: Buffer, headers: Record<string, string> = {}) =>
  api.call({
    method: 'PUT',
    url: '/v1/blobs',
    headers: { ...as('operator'), 'content-type': 'image/png', ...headers },
    payload,
  });

async function stored(payload: Buffer): Promise<Blob> {
  return blobSchema.parse((await put(payload)).json());
}

const post = (media: unknown) =>
  postRaw(api, '/v1/actions', JSON.stringify({ type: 'POST_SOCIAL', payload: { ...POST, media } }));

describe('storing', () => {
  test('a picture is stored once, without its metadata, and read back byte for byte', async () => {
    const first = await put(jpegWithMetadata());
    expect(first.statusCode).toBe(201);
    const blob = blobSchema.parse(first.json());
    expect(blob).toMatchObject({ mediaType: 'image/jpeg', width: 8, height: 8 });
    const again = await put(jpegWithMetadata(), { 'content-type': 'application/x-whatever' });
    expect([again.statusCode, again.json()]).toEqual([200, blob]);
    const read = await api.call({ url: `/v1/blobs/${blob.sha256}`, headers: as('viewer') });
    expect(read.statusCode).toBe(200);
    expect(read.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-content-type-options': 'nosniff' });
    expect(read.body).not.toContain(PICTURE_SECRET);
    expect(blob.byteCount).toBe(Number(read.headers['content-length']));
  });

  test('a page that calls itself a picture is never shown as one', async () => {
    const { sha256, mediaType } = await stored(Buffer.from('<script>alert(1)</script>'));
    expect(mediaType).toBe('application/octet-stream');
    const { headers } = await api.call({ url: `/v1/blobs/${sha256}`, headers: as('viewer') });
    expect(headers['content-disposition']).toMatch(/^attachment/u);
    expect(headers['content-security-policy']).toContain('sandbox');
  });

  test.each([
    ['nothing', Buffer.alloc(0), 400],
    ['a damaged picture', png().subarray(0, -20), 400],
    ['more than 20 MiB', Buffer.alloc(20 * 1024 * 1024 + 1), 413],
  ])('%s is refused', async (_name, body, status) => {
    const answer = await put(body);
    expect(answer.statusCode).toBe(status);
    problemSchema.parse(answer.json());
  });

  test('a viewer stores nothing; what is not there is 404', async () => {
    expect((await put(png(), as('viewer'))).statusCode).toBe(403);
    expect((await api.call({ url: `/v1/blobs/${'0'.repeat(64)}`, headers: as('viewer') })).statusCode).toBe(404);
    expect((await api.call({ url: '/v1/blobs/..', headers: as('viewer') })).statusCode).toBe(400);
  });
});

describe('payloads', () => {
  test('a file that is not there is 422 and names the field, alone and in a batch', async () => {
    const { sha256 } = await stored(png());
    const missing = 'f'.repeat(64);
    const answer = await post([{ sha256 }, { sha256: missing, alt: 'nothing' }]);
    expect(answer.statusCode).toBe(422);
    expect(problemSchema.parse(answer.json()).errors).toEqual([
      { field: 'payload.media.1.sha256', rule: 'must be a stored file: PUT /v1/blobs first' },
    ]);
    const actions = [sha256, missing, sha256].map((one) => ({
      type: 'POST_SOCIAL',
      payload: { ...POST, media: [{ sha256: one }] },
    }));
    const batch = await postRaw(api, '/v1/actions/batch', JSON.stringify({ actions }));
    expect(batch.json()).toMatchObject({ results: [{ status: 201 }, { status: 422 }, { status: 201 }] });
  });

  test('a file lives as long as an action names it', async () => {
    const [used, unused] = [await stored(png(5, 5)), await stored(png(7, 7))];
    expect((await post([{ sha256: used.sha256 }])).statusCode).toBe(201);
    const store = { ...createArtifactStore(`file:${folder}`), blobs: createBlobStoreAt(`file:${folder}`) };
    expect((await prune(api.database.pool, store, { olderThanMs: 0 })).failures).toEqual([]);
    const statusOf = async ({ sha256 }: Blob) =>
      (await api.call({ url: `/v1/blobs/${sha256}`, headers: as('viewer') })).statusCode;
    expect([await statusOf(used), await statusOf(unused)]).toEqual([200, 404]);
    const again = await stored(png(7, 7));
    expect([again.sha256, await statusOf(again)]).toEqual([unused.sha256, 200]);
  });

  test('a file that was altered on disk is an error, never sent or shown', async () => {
    const { sha256 } = await stored(png(9, 9));
    await writeFile(join(folder, 'blobs', sha256.slice(0, 2), sha256), 'other bytes');
    expect((await api.call({ url: `/v1/blobs/${sha256}`, headers: as('viewer') })).statusCode).toBe(500);
    expect((await stored(png(9, 9))).sha256).toBe(sha256);
    expect((await api.call({ url: `/v1/blobs/${sha256}`, headers: as('viewer') })).statusCode).toBe(200);
    expect((await readdir(join(folder, 'blobs', sha256.slice(0, 2)))).filter((name) => name.endsWith('.part'))).toEqual(
      [],
    );
    expect(sha256Hex(png(9, 9))).toBe(sha256);
  });
});
