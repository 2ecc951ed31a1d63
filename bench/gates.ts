/**
 * `node bench/gates.ts`: what budgets cost at the gate. Gates and outcomes of actions that are held, on a PostgreSQL of its own and
 * nothing else: 25 in a call and two calls at a time, as a worker makes them. On a quiet machine; a run takes about a minute.
 */

import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { loadConfig } from '../src/config/index.ts';
import { setBudget } from '../src/db/decide/budgets.ts';
import { migrate } from '../src/db/keep/migrate.ts';
import { createPool, type Database } from '../src/db/pool.ts';
import { recordAttempts } from '../src/db/queue/attempts.ts';
import { type GateRequest, passGates } from '../src/db/queue/gate.ts';
import type { BudgetScope, Draw } from '../src/domain/budgets.ts';
import { freePort, startPostgres } from '../src/local/index.ts';
import { median } from './statistics.ts';

const TOKEN = 1;
const AT_ONCE = 25;
const WIDTH = 2;
const ACTIONS = 5_000;
const ROUNDS = 5;
const MOST = 1_000_000;
const SHA = 'a'.repeat(64);

interface Case {
  readonly name: string;
  readonly draws: (index: number) => readonly Draw[];
  readonly budgets?: readonly (readonly [scope: BudgetScope, name: string])[];
}

const host: readonly Draw[] = [
  { scope: 'host', name: 'hooks.example', effects: 1 },
  { scope: 'type', name: 'CALL_WEBHOOK', effects: 1 },
];
const mail = (index: number): readonly Draw[] => [
  { scope: 'account', name: 'news', effects: 1 },
  { scope: 'type', name: 'SEND_EMAIL', effects: 1 },
  { scope: 'domain', name: `d${index % 40}.example`, effects: 1 },
];

const CASES: readonly Case[] = [
  { name: 'no budget', draws: () => host },
  { name: 'a budget of the host', draws: () => host, budgets: [['host', 'hooks.example']] },
  { name: 'an account', draws: mail, budgets: [['account', 'news']] },
  {
    name: 'account, type, and 40 domains',
    draws: mail,
    budgets: [
      ['account', 'news'],
      ['type', 'SEND_EMAIL'],
      ['domain', '*'],
    ],
  },
];

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aol-gates-')));
chmodSync(folder, 0o711);
const { cacheDir } = loadConfig().machine;
const log = () => undefined;
const server = await startPostgres({ dataDir: folder, port: await freePort(), cacheDir, log });
try {
  await migrate(server.url);
  const db = createPool({ databaseUrl: server.url, applicationName: 'aol-bench', statementTimeoutMs: 60_000 });
  await db.query('ALTER TABLE aol_actions DISABLE TRIGGER USER; ALTER TABLE aol_lease DISABLE TRIGGER USER');
  await db.query(`UPDATE aol_lease SET token = ${TOKEN} WHERE lane = 'default'`);
  await db.query(`UPDATE aol_control_flags SET value = 'false' WHERE lane = '*' AND name = 'proof_only'`);
  await db.query(
    `INSERT INTO aol_accounts (name, provider, identity, server) VALUES ('news', 'smtp', 'news@example.com', 'smtp://mail')`,
  );
  const rates = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const one of CASES) {
      const perSecond = await measure(db, one);
      // The first round warms up.
      if (round > 0) rates.set(one.name, [...(rates.get(one.name) ?? []), perSecond]);
    }
  }
  const lines = [...rates].map(([name, all]) => `| ${name} | ${Math.round(median(all))} |`);
  process.stdout.write(`| an effect draws from | gates and outcomes a second |\n|---|---|\n${lines.join('\n')}\n`);
  await db.end();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(db: Database, { draws, budgets = [] }: Case): Promise<number> {
  await db.query('DELETE FROM aol_budgets; DELETE FROM aol_budget_use');
  for (const [scope, name] of budgets) {
    const limits = [{ span: 'hour', unit: 'effects', limit: MOST } as const];
    await setBudget(db, { scope, name, limits }, { actor: 'bench', mayLoosen: true });
  }
  const requests = await hold(db, draws);
  const batches = Array.from({ length: ACTIONS / AT_ONCE }, (_, index) =>
    requests.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
  const startedMs = performance.now();
  const work = async () => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) await gateAndEnd(db, batch);
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
  return (ACTIONS * 1_000) / (performance.now() - startedMs);
}

async function gateAndEnd(db: Database, batch: readonly GateRequest[]): Promise<void> {
  const answers = await passGates(db, batch);
  const ended = batch.map((request, index) => {
    const answer = answers[index];
    if (answer?.kind !== 'open') throw new Error(`a gate is ${JSON.stringify(answer)}`);
    return {
      ...request,
      attempt: answer.attempt,
      outcome: { kind: 'done', receipt: {} } as const,
      durationMs: 1,
      decision: { to: 'SUCCESS' } as const,
    };
  });
  await recordAttempts(db, ended);
}

async function hold(db: Database, draws: Case['draws']): Promise<GateRequest[]> {
  const tickId = randomUUID();
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO aol_actions (id, lane, type, payload, idempotency_key, request_hash, mode, created_by, status, claim_tick_id,
       claim_lease_token, claim_until)
     SELECT new.id, 'default', 'CALL_WEBHOOK', '{}', new.id::text, repeat('a', 64), 'REAL', 'bench', 'RUNNING', $1, $2,
       now() + interval '1 hour'
     FROM (SELECT uuidv7() AS id FROM generate_series(1, $3::integer)) AS new RETURNING id`,
    [tickId, TOKEN, ACTIONS],
  );
  return rows.map(({ id }, index) => ({
    lane: 'default',
    actionId: id,
    tickId,
    token: TOKEN,
    artifactSha256: SHA,
    artifactUri: 'artifact:bench',
    proofMode: false,
    worker: 'aol-bench',
    attemptTimeoutMs: 20_000,
    redelivery: { kind: 'neither' },
    draws: draws(index),
  }));
}
