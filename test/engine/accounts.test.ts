/** Accounts on the whole engine: what waits for one, what its budget lets pass, and where its secrets are not. */

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { askForCheck } from '../../src/db/decide/accounts.ts';
import { releaseDrafts, setAutonomy, unsetAutonomy } from '../../src/db/decide/autonomy.ts';
import { setBudget } from '../../src/db/decide/budgets.ts';
import { cancelMany } from '../../src/db/decide/many.ts';
import { listAccounts } from '../../src/db/look/accounts.ts';
import { listBudgets } from '../../src/db/look/budgets.ts';
import { presentActions } from '../../src/db/look/present.ts';
import type { BudgetScope, BudgetSpan } from '../../src/domain/budgets.ts';
import type { AolWorker } from '../../src/worker/create-worker.ts';
import { setFlag } from '../support/engine.ts';
import { databaseText, filesText, historyText } from '../support/everywhere.ts';
import { accountSettings, createPlayedProviders } from '../support/provider.ts';
import { createSpeaker } from '../support/speaker.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

const CANARY = 'canary-bot-token-0123456789';

let stack: TestStack;
let workers: AolWorker[] = [];
const logged: string[] = [];
beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await setFlag(stack.db, 'tick_interval_ms', 0);
  await setFlag(stack.db, 'max_actions_per_tick', 50);
  await setFlag(stack.db, 'proof_only', false);
}, 60_000);
afterAll(() => stack.stop(), 60_000);
beforeEach(async () => {
  await stack.db.query(
    `UPDATE aol_actions SET held_by = NULL; DELETE FROM aol_accounts; DELETE FROM aol_budgets; DELETE FROM aol_budget_use`,
  );
});
afterEach(async () => {
  // What one test leaves would draw from the budget of the next one.
  await until('nothing is at work', async () =>
    (await stack.rows()).every(({ status }) => status !== 'RUNNING' && status !== 'RETRY'),
  );
  await cancelMany(stack.db, { filter: {} }, { actor: 'test' });
  await Promise.all(workers.map((worker) => worker.shutdown()));
  workers = [];
}, 60_000);

async function speaking(budget?: object) {
  const { steady, played } = createPlayedProviders();
  const speaker = createSpeaker(steady);
  const log = (detail: object, message: string) => void logged.push(`${message} ${JSON.stringify(detail)}`);
  const entry = {
    provider: 'steady',
    url: 'https://brand.example',
    token: { env: 'TOKEN' },
    ...(budget && { budget }),
  };
  workers.push(
    await stack.startWorker({
      proofMode: false,
      adapters: [speaker.adapter],
      accounts: accountSettings({ brand: entry }, { TOKEN: CANARY }),
      secretsKeys: [randomBytes(32)],
      log: { debug: log, info: log, warn: log, error: log },
    }),
  );
  return { ...speaker, played };
}

const speak = (many: number) =>
  stack.enqueue(
    Array.from({ length: many }, (_, n) => ({ type: 'SPEAK', payload: { text: `post ${n}` }, mode: 'REAL' as const })),
  );

async function rowsOf(ids: readonly string[]) {
  return (await stack.rows()).filter(({ id }) => ids.includes(id));
}

const setLimit = (scope: BudgetScope, name: string, limit: number | null, span: BudgetSpan = 'hour') =>
  setBudget(stack.db, { scope, name, limits: [{ span, unit: 'effects', limit }] }, { actor: 'admin', mayLoosen: true });

async function settled(ids: readonly string[], status: string, many = ids.length) {
  return until(`${many} are ${status}`, async () => {
    const rows = await rowsOf(ids);
    return rows.filter((row) => row.status === status).length === many && rows;
  });
}

