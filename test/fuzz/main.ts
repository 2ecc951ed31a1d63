/**
 * `npm run test:fuzz`: schemathesis, an independent fuzzer, against the whole of AOL on this machine. It makes its own Python
 * environment under the temporary folder, starts AOL on free ports, and ends with the fuzzer's exit status.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childEnvironment, loadConfig } from '../../src/config/index.ts';
import { freePort, startPostgres } from '../../src/local/index.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { type RouteCounts, readCounts, sum, told } from './counts.ts';
import { keepSeeds } from './seeds.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('./', import.meta.url));
const VERSION = '4.32.5';
const READY_LIMIT_MS = 120_000;
/** An account that can be checked, and cannot log in: nothing listens there. */
const ACCOUNTS = 'seeds: {provider: mastodon, url: "http://127.0.0.1:9", accessToken: {env: AOL_FUZZ_ACCOUNT}}\n';

const say = (line: string) => void process.stderr.write(`fuzz: ${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(more: readonly string[]): Promise<number> {
  const schemathesis = await fuzzer();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-fuzz-')));
  chmodSync(folder, 0o711);
  const token = `fuzz-${randomBytes(24).toString('hex')}`;
  const port = await freePort();
  const { cacheDir } = loadConfig().machine;
  const url = `http://127.0.0.1:${port}`;
  const issuer = await startIssuer(url);
  const postgres = await startPostgres({ dataDir: folder, port: await freePort(), cacheDir, log: say });
  try {
    const aol = await startAol(folder, { port, token, databaseUrl: postgres.url, issuer });
    try {
      await ready(url, aol);
      const seeds = await keepSeeds(postgres.url, issuer.url);
      const counts = join(folder, 'counts.json');
      const status = await run(
        schemathesis,
        [
          '--config-file',
          join(here, 'schemathesis.toml'),
          'run',
          `${url}/openapi.json`,
          '--header',
          `Authorization: Bearer ${token}`,
          ...more,
        ],
        {
          AOL_FUZZ_URL: url,
          AOL_FUZZ_TOKEN: token,
          AOL_FUZZ_COUNTS: counts,
          SCHEMATHESIS_HOOKS: join(here, 'hooks.py'),
        },
      );
      await seeds.stop();
      return Math.max(status, tell(readCounts(counts)));
    } finally {
      await stop(aol);
    }
  } finally {
    await postgres.stop();
    await issuer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Shows the answers of each route; a route that was tried and never did what it is for was not tested: status 1. */
function tell(counts: readonly RouteCounts[]): number {
  for (const route of counts) say(told(route));
  say(`${counts.reduce((total, { byStatus }) => total + sum(byStatus, () => true), 0)} calls`);
  const never = counts.filter(({ successes }) => successes === 0);
  for (const { route } of never) say(`${route} never did what it is for`);
  return never.length === 0 ? 0 : 1;
}

/** Installed once for each version; the next run finds it. */
async function fuzzer(): Promise<string> {
  const folder = join(tmpdir(), `aol-schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  say(`installing schemathesis ${VERSION} into ${folder} …`);
  await mustRun('python3', ['-m', 'venv', folder]);
  await mustRun(join(folder, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
  return program;
}

interface Setting {
  readonly port: number;
  readonly token: string;
  readonly databaseUrl: string;
  readonly issuer: Issuer;
}

async function startAol(folder: string, { port, token, databaseUrl, issuer }: Setting): Promise<ChildProcess> {
  const accounts = join(folder, 'accounts.yaml');
  writeFileSync(accounts, ACCOUNTS);
  const [temporalPort, pagePort] = [await freePort(), await freePort()];
  return spawn(process.execPath, [join(root, 'bin', 'aol.mjs'), 'up'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...childEnvironment(),
      AOL_ACCOUNTS: accounts,
      AOL_DATA_DIR: join(folder, 'data'),
      AOL_ADMIN_TOKEN: token,
      AOL_API_PORT: String(port),
      AOL_API_RATE: '0',
      AOL_FUZZ_ACCOUNT: 'a token of nobody',
      AOL_LOG_LEVEL: 'error',
      AOL_NOTICES: 'https://seeds.example/notices',
      AOL_OIDC_CLIENT_ID: issuer.clientId,
      AOL_OIDC_CLIENT_SECRET: issuer.clientSecret,
      AOL_OIDC_ISSUER: issuer.url,
      AOL_OIDC_ROLES: 'ops=operator',
      AOL_TEMPORAL_PORT: String(temporalPort),
      AOL_TEMPORAL_UI_PORT: String(pagePort),
      DATABASE_URL: databaseUrl,
    },
  });
}

async function ready(url: string, aol: ChildProcess): Promise<void> {
  const limit = performance.now() + READY_LIMIT_MS;
  while (performance.now() < limit) {
    if (aol.exitCode !== null) throw new Error(`AOL ended with ${aol.exitCode}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(200);
  }
  throw new Error('AOL was not ready in time');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', cwd: tmpdir(), env: childEnvironment(env) });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const status = await run(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
}
