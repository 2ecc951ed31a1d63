/** What is stored, and where: an old transaction over the tables, a disk that takes no more. */

import { setTimeout as delay } from 'node:timers/promises';
import type { EnqueueInput } from '../../../src/contracts/http/action.ts';
import { until } from '../../support/until.ts';
import { type Fault, now } from '../support/fault.ts';
import type { Scene } from '../support/scene.ts';
import { deadWorkers } from './temporal.ts';

const WINDOW_MS = 10_000;
const LEAST_SHARE = 0.6;
const BACKLOG = 4_000;
const BATCH = 1_000;

const proof = (text: string): EnqueueInput => ({
  type: 'POST_SOCIAL',
  payload: { platform: 'bluesky', content: text },
});

const countOf = async ({ db }: Scene, status: string) =>
  Number((await db.query('SELECT count(*) AS n FROM aol_actions WHERE status = $1', [status])).rows[0]?.n);

/** How many were proved, by the ledger: to count them among the actions takes longer the more there are, and time from the engine. */
async function proved({ db }: Scene): Promise<number> {
  const { rows } = await db.query('SELECT coalesce(sum(succeeded), 0) AS n FROM aol_tick_ledger');
  return Number(rows[0]?.n);
}

/** Keeps proofs waiting, so that the engine is never short of work, until told to stop. */
function backlog(scene: Scene): { stop(): Promise<void> } {
  let stopped = false;
  const feeding = (async () => {
    let asked = 0;
    while (!stopped) {
      if (asked - (await proved(scene)) < BACKLOG) {
        await scene.load.enqueueMany(
          'proof',
          Array.from({ length: BATCH }, (_, index) => proof(`number ${index}`)),
        );
        asked += BATCH;
      } else await delay(50);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await feeding;
    },
  };
}

/** Proofs a second, over a window. */
async function rate(scene: Scene): Promise<number> {
  const before = { at: now(), done: await proved(scene) };
  await delay(WINDOW_MS);
  return ((await proved(scene)) - before.done) / ((now() - before.at) / 1_000);
}

function heldXmin(id: string, heldMs: number, long: boolean): Fault {
  return {
    id,
    title: `an old transaction holds xmin for ${heldMs / 1_000} s: throughput stays at 60 % or more`,
    long,
    scene: { flags: { max_actions_per_tick: 50 } },
    settleLimitMs: 180_000,
    async play(scene) {
      const feed = backlog(scene);
      const old = await scene.db.connect();
      try {
        await until('the engine is warm', async () => (await proved(scene)) > BATCH, 60_000);
        const before = await rate(scene);
        await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL idle_in_transaction_session_timeout = 0');
        await old.query('SELECT count(*) FROM aol_actions');
        await delay(heldMs / 2);
        // As autovacuum makes them: they say that hardly anything is held, and nothing of the dead rows.
        await scene.db.query('ANALYZE aol_actions');
        await delay(heldMs / 2 - WINDOW_MS);
        const held = await rate(scene);
        await old.query('COMMIT');
        const share = held / before;
        return {
          problems: share < LEAST_SHARE ? [`throughput fell to ${Math.round(share * 100)} %`] : [],
          note: `${Math.round(before)} proofs/s before, ${Math.round(held)} at the end: ${Math.round(share * 100)} %`,
        };
      } finally {
        old.release();
        await feed.stop();
      }
    },
  };
}

/** No file of the worker may grow beyond this; the large payloads' artifacts would. */
const FILE_LIMIT_BYTES = 40_000;
const LARGE = 'x'.repeat(50_000);

/** As on a disk that is full, for some of them: what can be stored is, what cannot is dead-lettered with the reason. */
const fileLimit: Fault = {
  id: 'F-20',
  title: 'artifacts that cannot be written (ulimit -f): dead-lettered with the reason, the others go on',
  scene: { workers: 0, flags: { max_actions_per_tick: 10 } },
  async play(scene) {
    await scene.startWorker({ under: ['prlimit', `--fsize=${FILE_LIMIT_BYTES}`], env: { AOL_LOG_LEVEL: 'error' } });
    const large: (string | undefined)[] = [];
    const small: (string | undefined)[] = [];
    for (let index = 0; index < 6; index += 1) {
      const url = 'https://receiver.example/hook';
      const input = (body: string) => ({
        type: 'CALL_WEBHOOK',
        payload: { url, body: { body, index }, dedupes: true },
      });
      large.push(await scene.load.enqueue('proof', input(LARGE)));
      for (let one = 0; one < 5; one += 1) small.push(await scene.load.enqueue('proof', input(`small ${one}`)));
    }
    await until(
      'all have ended',
      async () => (await countOf(scene, 'SUCCESS')) + (await countOf(scene, 'DLQ')) >= 36,
      60_000,
    );
    const { rows } = await scene.db.query<{ id: string; status: string; dlq_reason: string; last_error: string }>(
      'SELECT id, status, dlq_reason, last_error FROM aol_actions',
    );
    const problems = rows.flatMap((row) => {
      const expected = large.includes(row.id) ? 'DLQ exhausted' : 'SUCCESS null';
      const found = `${row.status} ${row.dlq_reason}`;
      const hasReason = !large.includes(row.id) || /EFBIG|too large|cannot be stored|artifact/i.test(row.last_error);
      return found === expected && hasReason ? [] : [`${row.id} is ${found}: ${row.last_error}`];
    });
    return {
      problems: [...problems, ...deadWorkers(scene)],
      note: rows.find((row) => row.last_error)?.last_error ?? '',
    };
  },
};

export const storageFaults: readonly Fault[] = [
  heldXmin('F-10-xmin', 60_000, false),
  heldXmin('F-10-xmin-long', 180_000, true),
  fileLimit,
];