describe('an account that needs a login', () => {
  test('holds its fifty posts, none of which becomes a dead letter; a check that works lets all of them go', async () => {
    const { play, spoken } = await speaking({ perHour: 1_000 });
    play.outcome = () => ({ kind: 'on_hold', needsLogin: true, reason: '401: the token was revoked' });
    const ids = await speak(50);
    const held = await until('all wait for it', async () => {
      const rows = await rowsOf(ids);
      return rows.every(({ status, held_by }) => status === 'PENDING' && held_by === 'brand') && rows;
    });
    expect(held.every(({ attempts }) => attempts === 0)).toBe(true);
    expect(held.every(({ last_error }) => last_error?.includes('the token was revoked'))).toBe(true);
    const [shown] = await presentActions(stack.db, held, { link: () => null, approvalTtlMs: 1_000 });
    expect(shown?.waiting).toMatch(/the token was revoked.*account brand/);
    expect((await listAccounts(stack.db))[0]).toMatchObject({ state: 'needs_login', waiting: 50 });
    expect(spoken).toEqual([]);

    play.outcome = () => ({ kind: 'done', receipt: { id: 'post' } });
    await askForCheck(stack.db, 'brand');
    await settled(ids, 'SUCCESS');
    expect(new Set(spoken).size).toBe(50);
    expect(spoken).toHaveLength(50);
    expect((await listAccounts(stack.db))[0]).toMatchObject({ state: 'ready', waiting: 0 });
  }, 60_000);
});

test('what a preparation is told of limits is kept, and holds nothing', async () => {
  const { play } = await speaking({ perHour: 100 });
  const limits = [{ scope: 'media', remaining: 0, resetAt: Date.now() + 60_000 }];
  play.preparation = () => ({ kind: 'ready', result: 1, limits });
  await settled(await speak(1), 'SUCCESS');
  expect((await listAccounts(stack.db))[0]).toMatchObject({ state: 'ready', limits });
}, 60_000);

describe('a budget', () => {
  test('lets so many pass; the rest waits until the hour is over, without an attempt; an admin who raises it lets more pass', async () => {
    const { spoken } = await speaking({ perHour: 3 });
    const ids = await speak(5);
    const rows = await until('three were sent, and two wait', async () => {
      const found = await rowsOf(ids);
      return found.filter(({ held_by }) => held_by === 'brand').length === 2 && spoken.length === 3 && found;
    });
    const waiting = rows.filter(({ status }) => status === 'PENDING');
    expect(waiting.map(({ attempts, attempts_before }) => attempts + attempts_before)).toEqual([0, 0]);
    expect(waiting[0]?.last_error).toMatch(/budget of account brand, 3 effects in an hour, is used up/);
    const nextHour = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
    expect(Math.abs((waiting[0]?.run_at.getTime() ?? 0) - nextHour)).toBeLessThan(5_000);
    await setLimit('account', 'brand', 4);
    await settled(ids, 'SUCCESS', 4);
    expect((await listAccounts(stack.db))[0]?.budgets).toMatchObject([{ limit: 4, used: 4, setBy: 'admin' }]);
  }, 60_000);

  test('a new account starts slow: five in an hour, unless its entry says otherwise', async () => {
    const { spoken } = await speaking();
    const ids = await speak(7);
    await until('two wait', async () => (await rowsOf(ids)).filter(({ held_by }) => held_by === 'brand').length === 2);
    expect(spoken).toHaveLength(5);
    await stack.db.query(`UPDATE aol_accounts SET created_at = now() - interval '25 hours'`);
    expect((await listAccounts(stack.db))[0]?.budgets).toMatchObject([{ limit: 20, used: 5, source: 'default' }]);
  }, 60_000);

  test('what was surely not sent gives its place back; what may have been sent keeps it', async () => {
    const { play } = await speaking({ perHour: 2 });
    let calls = 0;
    play.outcome = () => {
      calls += 1;
      return calls < 3 ? { kind: 'not_sent', reason: 'refused', retryAfterMs: 0 } : { kind: 'done', receipt: {} };
    };
    const first = await speak(1);
    await settled(first, 'SUCCESS');
    play.outcome = () => ({ kind: 'unknown', reason: 'no answer' });
    await settled(await speak(1), 'UNCONFIRMED');
    expect((await listAccounts(stack.db))[0]?.budgets[0]?.used).toBe(2);
    const third = await speak(1);
    await until('it waits', async () => (await rowsOf(third))[0]?.held_by === 'brand');
  }, 60_000);
});

