import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createArtifactStore, type StoredArtifact } from '../../src/artifacts/index.ts';
import { encodePack, memberUri, parseMemberUri, readIndex } from '../../src/artifacts/pack.ts';
import type { NewArtifact, StoredPack } from '../../src/artifacts/port.ts';
import { ArtifactError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';

const TICK = '5b2f64f1-5c0c-4f6e-9a3e-0123456789ab';
const DAY_MS = 86_400_000;

let folder = '';
let root = '';
const store = () => createArtifactStore(`file:${root}`);
const artifactOf = (text: string): NewArtifact => {
  const bytes = new TextEncoder().encode(text);
  return { actionId: randomUUID(), sha256: sha256Hex(bytes), bytes };
};
const fileOf = (uri: string) => join(root, (uri.split('#')[0] ?? '').slice('artifact:'.length));
const all = async <Item>(items: AsyncIterable<Item>) => {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const listed = () => all<StoredArtifact>(store().list());
const packs = (olderThanMs: number) => all<StoredPack>(store().packs({ olderThanMs }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-packs-'));
  root = join(folder, 'artifacts');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a pack', () => {
  test('is one file that holds, gives back and lists what a tick made', async () => {
    const artifacts = ['{"a":1}', '', '{"b":"ü"}'].map(artifactOf);
    const uris = await store().putAll(TICK, artifacts);
    const files = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.pack'));
    expect(files).toHaveLength(1);
    expect((await stat(join(root, files[0] ?? ''))).mode & 0o777).toBe(0o600);
    for (const [index, { bytes }] of artifacts.entries()) expect(await store().get(uris[index] ?? '')).toEqual(bytes);
    expect(await listed()).toEqual(
      artifacts.map(({ actionId, sha256 }, index) => ({ uri: uris[index], actionId, sha256 })),
    );
    expect(await packs(-1_000)).toEqual([
      { uri: uris[0]?.split('#')[0], actionIds: artifacts.map((artifact) => artifact.actionId) },
    ]);
  });

  test('may be stored again, and never takes the place of another one of its tick', async () => {
    const artifacts = ['one', 'two'].map(artifactOf);
    const uris = await store().putAll(TICK, artifacts);
    expect(await store().putAll(TICK, artifacts)).toEqual(uris);
    const [other] = await store().putAll(TICK, artifacts.slice(1));
    expect(await store().get(uris[0] ?? '')).toEqual(artifacts[0]?.bytes);
    expect(await store().get(other ?? '')).toEqual(artifacts[1]?.bytes);
    expect(await packs(-1_000)).toHaveLength(2);
  });

  test('goes as a whole: its artifacts cannot be removed alone', async () => {
    const uris = await store().putAll(TICK, ['one', 'two'].map(artifactOf));
    expect(await store().remove(uris[0] ?? '')).toBe(false);
    expect(await listed()).toHaveLength(2);
    const pack = uris[0]?.split('#')[0] ?? '';
    expect(await store().removePack(pack)).toBe(true);
    expect(await store().removePack(pack)).toBe(false);
    await expect(store().get(uris[1] ?? '')).rejects.toThrow('is missing');
  });

  test('is found once it is old enough, and empty folders of earlier days go', async () => {
    const [uri = ''] = await store().putAll(TICK, ['one'].map(artifactOf));
    expect(await packs(60_000)).toEqual([]);
    const old = join(root, 'pack', '2020-01-01');
    await mkdir(old);
    await writeFile(join(old, 'other'), 'x');
    await writeFile(join(old, fileOf(uri).split('/').at(-1) ?? ''), await readFile(fileOf(uri)));
    expect(await packs(60_000)).toEqual([]);
    await utimes(join(old, fileOf(uri).split('/').at(-1) ?? ''), 1, 1);
    expect(await packs(DAY_MS)).toHaveLength(1);
    await rm(join(old, 'other'));
    expect(await store().removePack(uri.split('#')[0]?.replace(/\d{4}-\d{2}-\d{2}/u, '2020-01-01') ?? '')).toBe(true);
    await all(store().packs({ olderThanMs: DAY_MS }));
    expect(await readdir(join(root, 'pack'))).toHaveLength(2);
  });

  test('any bytes in any number come back, and URIs are read as they were made', async () => {
    const many = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(many, async (contents) => {
        const artifacts = contents.map((bytes) => ({ actionId: randomUUID(), sha256: sha256Hex(bytes), bytes }));
        const { bytes, entries, fileName } = encodePack(TICK, artifacts);
        expect(readIndex(bytes)).toEqual(entries);
        for (const [index, entry] of entries.entries()) {
          expect(bytes.slice(entry.offset, entry.offset + entry.length)).toEqual(Buffer.from(contents[index] ?? []));
          const pack = { day: '2026-11-27', fileName };
          const { offset, length, sha256 } = entry;
          expect(parseMemberUri(memberUri(pack, entry))).toEqual({ pack, offset, length, sha256 });
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('attacks on packs (F-20)', () => {
  test.each(['../../x', TICK.toUpperCase(), `${TICK}/..`, ''])('a tick id %j makes no file', async (id) => {
    await expect(store().putAll(id, [artifactOf('x')])).rejects.toThrow(ArtifactError);
    expect(await readdir(folder)).toEqual([]);
  });

  test('an id or a hash that is none makes no file', async () => {
    const good = artifactOf('x');
    for (const bad of [
      { ...good, actionId: '../x' },
      { ...good, sha256: sha256Hex('other') },
    ]) {
      await expect(store().putAll(TICK, [good, bad])).rejects.toThrow(ArtifactError);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    'artifact:pack/../../etc/passwd#0+1,',
    'artifact:pack/2026-11-27/../x#0+1,',
    'artifact:pack/2026-11-27/x.pack#0+1,',
    'artifact:pack/',
  ])('the URI %j reads and removes nothing', async (start) => {
    const uri = start.endsWith(',') ? start + sha256Hex('x') : start;
    await expect(store().get(uri)).rejects.toThrow(ArtifactError);
    await expect(store().remove(uri)).rejects.toThrow(ArtifactError);
    await expect(store().removePack(uri)).rejects.toThrow(ArtifactError);
  });

  test('an artifact is not what lies elsewhere in its pack, nor beyond it', async () => {
    const [uri = ''] = await store().putAll(TICK, ['one', 'two'].map(artifactOf));
    const moved = uri.replace(/#(\d+)\+/u, (_, offset: string) => `#${Number(offset) + 3}+`);
    await expect(store().get(moved)).rejects.toThrow('were altered');
    await expect(store().get(uri.replace(/\+\d+,/u, '+99999999,'))).rejects.toThrow(ArtifactError);
  });

  test('no link is followed, neither to write nor to read nor to list nor to remove', async () => {
    const artifacts = [artifactOf('x')];
    const [uri = ''] = await store().putAll(TICK, artifacts);
    const file = fileOf(uri);
    const elsewhere = join(folder, 'elsewhere');
    for (const place of [file, dirname(file), dirname(dirname(file))]) {
      await rm(elsewhere, { recursive: true, force: true });
      const copy = createArtifactStore(`file:${elsewhere}`);
      await copy.putAll(TICK, artifacts);
      const before = await readdir(elsewhere, { recursive: true });
      await rm(place, { recursive: true });
      await symlink(place.replace(root, elsewhere), place);
      await expect(store().get(uri)).rejects.toThrow(ArtifactError);
      await expect(store().putAll(TICK, artifacts)).rejects.toThrow(ArtifactError);
      await expect(store().removePack(uri.split('#')[0] ?? '')).rejects.toThrow(ArtifactError);
      expect(await listed()).toEqual([]);
      expect(await packs(-1_000)).toEqual([]);
      expect(await readdir(elsewhere, { recursive: true })).toEqual(before);
      await rm(place);
      await store().putAll(TICK, artifacts);
    }
  });

  test('a damaged pack is reported where it is read, is never called old, and is written anew', async () => {
    const artifacts = ['one', 'two'].map(artifactOf);
    const [first = '', second = ''] = await store().putAll(TICK, artifacts);
    const size = (await stat(fileOf(first))).size;
    await truncate(fileOf(first), size - 1);
    expect(await store().get(first)).toEqual(artifacts[0]?.bytes);
    await expect(store().get(second)).rejects.toThrow(ArtifactError);
    await truncate(fileOf(first), 10);
    expect(await packs(-1_000)).toEqual([]);
    expect(await listed()).toEqual([]);
    expect(await store().putAll(TICK, artifacts)).toEqual([first, second]);
    expect(await store().get(second)).toEqual(artifacts[1]?.bytes);
  });

  test('what a dead writer left is swept', async () => {
    const [uri = ''] = await store().putAll(TICK, [artifactOf('x')]);
    await writeFile(join(dirname(fileOf(uri)), `.${randomUUID()}.tmp`), 'half');
    expect(await store().sweep({ olderThanMs: 60_000 })).toBe(0);
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(1);
    expect(await listed()).toHaveLength(1);
  });
});
