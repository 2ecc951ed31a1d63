import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { findTemporalBinary, freePort, type LocalServer, startPostgres, startTemporal } from '../../src/local/index.ts';
import { running } from './running.ts';

/**
 * One real PostgreSQL and one real Temporal (in memory) for the whole run; their addresses are handed on as
 * AOL_TEST_DATABASE_URL and AOL_TEST_TEMPORAL_ADDRESS. Where these are given, those servers are used.
 */
export default async function globalSetup(): Promise<void> {
  // biome-ignore-start lint/style/noProcessEnv: jest hands values on to its workers in no other way
  const needsDatabase = !env.AOL_TEST_DATABASE_URL;
  const needsTemporal = !env.AOL_TEST_TEMPORAL_ADDRESS;
  if (!needsDatabase && !needsTemporal) {
    return;
  }
  const reaper = startReaper();
  const keep = <T extends LocalServer>(server: T): T => {
    reaper.tell(`pid ${server.pid}`);
    running.servers.push(server);
    return server;
  };
  running.finish = reaper.finish;
  try {
    const [postgres, temporal] = await Promise.all([
      needsDatabase ? postgresForTests(reaper.tell).then(keep) : undefined,
      needsTemporal ? temporalForTests(reaper.tell).then(keep) : undefined,
    ]);
    env.AOL_TEST_DATABASE_URL ||= postgres?.url;
    env.AOL_TEST_TEMPORAL_ADDRESS ||= temporal?.address;
  } catch (thrown) {
    await Promise.all(running.servers.map((server) => server.stop()));
    await reaper.finish();
    throw thrown;
  }
  // biome-ignore-end lint/style/noProcessEnv: see above
}

async function postgresForTests(tell: (line: string) => void) {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'aol-test-')));
  tell(`folder ${dataDir}`);
  // Passable: as root PostgreSQL runs as another user.
  chmodSync(dataDir, 0o711);
  const { cacheDir } = loadConfig().machine;
  return await startPostgres({ dataDir, port: await freePort(), cacheDir, log: say });
}

async function temporalForTests(tell: (line: string) => void) {
  const { searchPath, cacheDir } = loadConfig().machine;
  const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log: say });
  const server = await startTemporal({
    dataDir: undefined,
    port: await freePort(),
    uiPort: undefined,
    binary,
    log: say,
  });
  tell(`folder ${server.folder}`);
  return server;
}

function startReaper() {
  const script = fileURLToPath(new URL('./reaper.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  return {
    tell: (line: string) => void child.stdin.write(`${line}\n`),
    finish: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end('gone\n');
      await exited;
    },
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
