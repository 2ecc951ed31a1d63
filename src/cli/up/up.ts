import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Config, childEnvironment } from '../../config/index.ts';
import { pressControl } from '../../db/decide/press.ts';
import { createPool } from '../../db/pool.ts';
import { httpAddress } from '../../domain/addresses.ts';
import { ALL_LANES } from '../../domain/flags.ts';
import {
  acquireLock,
  assertPortFree,
  ensureSecretsKey,
  findTokens,
  prepareDataDir,
  resolveTokens,
  writeAddresses,
} from '../../local/index.ts';
import type { CliIo } from '../terminal/io.ts';
import { onAbort, orAborted, together } from './abort.ts';
import { type Child, startChild } from './children.ts';
import { sayReady } from './lifecycle.ts';
import { exitStatus, listenForStop, StopAsked } from './process-tree.ts';
import { type Addresses, keep, type Stack, type Start, startServers, stopAll } from './servers.ts';

export interface UpOptions {
  readonly io: Pick<CliIo, 'out' | 'talk' | 'isOutTerminal'>;
  /** The result is a line of JSON. */
  readonly json?: boolean;
  /** All lanes are killed before the worker starts. */
  readonly killed?: boolean | undefined;
  /** For tests: a stand-in for our own command line. */
  readonly mainFile?: string | undefined;
}

/** Shutdown grace of worker and API; with the servers' own few seconds all is over within 30 s. */
const drainTimeoutMs = 25_000;
const readyTimeoutMs = 60_000;

/**
 * Runs all of AOL on this machine until it is asked to stop: PostgreSQL and Temporal (embedded unless the environment
 * names others), migrations, worker and API; restarts what ends unasked.
 *
 * @returns the exit status: 0 for a stop that was asked, 130 or 143 when it came while starting or had to be immediate
 * @throws ConfigurationError and the like when the start fails; nothing is left running then
 */
export async function up(config: Config, { io, json, killed, mainFile }: UpOptions): Promise<number> {
  const log = (line: string) => io.talk(`aol: ${line}`);
  const dataDir = prepareDataDir(config.dataDir);
  const lock = acquireLock(dataDir);
  const running: Stack = { servers: [], children: [] };
  let stopAtOnce = false;
  const stop = listenForStop(() => {
    stopAtOnce = true;
    log('stopping at once');
    for (const one of [...running.children, ...running.servers]) {
      one.kill();
    }
  });
  let status = 0;
  try {
    const startedMs = performance.now();
    const step = { config, dataDir, log, signal: stop.asked, running };
    await start(step, { mainFile, killed }, (addresses) => {
      const tookMs = performance.now() - startedMs;
      io.out(json ? facts(config, dataDir, addresses) : summary({ config, dataDir, addresses, tookMs, io }));
      sayReady();
    });
    await new Promise((resolve) => onAbort(stop.asked, () => resolve(undefined)));
    log('stopping: what runs may finish, at most 30 s; Ctrl+C again stops at once');
  } catch (thrown) {
    if (!stop.asked.aborted) {
      throw thrown;
    }
    status = askedStatus(stop.asked);
  } finally {
    await stopAll(running);
    lock.release();
    stop.close();
  }
  log('stopped');
  return stopAtOnce ? askedStatus(stop.asked) : status;
}

async function start(
  all: Start,
  { mainFile, killed }: Pick<UpOptions, 'mainFile' | 'killed'>,
  ready: (addresses: Addresses) => void,
): Promise<void> {
  const { config, dataDir, log } = all;
  await assertPortFree('AOL_API_PORT', config.api.port, config.api.host);
  resolveTokens({ ...config, dataDir });
  ensureSecretsKey({ ...config, dataDir });
  writeAddresses(dataDir, { apiHost: config.api.host, apiPort: config.api.port, ...config.local });
  const { databaseUrl, temporal } = await startServers(all);
  if (killed) await killAll(databaseUrl);
  const env = {
    ...childEnvironment(),
    ...temporal.env,
    DATABASE_URL: databaseUrl,
    AOL_DATA_DIR: dataDir,
    AOL_TEMPORAL_UI_URL: config.temporalUiUrl ?? temporal.page ?? '',
    // What matters to a person at a terminal; AOL_LOG_LEVEL=info shows all.
    AOL_LOG_LEVEL: childEnvironment().AOL_LOG_LEVEL || 'warn',
  };
  const command = (name: string, isReady: (child: Child, signal: AbortSignal) => Promise<void>) => (step: Start) =>
    keep(step, step.running.children, `the ${name}`, async (signal) => {
      const child = startChild({ args: [name], env, stopTimeoutMs: drainTimeoutMs, ...(mainFile && { mainFile }) });
      return await orStop(child, `the ${name}`, signal, (limit) => isReady(child, limit));
    });
  log('starting worker and API …');
  await together(all, [
    command('worker', (child) => child.ready),
    command('api', (child, signal) => apiReady(config, child, signal)),
  ]);
  ready({ databaseUrl, temporal });
}

