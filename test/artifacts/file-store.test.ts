import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBlobStore } from '../../src/artifacts/blobs.ts';
import { createArtifactStore, type StoredArtifact } from '../../src/artifacts/index.ts';
import { ArtifactError, ConfigurationError, UnavailableError } from '../../src/domain/errors.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';

const ID = '01937e4a-5b6c-7d8e-9f01-23456789abcd';
const BYTES = new TextEncoder().encode('{"a":1}');
const SHA = sha256Hex(BYTES);

let folder = '';
let root = '';
const fileOf = (uri: string) => join(root, uri.slice('artifact:'.length));
const store = () => createArtifactStore(`file:${root}`);
const listed = async () => {
  const artifacts: StoredArtifact[] = [];
  for await (const artifact of store().list()) artifacts.push(artifact);
  return artifacts;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aol-artifacts-'));
  root = join(folder, 'data', 'artifacts');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('storing', () => {
  test('puts, gets, lists; nothing but the artifact stays behind, readable by its owner only', async () => {
    const uri = await store().put(ID, SHA, BYTES);
    expect(uri).toBe(`artifact:cd/${ID}-${SHA}.json`);
    expect(await store().get(uri)).toEqual(BYTES);
    expect(await listed()).toEqual([{ uri, actionId: ID, sha256: SHA }]);
    expect(await readdir(root, { recursive: true })).toEqual(['cd', `cd/${ID}-${SHA}.json`]);
    expect((await stat(fileOf(uri))).mode & 0o777).toBe(0o600);
  });

  test('the same artifact may be put again, also many times at once', async () => {
    const uris = await Promise.all(Array.from({ length: 30 }, () => store().put(ID, SHA, BYTES)));
    expect(new Set(uris).size).toBe(1);
    expect(await readdir(join(root, 'cd'))).toHaveLength(1);
  });

  test('rows stay valid when the data folder moves', async () => {
    const uri = await store().put(ID, SHA, BYTES);
    await rename(join(folder, 'data'), join(folder, 'moved'));
    expect(await createArtifactStore(`file:${join(folder, 'moved', 'artifacts')}`).get(uri)).toEqual(BYTES);
  });

  test('an empty store lists nothing', async () => {
    expect(await listed()).toEqual([]);
  });

  test.each(['s3:bucket', '', 'file:', '/tmp/x', 'http://example.com', 'file://host/x', 'file:/a\u0000b'])(
    'refuses the location %j and names the variable',
    (location) => {
      expect(() => createArtifactStore(location)).toThrow(ConfigurationError);
      expect(() => createArtifactStore(location)).toThrow('AOL_ARTIFACTS');
    },
  );
});

describe('attacks (F-20)', () => {
  test.each(['../../x', 'a/b', 'a\u0000b', '😀'.repeat(9), ID.toUpperCase(), `${ID}/..`, '', `../${ID}`])(
    'an action id %j makes no file',
    async (id) => {
      await expect(store().put(id, SHA, BYTES)).rejects.toThrow(ArtifactError);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test.each(['../../x', SHA.toUpperCase(), `${SHA.slice(0, 62)}/x`, sha256Hex('other'), ''])(
    'a hash %j that is not the one of the bytes makes no file',
    async (sha256) => {
      await expect(store().put(ID, sha256, BYTES)).rejects.toThrow(ArtifactError);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test.each([
    '/etc/passwd',
    'file:///etc/passwd',
    'artifact:../../../etc/passwd',
    `artifact:cd/../cd/${ID}-${SHA}.json`,
    `artifact:ab/${ID}-${SHA}.json`,
    `artifact:cd/${ID}-${SHA}.json\u0000`,
    `artefact:cd/${ID}-${SHA}.json`,
    '',
  ])('the URI %j reads nothing', async (uri) => {
    await store().put(ID, SHA, BYTES);
    await expect(store().get(uri)).rejects.toThrow(ArtifactError);
  });

  test('a link in place of a directory of artifacts is not followed, neither to write nor to read', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(root, { recursive: true });
    await mkdir(elsewhere);
    await symlink(elsewhere, join(root, 'cd'));
    await expect(store().put(ID, SHA, BYTES)).rejects.toThrow(ArtifactError);
    expect(await readdir(elsewhere)).toEqual([]);
    await writeFile(join(elsewhere, `${ID}-${SHA}.json`), BYTES);
    await expect(store().get(`artifact:cd/${ID}-${SHA}.json`)).rejects.toThrow(ArtifactError);
    expect(await listed()).toEqual([]);
  });

  test('a link in place of the artifact is not followed, neither to write nor to read', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'mine');
    await mkdir(join(root, 'cd'), { recursive: true });
    await symlink(victim, join(root, 'cd', `${ID}-${SHA}.json`));
    await expect(store().put(ID, SHA, BYTES)).rejects.toThrow(ArtifactError);
    expect(await readFile(victim, 'utf8')).toBe('mine');
    await writeFile(victim, BYTES);
    await expect(store().get(`artifact:cd/${ID}-${SHA}.json`)).rejects.toThrow(ArtifactError);
    expect(await listed()).toEqual([]);
  });

  test('a directory replaced by a file stops its own artifacts only', async () => {
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'cd'), 'x');
    await expect(store().put(ID, SHA, BYTES)).rejects.toThrow(ArtifactError);
    await expect(store().put(ID.replace(/cd$/u, 'ce'), SHA, BYTES)).resolves.toMatch(/^artifact:ce\//u);
  });

  test('a store replaced by a file is unavailable', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(root, 'x');
    await expect(store().put(ID, SHA, BYTES)).rejects.toThrow(UnavailableError);
    await expect(store().put(ID, SHA, BYTES)).rejects.toMatchObject({ dependency: 'artifacts' });
  });

  test('a pipe in place of the artifact does not hang the reader', async () => {
    await mkdir(join(root, 'cd'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'cd', `${ID}-${SHA}.json`)]);
    await expect(store().get(`artifact:cd/${ID}-${SHA}.json`)).rejects.toThrow(ArtifactError);
    await expect(store().put(ID, SHA, BYTES)).rejects.toThrow(ArtifactError);
  });

  test.each([
    ['truncated', (file: string) => truncate(file, 3)],
    ['altered, of the same size', (file: string) => writeFile(file, '{"a":2}')],
    ['emptied', (file: string) => truncate(file, 0)],
    ['removed', (file: string) => rm(file)],
  ])('%s: reading says so, and putting it again repairs it', async (_name, damage) => {
    const uri = await store().put(ID, SHA, BYTES);
    await damage(fileOf(uri));
    await expect(store().get(uri)).rejects.toThrow(ArtifactError);
    await store().put(ID, SHA, BYTES);
    expect(await store().get(uri)).toEqual(BYTES);
  });

  test('files that are not ours are not listed', async () => {
    const uri = await store().put(ID, SHA, BYTES);
    await writeFile(join(root, 'cd', `.${randomUUID()}.tmp`), 'x');
    await writeFile(join(root, 'cd', `${ID.replace(/cd$/u, 'ff')}-${SHA}.json`), 'x');
    await mkdir(join(root, 'other'));
    expect((await listed()).map((artifact) => artifact.uri)).toEqual([uri]);
  });

  test('removes an artifact once; the same bytes may be put again', async () => {
    const uri = await store().put(ID, SHA, BYTES);
    expect(await store().remove(uri)).toBe(true);
    expect(await store().remove(uri)).toBe(false);
    expect(await listed()).toEqual([]);
    expect(await store().put(ID, SHA, BYTES)).toBe(uri);
  });

  test.each(['/etc/passwd', 'artifact:../../../etc/passwd', `artifact:ab/${ID}-${SHA}.json`, ''])(
    'the URI %j removes nothing',
    async (uri) => {
      await store().put(ID, SHA, BYTES);
      await expect(store().remove(uri)).rejects.toThrow(ArtifactError);
      expect(await listed()).toHaveLength(1);
    },
  );

  test('neither removing nor sweeping goes through a link', async () => {
    const elsewhere = join(folder, 'elsewhere');
    const left = `.${randomUUID()}.tmp`;
    await mkdir(root, { recursive: true });
    await mkdir(elsewhere);
    for (const name of [`${ID}-${SHA}.json`, left]) await writeFile(join(elsewhere, name), BYTES);
    await symlink(elsewhere, join(root, 'cd'));
    await expect(store().remove(`artifact:cd/${ID}-${SHA}.json`)).rejects.toThrow(ArtifactError);
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(0);
    await mkdir(join(root, 'ab'));
    const other = `artifact:ab/${ID.replace(/cd$/u, 'ab')}-${SHA}.json`;
    await symlink(join(elsewhere, left), fileOf(other));
    await symlink(join(elsewhere, left), join(root, 'ab', left));
    await expect(store().remove(other)).rejects.toThrow(ArtifactError);
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(0);
    expect(await readdir(elsewhere)).toHaveLength(2);
  });

  test('sweeps only what a dead writer left, older than told', async () => {
    await store().put(ID, SHA, BYTES);
    const left = join(root, 'cd', `.${randomUUID()}.tmp`);
    await writeFile(left, 'half');
    await writeFile(join(root, 'cd', '.other.tmp'), 'x');
    expect(await store().sweep({ olderThanMs: 60_000 })).toBe(0);
    expect(await store().sweep({ olderThanMs: -1_000, dryRun: true })).toBe(1);
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(1);
    expect((await readdir(join(root, 'cd'))).sort()).toEqual(['.other.tmp', `${ID}-${SHA}.json`]);
  });

  test('sweeps what a dead writer left among the files that go out with effects, and nothing behind a link', async () => {
    const put = await createBlobStore(join(root, 'blobs')).put(BYTES);
    const shard = join(root, 'blobs', put.slice(0, 2));
    await writeFile(join(shard, `.${randomUUID()}.tmp`), 'half');
    expect(await store().sweep({ olderThanMs: 60_000 })).toBe(0);
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(1);
    expect(await readdir(shard)).toEqual([put]);
    await writeFile(join(shard, `.${randomUUID()}.tmp`), 'half');
    await rename(join(root, 'blobs'), join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(root, 'blobs'));
    expect(await store().sweep({ olderThanMs: -1_000 })).toBe(0);
  });

  test('a file that may not grow is unavailable, and leaves nothing behind', async () => {
    const script = `
      import { createArtifactStore } from ${JSON.stringify(sourceUrl('../../src/artifacts/index.ts'))};
      import { sha256Hex } from ${JSON.stringify(sourceUrl('../../src/domain/hashing.ts'))};
      const bytes = new Uint8Array(200_000);
      const error = await createArtifactStore(process.argv[1]).put('${ID}', sha256Hex(bytes), bytes).catch((e) => e);
      process.stdout.write(error.code + ' ' + error.message);`;
    const command = `ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"`;
    const said = execFileSync('bash', ['-c', command, process.execPath, script, `file:${root}`], { encoding: 'utf8' });
    expect(said).toMatch(/^AOL_UNAVAILABLE writing artifact:.*: EFBIG$/u);
    expect(await readdir(join(root, 'cd'))).toEqual([]);
  });
});

test('kill -9 while writing leaves no half artifact', async () => {
  const writer = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  let rounds = 0;
  // The moment of the kill is what is tried: each later than the one before, until some were stored in both ways.
  const found = { alone: 0, packed: 0 };
  while (rounds < 8 || found.alone === 0 || found.packed === 0) {
    const child = spawn(process.execPath, [writer, `file:${root}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await delay(40 + 30 * rounds);
    await killed(child);
    rounds += 1;
    Object.assign(found, { alone: 0, packed: 0 });
    for await (const { uri } of store().list()) {
      expect((await store().get(uri)).length).toBe(180_000);
      found[uri.startsWith('artifact:pack/') ? 'packed' : 'alone'] += 1;
    }
    // A half-written pack would be one whose index says more than is there.
    expect(found.packed % 10).toBe(0);
  }
}, 30_000);

async function killed(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await closed;
}

function sourceUrl(relative: string): string {
  return new URL(relative, import.meta.url).href;
}
