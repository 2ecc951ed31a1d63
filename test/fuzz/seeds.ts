/** Actions in each state that operators decide about, and people, for the fuzzer to work on: it would never make up their ids. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createLane } from '../../src/db/decide/flags.ts';
import { admitPerson } from '../../src/db/decide/people.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { errorCode } from '../../src/domain/errors.ts';
import { awaitingApproval, dead, finished, queued, SHA, unconfirmed } from '../support/settled.ts';
import { until } from '../support/until.ts';

const LANE = 'seeds';
const OF_EACH = 20;
const LOOK_EVERY_MS = 200;
const DAY_MS = 86_400_000;

const input = { lane: LANE, type: 'CALL_WEBHOOK', payload: { url: 'https://seeds.example/hook', body: { a: 1 } } };

interface Artifact {
  readonly sha256: string;
  readonly uri: string;
}

/**
 * Keeps twenty of each there, however many the fuzzer uses up, until it is stopped.
 *
 * @param issuer where the people have signed in
 */
export async function keepSeeds(databaseUrl: string, issuer: string): Promise<{ stop(): Promise<void> }> {
  const db = createPool({ databaseUrl, applicationName: 'aol-fuzz' });
  await createLane(db, LANE, 'fuzz');
  for (let count = 0; count < OF_EACH; count += 1) {
    await admitPerson(db, { issuer, subject: randomUUID(), name: `@seed-${count}`, groups: ['ops'] });
  }
  const artifact = await proof(db);
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await fill(db, artifact);
      await delay(LOOK_EVERY_MS);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running.finally(() => db.end());
    },
  };
}

/** What a worker really rendered, so that its bytes can be read. */
async function proof(db: Database): Promise<Artifact> {
  const id = await queued(db, { ...input, lane: 'default' });
  return until('a proof', async () => {
    const { rows } = await db.query<{ artifact_sha256: string; artifact_uri: string }>(
      `SELECT artifact_sha256, artifact_uri FROM aol_actions WHERE id = $1 AND status = 'SUCCESS'`,
      [id],
    );
    return rows[0] && { sha256: rows[0].artifact_sha256, uri: rows[0].artifact_uri };
  });
}

/**
 * The engine is at work on the same lane, and the fuzzer presses kill: an action that they claimed, or took back, becomes nothing else
 * (an arrow that is not allowed, or half a claim), and another is made.
 */
function unlessMeddled(error: unknown): void {
  if (!['AOL01', '23514'].includes(errorCode(error) ?? '')) throw error;
}

async function fill(db: Database, artifact: Artifact): Promise<void> {
  const tomorrow = () => new Date(Date.now() + DAY_MS).toISOString();
  const makers = {
    AWAITING_APPROVAL: () => awaitingApproval(db, input),
    DLQ: () => dead(db, input),
    UNCONFIRMED: () => unconfirmed(db, { input }),
    PENDING: () => queued(db, { ...input, runAt: tomorrow() }),
    SUCCESS: () => finished(db, { status: 'SUCCESS', daysAgo: 0, artifact, input }),
  };
  for (const [status, make] of Object.entries(makers)) {
    const { rows } = await db.query<{ count: number }>(
      `SELECT count(*) AS count FROM aol_actions a WHERE lane = $1 AND status = $2
         AND NOT EXISTS (SELECT FROM aol_actions p WHERE p.promoted_from = a.id)`,
      [LANE, status],
    );
    for (let missing = OF_EACH - (rows[0]?.count ?? 0); missing > 0; missing -= 1) await make().catch(unlessMeddled);
  }
  await db.query('UPDATE aol_actions SET artifact_sha256 = $1, artifact_uri = $2 WHERE artifact_sha256 = $3', [
    artifact.sha256,
    artifact.uri,
    SHA,
  ]);
}
