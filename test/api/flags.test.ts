import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { flagsChangedSchema, laneFlagsSchema } from '../../src/contracts/http/flags.ts';
import { problemSchema } from '../../src/contracts/http/problem.ts';
import { createPool } from '../../src/db/pool.ts';
import type { EnvironmentRole } from '../../src/domain/roles.ts';
import { as, createTestApi, postRaw, type TestApi, toldAtOnce } from '../support/api.ts';
import { setFlag } from '../support/engine.ts';
import { lockWaits } from '../support/lock-waits.ts';
import { until } from '../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
  await api.call({ method: 'PUT', url: '/v1/lanes/brand', headers: as('admin') });
});
beforeEach(() => {
  api.controls.length = 0;
});
afterAll(() => api.close());

function patch(role: EnvironmentRole, body: unknown) {
  return api.call({
    method: 'PATCH',
    url: '/v1/control/flags',
    headers: { ...as(role), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });
}

async function flagsOf(lane?: string) {
  const url = `/v1/control/flags${lane === undefined ? '' : `?lane=${lane}`}`;
  return laneFlagsSchema.parse((await api.call({ url, headers: as('viewer') })).json());
}

describe('GET', () => {
  test('without a lane the defaults of all, with who set them', async () => {
    const { lane, flags } = await flagsOf();
    expect(lane).toBe('*');
    expect(flags.max_running).toEqual({
      value: 100,
      version: 1,
      inherited: false,
      expiresAt: null,
      updatedBy: 'system',
      reason: 'default of the first start',
      updatedAt: expect.any(String),
    });
  });

  test('a lane says what it inherits; the version is that of its own row', async () => {
    const { flags } = await flagsOf('brand');
    expect(flags.max_running).toMatchObject({ value: 100, version: 0, inherited: true, updatedBy: 'system' });
    expect(flags.paused).toMatchObject({ value: false, version: 1, inherited: false, updatedBy: 'admin' });
  });

  test('paused and killed of all are in force in a lane, and said to be inherited', async () => {
    await patch('operator', { flags: { paused: true }, reason: 'all stop' });
    expect((await flagsOf('brand')).flags.paused).toMatchObject({
      value: true,
      version: 1,
      inherited: true,
      updatedBy: 'operator',
      reason: 'all stop',
    });
    await patch('operator', { flags: { paused: false } });
    expect((await flagsOf('brand')).flags.paused).toMatchObject({ value: false, inherited: false });
  });

  test('an unknown lane is 404, a malformed one 400', async () => {
    expect((await api.call({ url: '/v1/control/flags?lane=nowhere', headers: as('viewer') })).statusCode).toBe(404);
    expect((await api.call({ url: '/v1/control/flags?lane=A', headers: as('viewer') })).statusCode).toBe(400);
  });
});

describe('who may change what', () => {
  test.each<[name: string, before: unknown, after: unknown, least: 'operator' | 'admin']>([
    ['paused', false, true, 'operator'],
    ['paused', true, false, 'operator'],
    ['killed', false, true, 'operator'],
    ['killed', true, false, 'operator'],
    ['proof_only', false, true, 'operator'],
    ['proof_only', true, true, 'operator'],
    ['proof_only', true, false, 'admin'],
    ['proof_only', false, false, 'admin'],
    ['max_actions_per_tick', 10, 9, 'operator'],
    ['max_actions_per_tick', 10, 11, 'admin'],
    ['max_running', 10, 10, 'operator'],
    ['max_running', 10, 11, 'admin'],
    ['max_tick_ms', 5_000, 4_999, 'operator'],
    ['max_tick_ms', 5_000, 5_001, 'admin'],
    ['tick_interval_ms', 5_000, 5_001, 'operator'],
    ['tick_interval_ms', 5_000, 4_999, 'admin'],
    ['approval_policy', 'none', 'all', 'operator'],
    ['approval_policy', 'first_of_type', 'all', 'operator'],
    ['approval_policy', 'all', 'first_of_type', 'admin'],
    ['approval_policy', 'first_of_type', 'none', 'admin'],
    ['approver_must_differ', false, true, 'operator'],
    ['approver_must_differ', true, false, 'admin'],
    ['approvals_needed', 1, 3, 'operator'],
    ['approvals_needed', 3, 2, 'admin'],
  ])('%s from %j to %j needs at least %s', async (name, before, after, least) => {
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      await setFlag(api.database.pool, name, before, 'brand');
      const answer = await patch(role, { lane: 'brand', flags: { [name]: after } });
      const isAllowed = role === 'admin' || role === least;
      expect([role, answer.statusCode]).toEqual([role, isAllowed ? 200 : 403]);
      const { rows } = await api.database.pool.query<{ value: unknown }>(
        `SELECT value FROM aol_control_flags WHERE lane = 'brand' AND name = $1`,
        [name],
      );
      expect(rows[0]?.value).toEqual(isAllowed ? after : before);
    }
    await api.database.pool.query(
      `DELETE FROM aol_control_flags WHERE lane = 'brand' AND name NOT IN ('paused', 'killed')`,
    );
    await setFlag(api.database.pool, 'paused', false, 'brand');
    await setFlag(api.database.pool, 'killed', false, 'brand');
  });

  test('what a lane inherits is what it is compared with', async () => {
    expect((await patch('operator', { lane: 'brand', flags: { max_running: 101 } })).statusCode).toBe(403);
    expect((await patch('operator', { lane: 'brand', flags: { max_running: 99 } })).statusCode).toBe(200);
    expect((await patch('operator', { lane: 'brand', flags: { max_running: 100 } })).json()).toMatchObject({
      code: 'AOL_FORBIDDEN',
      detail: 'max_running 99 to 100 loosens it: this needs the role admin',
    });
    await api.database.pool.query(`DELETE FROM aol_control_flags WHERE lane = 'brand' AND name = 'max_running'`);
  });

  test('of several flags one that needs an admin refuses all', async () => {
    const flags = { max_tick_ms: 2_000, max_running: 1_000 };
    expect((await patch('operator', { lane: 'brand', flags })).statusCode).toBe(403);
    expect((await flagsOf('brand')).flags.max_tick_ms.inherited).toBe(true);
  });

  test('an operator who tightens from an old value while an admin tightens further loosens nothing', async () => {
    await setFlag(api.database.pool, 'max_running', 50, 'brand');
    const other = createPool({ databaseUrl: api.database.url, applicationName: 'aol-test-admin' });
    const admin = await other.connect();
    await admin.query('BEGIN');
    await admin.query(`UPDATE aol_control_flags SET value = '5' WHERE lane = 'brand' AND name = 'max_running'`);
    const waiting = patch('operator', { lane: 'brand', flags: { max_running: 20 } });
    await until('the patch waits', async () => {
      const { rows } = await other.query(`SELECT FROM pg_locks WHERE NOT granted`);
      return rows.length > 0;
    });
    await admin.query('COMMIT');
    expect((await waiting).statusCode).toBe(403);
    admin.release();
    await other.end();
    await api.database.pool.query(`DELETE FROM aol_control_flags WHERE lane = 'brand' AND name = 'max_running'`);
  });
});

