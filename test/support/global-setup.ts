import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import {
  findTemporalBinary,
  freePort,
  type LocalServer,
  removeAfterwards,
  startPostgres,
  startTemporal,
} from '../../src/local/index.ts';
import { makeForgetful } from './forgetful-postgres.ts';
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
  const keep = <T extends LocalServer>(server: T): T => {
    running.servers.push(server);
    return server;
  };
  try {
    const [postgres, temporal] = await Promise.all([
      needsDatabase ? postgresForTests().then(keep) : undefined,
      needsTemporal ? temporalForTests().then(keep) : undefined,
    ]);
    if (postgres) await makeForgetful(postgres.url);
    env.AOL_TEST_DATABASE_URL ||= postgres?.url;
    env.AOL_TEST_TEMPORAL_ADDRESS ||= temporal?.address;
  } catch (thrown) {
    await Promise.all(running.servers.map((server) => server.stop()));
    throw thrown;
  }
  // biome-ignore-end lint/style/noProcessEnv: see above
}

async function postgresForTests() {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'aol-test-')));
  removeAfterwards(dataDir);
  // Passable: as root PostgreSQL runs as another user.
  chmodSync(dataDir, 0o711);
  const { cacheDir } = loadConfig().machine;
  return await startPostgres({ dataDir, port: await freePort(), cacheDir, log: say });
}

async function temporalForTests() {
  const { searchPath, cacheDir } = loadConfig().machine;
  const binary = await findTemporalBinary({ searchPath, cacheDir, env: childEnvironment(), log: say });
  return await startTemporal({
    dataDir: undefined,
    port: await freePort(),
    uiPort: undefined,
    binary,
    log: say,
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