describe('a budget of a type', () => {
  test('holds what any of its accounts would send, names itself and the time, and lets go when it is changed', async () => {
    const { spoken } = await speaking({ perHour: 1_000 });
    await setLimit('type', 'SPEAK', 100_000, 'day');
    const [before] = (await listBudgets(stack.db, { scope: 'type', name: 'SPEAK' })).items;
    await setLimit('type', 'SPEAK', (before?.used ?? 0) + 2, 'day');
    const ids = await speak(4);
    const held = await until('two wait', async () => {
      const rows = (await rowsOf(ids)).filter(({ held_by }) => held_by === 'type:SPEAK');
      return rows.length === 2 && spoken.length === 2 && rows;
    });
    const [shown] = await presentActions(stack.db, held, { link: () => null, approvalTtlMs: 1_000 });
    expect(shown).toMatchObject({ attempts: 0, heldBy: { scope: 'type', name: 'SPEAK' } });
    expect(shown?.waiting).toMatch(/budget of type SPEAK, \d+ effects in a day, is used up \(it looks again at .*Z\)/);
    await setLimit('type', 'SPEAK', null, 'day');
    await settled(ids, 'SUCCESS');
  }, 60_000);
});

describe('the level draft', () => {
  test('holds what it does not let go, until another level is set', async () => {
    const { spoken } = await speaking({ perHour: 1_000 });
    const admin = { actor: 'admin', mayLoosen: true };
    const level = { lane: 'default', type: 'SPEAK' };
    await setAutonomy(stack.db, { ...level, level: 'draft' }, admin);
    const ids = await speak(2);
    await until('both are held', async () => (await rowsOf(ids)).every(({ held_by }) => held_by === 'autonomy:SPEAK'));
    expect(spoken).toEqual([]);
    expect(await unsetAutonomy(stack.db, level, admin)).toBeNull();
    expect(await releaseDrafts(stack.db, level)).toEqual(['default']);
    await settled(ids, 'SUCCESS');
  }, 60_000);
});

describe('secrets', () => {
  test('of an account stand nowhere, whatever its adapter answers', async () => {
    const { play } = await speaking({ perHour: 100 });
    const echo = async (context: Parameters<typeof play.outcome>[1]) => {
      const { token } = (await context.account?.credential()) ?? {};
      return `Bearer ${token} ${Buffer.from(`x:${token}`).toString('base64')} ${Buffer.from(token ?? '').toString('base64')}`;
    };
    play.outcome = async (text, context) => {
      const words = await echo(context);
      if (text === 'post 0') return { kind: 'done', receipt: { deep: [{ [words]: words }] } };
      if (text === 'post 1') return { kind: 'rejected', reason: words };
      throw new Error(words);
    };
    const ids = await speak(3);
    await until('all have ended', async () =>
      (await rowsOf(ids)).every(({ status }) => status !== 'PENDING' && status !== 'RUNNING'),
    );
    expect((await rowsOf(ids)).map(({ status }) => status).sort()).toEqual(['DLQ', 'SUCCESS', 'UNCONFIRMED']);
    const base64 = Buffer.from(CANARY).toString('base64').replace(/=+$/u, '');
    for (const text of await Promise.all([
      databaseText(stack.db),
      logged.join('\n'),
      filesText(stack.artifactFolder),
      historyText(stack.gateway),
    ])) {
      expect(text.length).toBeGreaterThan(100);
      expect(text.includes(CANARY)).toBe(false);
      expect(text.includes(base64)).toBe(false);
    }
  }, 60_000);
});