describe('PATCH', () => {
  test('answers what is in force and what changed, logs it and signals the lanes', async () => {
    const answer = await patch('operator', {
      lane: 'brand',
      flags: { max_tick_ms: 2_000, paused: false },
      reason: 'slow',
    });
    expect(flagsChangedSchema.parse(answer.json())).toMatchObject({
      lane: 'brand',
      changed: ['max_tick_ms'],
      flags: { max_tick_ms: { value: 2_000, version: 1, inherited: false, updatedBy: 'operator', reason: 'slow' } },
    });
    expect(api.controls).toEqual(['brand']);
    const { rows } = await api.database.pool.query(
      `SELECT lane, actor, message FROM aol_execution_logs WHERE event = 'FLAG_CHANGED' ORDER BY id DESC LIMIT 1`,
    );
    expect(rows[0]).toEqual({ lane: 'brand', actor: 'operator', message: 'max_tick_ms = 2000: slow' });
    expect((await patch('operator', { flags: { max_tick_ms: 19_000 } })).statusCode).toBe(200);
    expect(api.controls).toEqual(['brand', 'brand', 'default']);
  });

  test('REAL is unlocked for a time: the answer and the log say until when', async () => {
    const { flags } = flagsChangedSchema.parse(
      (await patch('admin', { lane: 'brand', flags: { proof_only: false }, forMs: 8 * 3_600_000 })).json(),
    );
    expect(flags.proof_only).toMatchObject({ value: false, expiresAt: expect.any(String) });
    const { rows } = await api.database.pool.query<{ message: string }>(
      `SELECT message FROM aol_execution_logs WHERE event = 'FLAG_CHANGED' ORDER BY id DESC LIMIT 1`,
    );
    expect(rows[0]?.message).toBe(`proof_only = false until ${flags.proof_only?.expiresAt}`);
    await patch('operator', { lane: 'brand', flags: { proof_only: true } });
    expect((await flagsOf('brand')).flags.proof_only).toMatchObject({ value: true, expiresAt: null });
  });

  test('with a version it is compare-and-set: of ten at once one changes', async () => {
    const wanted = (value: number) => ({ lane: 'brand', flags: { max_actions_per_tick: value }, version: 0 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => patch('admin', wanted(n + 5))));
    expect(toldAtOnce(answers)).toEqual(['200', ...Array.from({ length: 9 }, () => '409')]);
    const refused = answers.find((answer) => answer.statusCode === 409);
    expect(problemSchema.parse(refused?.json())).toMatchObject({ code: 'AOL_VERSION_CONFLICT', currentVersion: 1 });
    const next = { lane: 'brand', flags: { max_actions_per_tick: 1 }, version: 1 };
    expect((await patch('operator', next)).json()).toMatchObject({ flags: { max_actions_per_tick: { version: 2 } } });
  });

  test('kill through it has the same effect, and waits for the claim that is open', async () => {
    const other = createPool({ databaseUrl: api.database.url, applicationName: 'aol-test-claim' });
    const claim = await other.connect();
    await claim.query('BEGIN');
    await claim.query(`SELECT FROM aol_lease WHERE lane = 'brand' FOR UPDATE`);
    let isAnswered = false;
    const pressed = patch('operator', { lane: 'brand', flags: { killed: true } }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await until('it is committed', async () => (await flagsOf('brand')).flags.killed.value === true);
    expect(isAnswered).toBe(false);
    await claim.query('COMMIT');
    expect((await pressed).statusCode).toBe(200);
    claim.release();
    await other.end();
    await patch('operator', { lane: 'brand', flags: { killed: false } });
  });

  test('changes that wait for an open claim leave connections to a kill', async () => {
    const databaseUrl = api.database.url;
    const control = createPool({ databaseUrl, applicationName: 'aol-test-control', maxConnections: 2 });
    const own = await createTestApi({ database: api.database.pool, controlDatabase: control });
    const other = createPool({ databaseUrl, applicationName: 'aol-test-claim' });
    const claim = await other.connect();
    await claim.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
    await claim.query(`SELECT FROM aol_lease WHERE lane = 'brand' FOR UPDATE`);
    let answered = 0;
    const patched = [11, 12, 13, 14].map((max_running) =>
      own
        .call({
          method: 'PATCH',
          url: '/v1/control/flags',
          headers: { ...as('admin'), 'content-type': 'application/json' },
          payload: JSON.stringify({ lane: 'brand', flags: { max_running } }),
        })
        .finally(() => {
          answered += 1;
        }),
    );
    await until('one waits for the claim', async () => (await lockWaits(api.database.pool)) > 0);
    expect((await postRaw(own, '/v1/control/kill', '{"lane":"default"}')).statusCode).toBe(200);
    expect(answered).toBe(0);
    await claim.query('COMMIT');
    expect(toldAtOnce(await Promise.all(patched))).toEqual(['200', '200', '200', '200']);
    claim.release();
    await other.end();
    await own.close();
    await control.end();
    await postRaw(api, '/v1/control/start', '{"lane":"default"}');
    await patch('admin', { lane: 'brand', flags: { max_running: 10 } });
  });

  test.each([
    ['no flags', {}, 'flags'],
    ['an empty object', { flags: {} }, 'flags'],
    ['an unknown flag', { flags: { colour: 'red' } }, 'flags.colour'],
    ['a boolean as text', { flags: { paused: 'true' } }, 'flags.paused'],
    ['out of bounds', { flags: { max_running: 1_001 } }, 'flags.max_running'],
    ['half an action', { flags: { max_actions_per_tick: 1.5 } }, 'flags.max_actions_per_tick'],
    ['null', { flags: { tick_interval_ms: null } }, 'flags.tick_interval_ms'],
    ['an unknown policy', { flags: { approval_policy: 'some' } }, 'flags.approval_policy'],
    ['four approvals', { flags: { approvals_needed: 4 } }, 'flags.approvals_needed'],
    ['a time for locking', { flags: { proof_only: true }, forMs: 60_000 }, 'forMs'],
    ['a time for another flag', { flags: { paused: true }, forMs: 60_000 }, 'forMs'],
    ['a time for two flags', { flags: { proof_only: false, paused: true }, forMs: 60_000 }, 'forMs'],
    ['a time of less than a minute', { flags: { proof_only: false }, forMs: 59_999 }, 'forMs'],
    ['a version for two flags', { flags: { paused: true, killed: true }, version: 1 }, 'version'],
    ['a version below 0', { flags: { paused: true }, version: -1 }, 'version'],
    ['a reason with NUL', { flags: { paused: true }, reason: 'a\u0000' }, 'reason'],
  ])('%s is 400', async (_name, body, field) => {
    const answer = await patch('admin', body);
    expect(answer.statusCode).toBe(400);
    expect(problemSchema.parse(answer.json()).errors?.map((error) => error.field)).toContain(field);
  });

  test('an unknown lane is 404', async () => {
    expect((await patch('admin', { lane: 'nowhere', flags: { paused: true } })).statusCode).toBe(404);
  });
});
