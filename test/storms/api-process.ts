/** `aol api` as it is deployed, a process of its own: inside jest the same code is many times slower. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childEnvironment } from '../../src/config/index.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { freePort } from '../../src/local/index.ts';
import { type Answer, type Call, call } from '../support/http.ts';

const TOKEN_BYTES = 32;

export interface ApiProcess {
  readonly port: number;
  readonly database: Database;
  readonly tokens: Readonly<Record<'admin' | 'operator' | 'viewer', string>>;
  call(call: Call): Promise<Answer>;
  stop(): Promise<void>;
}

export interface ApiProcessOptions {
  /** Our own command line. */
  readonly mainFile: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly more?: Readonly<Record<string, string>>;
}

export async function startApiProcess(options: ApiProcessOptions): Promise<ApiProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'aol-storms-'));
  const port = await freePort();
  const token = () => randomBytes(TOKEN_BYTES).toString('hex');
  const tokens = { admin: token(), operator: token(), viewer: token() };
  let talk = '';
  const child: ChildProcess = spawn(process.execPath, ['--no-warnings', options.mainFile, 'api'], {
    env: {
      ...childEnvironment(),
      AOL_DATA_DIR: folder,
      AOL_API_PORT: String(port),
      DATABASE_URL: options.databaseUrl,
      TEMPORAL_ADDRESS: options.temporalAddress,
      AOL_ADMIN_TOKEN: tokens.admin,
      AOL_OPERATOR_TOKEN: tokens.operator,
      AOL_VIEWER_TOKEN: tokens.viewer,
      ...options.more,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    talk = (talk + chunk.toString('utf8')).slice(-4_000);
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`aol api ended: ${talk}`);
    const alive = await call(port, { url: '/healthz' }).catch(() => undefined);
    if (alive?.statusCode === 200) break;
    await delay(50);
  }
  const database = createPool({
    databaseUrl: options.databaseUrl,
    applicationName: 'storms',
    statementTimeoutMs: 120_000,
  });
  return {
    port,
    database,
    tokens,
    call: (one) => call(port, one),
    async stop() {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await ended;
      await database.end();
      rmSync(folder, { recursive: true });
    },
  };
}