async function killAll(databaseUrl: string): Promise<void> {
  const pool = createPool({ databaseUrl, applicationName: 'aol-cli', maxConnections: 1 });
  try {
    await pressControl(pool, ALL_LANES, { killed: true }, { actor: 'aol up', reason: 'started with --killed' });
  } finally {
    await pool.end();
  }
}

/** Waits for a child to be ready; one that is not in time, or no longer wanted, is stopped. */
async function orStop(
  child: Child,
  name: string,
  signal: AbortSignal,
  isReady: (signal: AbortSignal) => Promise<void>,
): Promise<Child> {
  const timeout = AbortSignal.timeout(readyTimeoutMs);
  const limit = AbortSignal.any([signal, timeout]);
  try {
    await orAborted(limit, isReady(limit));
    return child;
  } catch (thrown) {
    await child.stop();
    throw timeout.aborted && !signal.aborted
      ? new Error(`${name} was not ready within ${readyTimeoutMs / 1000} s`)
      : thrown;
  }
}

async function apiReady(config: Config, child: Child, signal: AbortSignal): Promise<void> {
  let gone: unknown;
  child.ready.catch((thrown: unknown) => {
    gone = thrown;
  });
  const url = `${httpAddress(config.api.host, config.api.port)}/readyz`;
  while (!(await answersOk(url, signal))) {
    if (gone !== undefined) {
      throw gone;
    }
    await sleep(50, undefined, { signal });
  }
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function askedStatus(asked: AbortSignal): number {
  const reason: unknown = asked.reason;
  return reason instanceof StopAsked ? exitStatus(reason.signal) : 1;
}

interface Summary {
  readonly config: Config;
  readonly dataDir: string;
  readonly addresses: Addresses;
  readonly tookMs: number;
  readonly io: Pick<CliIo, 'isOutTerminal'>;
}

function summary({ config, dataDir, addresses: { temporal }, tookMs, io }: Summary): string {
  const mode = config.proofMode
    ? 'PROOF: nothing is sent (AOL_PROOF_MODE is unset or 1)'
    : 'REAL is possible (AOL_PROOF_MODE=0); a lane stays PROOF until an admin sets its proof_only to false';
  const address = httpAddress(config.api.host, config.api.port);
  const temporalPage =
    config.temporalUiUrl ??
    temporal.page ??
    `${config.temporal.address} (AOL_TEMPORAL_UI_URL says where its web page is)`;
  return `
AOL is ready (after ${(tookMs / 1000).toFixed(1)} s).

  Mode          ${mode}
  Dashboard     ${address}/ (sign in with the token below; all three: ${join(dataDir, 'tokens.json')})
  API           ${address}
  Admin token   ${adminToken(config, dataDir, io)}
  Temporal      ${temporalPage}
  First action  ${prefix(config, dataDir)}${ownCommand()} enqueue POST_SOCIAL --payload '{"platform":"bluesky","content":"Hello"}' --key first
  Stop          Ctrl+C
`;
}

/** Shown to a person, and to nobody else: what goes into a file or a journal stays there. */
function adminToken(
  config: Config,
  dataDir: string,
  { isOutTerminal }: Pick<CliIo, 'isOutTerminal'>,
): string | undefined {
  if (config.tokens.admin !== undefined) return 'as set by AOL_ADMIN_TOKEN';
  return isOutTerminal ? findTokens({ ...config, dataDir })?.admin : `in ${join(dataDir, 'tokens.json')}`;
}

/** What a command needs to find this data folder from another terminal; the rest it finds there. */
function prefix({ setVariables }: Config, dataDir: string): string {
  return setVariables.includes('AOL_DATA_DIR') ? `AOL_DATA_DIR='${dataDir.replaceAll("'", "'\\''")}' ` : '';
}

/** How this program is called from another terminal. What `npx FILE` installed lies in npm's cache, where `npx aol` does not look. */
function ownCommand(): string {
  const fetched = /^.*[\\/]_npx[\\/][^\\/]+[\\/]node_modules/u.exec(fileURLToPath(import.meta.url))?.[0];
  return fetched === undefined ? 'npx aol' : join(fetched, '.bin', 'aol');
}

/** For programs; where the tokens lie rather than one of them. */
function facts(config: Config, dataDir: string, { temporal }: Addresses): string {
  const api = httpAddress(config.api.host, config.api.port);
  const temporalPage = config.temporalUiUrl ?? temporal.page ?? null;
  return JSON.stringify({ ready: true, api, proofMode: config.proofMode, dataDir, temporalPage });
}
