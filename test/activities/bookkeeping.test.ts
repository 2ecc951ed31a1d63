/** The bookkeeping activities in the SDK's own environment, on a real database. */

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createBookkeepingActivities } from '../../src/activities/bookkeeping.ts';
import { TickAtWork } from '../../src/activities/effects-at-work.ts';
import { toApplicationFailure } from '../../src/activities/errors.ts';
import { unobserved } from '../../src/activities/observer.ts';
import { createRegistry } from '../../src/adapters/registry.ts';
import type { ArtifactStore } from '../../src/artifacts/port.ts';
import type { BookkeepingActivities, ClaimTickResult } from '../../src/contracts/engine/activities.ts';
import { enqueue } from '../../src/db/decide/cancel.ts';
import type { Database } from '../../src/db/pool.ts';
import { claimTick } from '../../src/db/queue/claim.ts';
import { ArtifactError, NotFoundError, UnavailableError } from '../../src/domain/errors.ts';
import { memoryBlobs } from '../support/contexts.ts';
import { databaseForEach } from '../support/database-for-each.ts';
import { holder, proofWorker, request, setFlag } from '../support/engine.ts';
import { noAccounts } from '../support/no-accounts.ts';
import { createStage } from '../support/stage-adapter.ts';

let db: Database;
let stored: string[];
let storage: ArtifactStore['put'];
let together: number[];
let begun: string[];
let started: number[];
let activities: BookkeepingActivities;
const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

databaseForEach(async (fresh) => {
  db = fresh;
  await setFlag(db, 'tick_interval_ms', 0);
  stored = [];
  together = [];
  begun = [];
  started = [];
  storage = async (actionId, sha256) => {
    stored.push(actionId);
    return `artifact:${actionId.slice(-2)}/${actionId}-${sha256}.json`;
  };
  activities = inNewProcess();
});

/** What a worker process that has just started knows of earlier claims: nothing. */
function inNewProcess(worker = proofWorker.worker): BookkeepingActivities {
  return createBookkeepingActivities({
    db,
    adapters: createRegistry([createStage().adapter]),
    accounts: noAccounts([], memoryBlobs()),
    blobsOf: () => memoryBlobs(),
    artifacts: {
      put: (...args) => storage(...args),
      putAll: (_tickId, artifacts) => {
        together.push(artifacts.length);
        return Promise.all(artifacts.map(({ actionId, sha256, bytes }) => storage(actionId, sha256, bytes)));
      },
    },
    observer: unobserved,
    random: () => 0.5,
    worker: { ...proofWorker, proofMode: false, worker },
    showing: () => ({ searchable: false, dashboard: 'http://aol.test' }),
    startTick: async (_tick, number) => void started.push(number),
    effects: {
      looks: () => undefined,
      looked: () => undefined,
      begin(tick, actions) {
        begun.push(...actions.map(({ id }) => id));
        return new TickAtWork(tick.lane, () => undefined);
      },
    },
  });
}

const queue = (count: number) =>
  enqueue(
    db,
    Array.from({ length: count }, (_, index) =>
      request({ type: 'PLAY', payload: { name: `${index}`, acts: ['done'] } }),
    ),
    'test',
  );
const claim = (tickId: string): Promise<ClaimTickResult> =>
  environment.run(() => activities.claimTick({ holder: holder('r1'), tickId }));
const claimed = async (tickId: string) => {
  const result = await claim(tickId);
  if (result.kind !== 'claimed') throw new Error('nothing was claimed');
  return result;
};
/** Resumed: by another process than the one that claimed. */
const prove = (tickId: string, resumed: boolean) => {
  if (resumed) activities = inNewProcess();
  return environment.run(() => activities.proveTick({ lane: 'default', tickId, token: 1 }));
};

