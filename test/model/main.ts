/**
 * `npm run test:lives -- --sequences 100000 --seed 7`: more lives than `npm test` plays, on a PostgreSQL of its own. `--all` goes on
 * after the first failure.
 */

import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { loadConfig } from '../../src/config/index.ts';
import { migrate } from '../../src/db/keep/migrate.ts';
import { freePort, startPostgres } from '../../src/local/index.ts';
import { startReaper } from '../faults/support/program.ts';
import { makeForgetful } from '../support/forgetful-postgres.ts';
import { dullness, playLives } from './lives.ts';

/** A database that has grown large would slow down all that follow. */
const SEQUENCES_A_ROUND = 5_000;

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    all: { type: 'boolean', default: false },
  },
});
const [sequences, seed] = [Number(values.sequences), Number(values.seed)];
const say = (line: string) => process.stdout.write(`${line}\n`);

const reaper = startReaper();
const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'aol-lives-')));
reaper.folder(dataDir);
// Passable: as root PostgreSQL runs as another user.
chmodSync(dataDir, 0o711);
const { cacheDir } = loadConfig().machine;
const log = (line: string) => void process.stderr.write(`${line}\n`);
const postgres = await startPostgres({ dataDir, port: await freePort(), cacheDir, log });
reaper.started(postgres.pid);
try {
  await makeForgetful(postgres.url);
  process.exitCode = (await playAll()) ? 0 : 1;
} finally {
  await postgres.stop();
  reaper.ended(postgres.pid);
  await reaper.finish();
}

/** True when nothing was wrong. */
async function playAll(): Promise<boolean> {
  for (let played = 0, round = 0; played < sequences; round += 1) {
    const atMost = Math.min(SEQUENCES_A_ROUND, sequences - played);
    const beganAt = performance.now();
    const lives = await inNewDatabase((databaseUrl) =>
      playLives({ databaseUrl, sequences: atMost, seed: seed + round, goesOn: values.all }),
    );
    const seconds = Math.round((performance.now() - beganAt) / 1_000);
    say(`seed ${seed + round}: ${lives.sequences} sequences, ${lives.steps} steps in ${seconds} s`);
    const wrong = lives.failures.length > 0 ? lives.failures : dullness(lives);
    for (const one of wrong) say(`\n${one}`);
    if (wrong.length > 0) return false;
    played += atMost;
  }
  return true;
}

async function inNewDatabase<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const server = new pg.Client({ connectionString: postgres.url });
  await server.connect();
  const name = 'aol_lives';
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  try {
    await server.query(`CREATE DATABASE ${name}`);
    await migrate(url.href);
    return await work(url.href);
  } finally {
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.end();
  }
}