describe('claim and prove', () => {
  test('prove every claimed action once, and a second run finds what the first one left', async () => {
    await queue(3);
    const tickId = randomUUID();
    expect(await claim(tickId)).toMatchObject({
      kind: 'claimed',
      claimed: 3,
      effects: [],
      summary: { claimed: 3, succeeded: 3, running: 0, outcome: 'OK' },
    });
    expect(await claim(tickId)).toMatchObject({ kind: 'claimed', claimed: 3, resumed: true });
    expect(await prove(tickId, true)).toMatchObject({ claimed: 3, succeeded: 3, running: 0, outcome: 'OK' });
    expect(stored).toHaveLength(3);
  });

  /** Claims as a process that dies before it proves. */
  const claimAndDie = async (tickId: string) => {
    const { rows } = await db.query('SELECT id FROM aol_actions ORDER BY id');
    await claimTick(
      db,
      { holder: holder('r1'), tickId },
      { ...proofWorker, proofMode: false, worker: 'aol-worker:gone' },
    );
    return rows.map(({ id }) => id);
  };

  test('a tick whose worker died is proved together; what died twice one by one, the others committed before', async () => {
    await queue(3);
    const tickId = randomUUID();
    const [suspect] = await claimAndDie(tickId);
    await db.query('UPDATE aol_actions SET claim_count = 1 WHERE id = $1', [suspect]);
    const settledBefore: number[] = [];
    const put = storage;
    storage = async (...args) => {
      const { rows } = await db.query(`SELECT count(*) AS n FROM aol_actions WHERE status = 'SUCCESS'`);
      settledBefore.push(rows[0].n);
      return put(...args);
    };
    expect(await prove(tickId, true)).toMatchObject({ succeeded: 3, outcome: 'OK' });
    expect(settledBefore).toEqual([0, 0, 2]);
  });

  test('an action that three workers died with is dead-lettered without being touched again', async () => {
    await queue(2);
    const tickId = randomUUID();
    await claimAndDie(tickId);
    await db.query(`UPDATE aol_actions SET claim_count = 2 WHERE payload ->> 'name' = '0'`);
    expect(await prove(tickId, true)).toMatchObject({ succeeded: 1, failed: 1, deadLettered: 1 });
    const { rows } = await db.query(`SELECT dlq_reason FROM aol_actions WHERE status = 'DLQ'`);
    expect(rows).toEqual([{ dlq_reason: 'crashed' }]);
    expect(stored).toHaveLength(1);
  });

  test('what a tick proves is stored together; an action that cannot be rendered is not waited for', async () => {
    await queue(3);
    await enqueue(db, [request({ type: 'PLAY', payload: { name: 'bad', acts: ['no such act'] } })], 'test');
    await setFlag(db, 'max_actions_per_tick', 10);
    const tickId = randomUUID();
    expect((await claimed(tickId)).summary).toMatchObject({ claimed: 4, succeeded: 3, deadLettered: 1, running: 0 });
    expect(together).toEqual([3]);
  });

  test('what cannot be stored together is stored one by one, and only the wrong one fails', async () => {
    await queue(3);
    const { rows } = await db.query<{ id: string }>(`SELECT id FROM aol_actions WHERE payload ->> 'name' = '1'`);
    const put = storage;
    storage = (actionId, ...rest) =>
      actionId === rows[0]?.id ? Promise.reject(new ArtifactError('a link')) : put(actionId, ...rest);
    const tickId = randomUUID();
    expect((await claimed(tickId)).summary).toMatchObject({ succeeded: 2, deadLettered: 1 });
    expect(together).toEqual([3]);
  });

  test('storage that is away makes a proof wait, not a failure of the activity', async () => {
    await queue(1);
    storage = () => Promise.reject(new UnavailableError('artifacts', 'no space left on device'));
    const tickId = randomUUID();
    expect((await claimed(tickId)).summary).toMatchObject({ retried: 1, outcome: 'OK' });
    const { rows } = await db.query('SELECT status, run_at > now() AS waits, last_error FROM aol_actions');
    expect(rows).toEqual([{ status: 'PENDING', waits: true, last_error: 'no space left on device' }]);
  });

  test('a failure that the process survives is no death: the next run in it counts none', async () => {
    await queue(2);
    const tickId = randomUUID();
    await claimTick(db, { holder: holder('r1'), tickId }, { ...proofWorker, proofMode: false });
    await db.query('ALTER TABLE aol_execution_logs RENAME TO hidden');
    for (let run = 0; run < 4; run += 1)
      await expect(prove(tickId, false)).rejects.toMatchObject({ type: 'AOL_UNAVAILABLE' });
    await db.query('ALTER TABLE hidden RENAME TO aol_execution_logs');
    expect(await prove(tickId, false)).toMatchObject({ succeeded: 2, failed: 0 });
    expect((await db.query('SELECT DISTINCT claim_count FROM aol_actions')).rows).toEqual([{ claim_count: 0 }]);
  });
});

describe('a claim of effects', () => {
  test('begins them where they were claimed, and their workflow; a second one begins the workflow again and nothing else', async () => {
    await setFlag(db, 'proof_only', false);
    const payload = { name: 'real', acts: ['done'] };
    await enqueue(
      db,
      [1, 2].map(() => request({ type: 'PLAY', payload, mode: 'REAL' })),
      'test',
    );
    const tickId = randomUUID();
    const first = await claimed(tickId);
    expect(begun).toEqual(first.effects);
    expect(started).toEqual([first.tickNumber]);
    expect(await claim(tickId)).toMatchObject({ resumed: true });
    expect(begun).toHaveLength(2);
    expect(started).toHaveLength(2);
  });
});

describe('the edge', () => {
  test('a lane that does not exist fails for good, with the error’s code as its type', async () => {
    const input = { holder: holder('r1', null, 'nowhere'), tickId: randomUUID() };
    await expect(environment.run(() => activities.claimTick(input))).rejects.toMatchObject({
      type: 'AOL_NOT_FOUND',
      nonRetryable: true,
    });
  });

  test('servers that are away are worth another try, named errors are not, and messages are cut', () => {
    expect(toApplicationFailure(new UnavailableError('postgres', 'away'))).toMatchObject({
      type: 'AOL_UNAVAILABLE',
      nonRetryable: false,
    });
    expect(toApplicationFailure(new NotFoundError('no'))).toMatchObject({ type: 'AOL_NOT_FOUND', nonRetryable: true });
    expect(toApplicationFailure(new TypeError('bug'))).toMatchObject({ type: 'AOL_INTERNAL', nonRetryable: false });
    const failure = ApplicationFailure.create({ message: 'as it is' });
    expect(toApplicationFailure(failure)).toBe(failure);
    expect(toApplicationFailure(new Error('x'.repeat(100_000))).message.length).toBeLessThanOrEqual(2_000);
  });

  test('giving up on an effect that is gone does nothing', async () => {
    const tickId = randomUUID();
    for (let run = 0; run < 2; run += 1) {
      await environment.run(() =>
        activities.abandonEffect({ lane: 'default', tickId, token: 1, actionId: randomUUID(), reason: 'gone' }),
      );
    }
    expect((await db.query('SELECT FROM aol_execution_logs WHERE action_id IS NOT NULL')).rowCount).toBe(0);
  });
});
