/** `/v1/autonomy`: who may let what go by itself, and what takes it back. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { autonomyListSchema, autonomyUnsetSchema } from '../../src/contracts/http/autonomy.ts';
import { logListSchema } from '../../src/contracts/http/log.ts';
import { rejectAction } from '../../src/db/decide/approvals.ts';
import { appendLog } from '../../src/db/look/logs.ts';
import { levelInForce } from '../../src/domain/autonomy.ts';
import { as, createTestApi, type TestApi } from '../support/api.ts';
import { awaiting, queued } from '../support/settled.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(() => api.database.pool.query('DELETE FROM aol_autonomy'));

const put = (body: object, role: 'admin' | 'operator' | 'viewer' = 'admin') =>
  api.call({
    method: 'PUT',
    url: '/v1/autonomy',
    headers: { ...as(role), 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });
const items = async () =>
  autonomyListSchema.parse((await api.call({ url: '/v1/autonomy', headers: as('viewer') })).json()).items;
const levelOf = async (lane: string, type: string) => {
  const { rows } = await api.database.pool.query('SELECT aol_autonomy_level($1, $2) AS level', [lane, type]);
  return rows[0].level;
};
const AUTO = { lane: 'default', type: 'POST_SOCIAL', level: 'auto' };

describe('setting', () => {
  test('an operator tightens, only an admin loosens; the narrowest row counts', async () => {
    expect((await put({ type: '*', level: 'draft' }, 'operator')).statusCode).toBe(200);
    expect((await put({ lane: 'default', type: '*', level: 'approve' }, 'operator')).statusCode).toBe(403);
    expect((await put({ lane: 'default', type: '*', level: 'approve' })).statusCode).toBe(200);
    expect((await put(AUTO)).statusCode).toBe(200);
    expect((await put({ ...AUTO, level: 'draft' }, 'viewer')).statusCode).toBe(403);
    const levels = [
      ['default', 'POST_SOCIAL'],
      ['default', 'CALL_WEBHOOK'],
      ['other', 'POST_SOCIAL'],
    ] as const;
    expect(await Promise.all(levels.map(([lane, type]) => levelOf(lane, type)))).toEqual(['auto', 'approve', 'draft']);
    const set = await items();
    expect(set).toHaveLength(3);
    expect(levels.map(([lane, type]) => levelInForce(set, lane, type)?.level)).toEqual(['auto', 'approve', 'draft']);
  });

  test('an operator loosens no type by a level of its lane that goes before that of the type', async () => {
    await put({ type: 'POST_SOCIAL', level: 'draft' });
    for (const level of ['auto', 'approve']) {
      const answer = await put({ lane: 'default', type: '*', level }, 'operator');
      expect(answer.json()).toMatchObject({
        status: 403,
        detail: `autonomy of POST_SOCIAL in default: draft → ${level} lets more be sent without a person: this needs an admin`,
      });
    }
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('draft');
    expect(await items()).toHaveLength(1);
    expect((await put({ lane: 'default', type: '*', level: 'draft' }, 'operator')).statusCode).toBe(200);
    await api.database.pool.query('DELETE FROM aol_autonomy WHERE lane <> $1', ['*']);
    expect((await put({ ...AUTO, type: '*' })).statusCode).toBe(200);
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('auto');
  });

  test('bad input names the field; the log says who', async () => {
    expect((await put({ ...AUTO, level: 'yes' })).statusCode).toBe(400);
    expect((await put({ ...AUTO, type: 'post' })).statusCode).toBe(400);
    const unknown = await put({ ...AUTO, lane: 'nowhere' });
    expect([unknown.statusCode, unknown.json()]).toEqual([
      422,
      expect.objectContaining({ errors: [expect.objectContaining({ field: 'lane' })] }),
    ]);
    await put({ ...AUTO, reason: 'it went well' });
    const { items: logs } = logListSchema.parse(
      (await api.call({ url: '/v1/logs?event=FLAG_CHANGED', headers: as('viewer') })).json(),
    );
    expect(logs[0]).toMatchObject({ actor: 'admin', message: 'autonomy of POST_SOCIAL = auto: it went well' });
  });
});

describe('unsetting', () => {
  const unset = (lane: string, type: string, role: 'admin' | 'operator' | 'viewer' = 'admin') =>
    api.call({
      method: 'DELETE',
      url: `/v1/autonomy/${encodeURIComponent(lane)}/${encodeURIComponent(type)}?reason=enough`,
      headers: as(role),
    });

  test('lets what is set more widely hold again; what loosens needs an admin; the log says who', async () => {
    await put({ type: '*', level: 'draft' });
    await put({ ...AUTO, level: 'approve' });
    expect((await unset('default', 'POST_SOCIAL', 'viewer')).statusCode).toBe(403);
    const tightened = await unset('default', 'POST_SOCIAL', 'operator');
    expect(autonomyUnsetSchema.parse(tightened.json()).inForce).toMatchObject({ lane: '*', type: '*', level: 'draft' });
    expect((await unset('*', '*', 'operator')).statusCode).toBe(403);
    expect((await unset('*', '*')).json()).toEqual({ inForce: null });
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('auto');
    expect((await unset('*', '*', 'operator')).json()).toEqual({ inForce: null });
    const { items: logs } = logListSchema.parse(
      (await api.call({ url: '/v1/logs?event=FLAG_CHANGED', headers: as('viewer') })).json(),
    );
    expect(logs.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'autonomy of POST_SOCIAL taken back; in force: draft, from * in *: enough',
        'autonomy of * taken back; in force: nothing, the flags alone: enough',
      ]),
    );
  });

  test('by an operator loosens no type that has a level of its own more widely', async () => {
    await put({ type: '*', level: 'approve' });
    await put({ type: 'POST_SOCIAL', level: 'auto' });
    await put({ lane: 'default', type: '*', level: 'approve' });
    const refused = await unset('default', '*', 'operator');
    expect(refused.json()).toMatchObject({
      status: 403,
      detail:
        'autonomy of POST_SOCIAL in default: approve → auto lets more be sent without a person: this needs an admin',
    });
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('approve');
    expect((await unset('default', '*')).statusCode).toBe(200);
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('auto');
  });

  test('and setting make what the level draft held due at once', async () => {
    const held = async () => {
      const id = await queued(api.database.pool, { mode: 'REAL' });
      await api.database.pool.query(
        `UPDATE aol_actions SET held_by = 'autonomy:POST_SOCIAL', run_at = now() + interval '5 minutes', updated_at = now() WHERE id = $1`,
        [id],
      );
      return id;
    };
    const waits = async (id: string) => {
      const { rows } = await api.database.pool.query(
        'SELECT run_at > clock_timestamp() AS waits, held_by FROM aol_actions WHERE id = $1',
        [id],
      );
      return rows[0];
    };
    await put({ ...AUTO, level: 'draft' });
    const first = await held();
    await put({ ...AUTO, type: 'CALL_WEBHOOK' });
    expect(await waits(first)).toEqual({ waits: true, held_by: 'autonomy:POST_SOCIAL' });
    await put(AUTO);
    expect(await waits(first)).toEqual({ waits: false, held_by: null });
    const second = await held();
    await unset('default', 'POST_SOCIAL');
    expect(await waits(second)).toEqual({ waits: false, held_by: null });
    expect(api.wakes).toContain('default');
  });
});

describe('taken back to approve', () => {
  const dies = async (event: 'DEAD_LETTERED' | 'SUCCEEDED' | 'UNCONFIRMED', mode: 'REAL' | 'PROOF' = 'REAL') => {
    const id = await queued(api.database.pool, { mode });
    await appendLog(api.database.pool, {
      lane: 'default',
      actionId: id,
      event,
      level: 'ERROR',
      actor: 'engine',
      message: event,
    });
  };

  test('by a rejected approval, with a row in the log that says why', async () => {
    await put(AUTO);
    const id = await awaiting(api.database.pool, 3_600);
    await rejectAction(api.database.pool, id, { actor: 'anna' });
    expect(await items()).toMatchObject([
      { level: 'approve', updatedBy: 'engine', reason: 'an approval was rejected' },
    ]);
    const { items: logs } = logListSchema.parse(
      (await api.call({ url: `/v1/actions/${id}/logs`, headers: as('viewer') })).json(),
    );
    expect(logs.at(-1)).toMatchObject({
      event: 'FLAG_CHANGED',
      message: 'autonomy of POST_SOCIAL = approve: an approval was rejected',
    });
  });

  test('by an effect that nobody can confirm', async () => {
    await put(AUTO);
    await dies('UNCONFIRMED');
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('approve');
  });

  test('by the third dead letter in a row, and not by three that are none', async () => {
    await put(AUTO);
    for (const event of ['DEAD_LETTERED', 'DEAD_LETTERED', 'SUCCEEDED', 'DEAD_LETTERED', 'DEAD_LETTERED'] as const)
      await dies(event);
    await dies('DEAD_LETTERED', 'PROOF');
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('auto');
    await dies('DEAD_LETTERED');
    expect(await items()).toMatchObject([{ level: 'approve', reason: 'three dead letters in a row' }]);
  });

  test('only where it was set; what is set for all lanes stays for the others', async () => {
    await dies('UNCONFIRMED');
    expect(await items()).toEqual([]);
    await put({ type: '*', level: 'auto' });
    await dies('UNCONFIRMED');
    expect(await levelOf('default', 'POST_SOCIAL')).toBe('approve');
    expect(await levelOf('default', 'CALL_WEBHOOK')).toBe('auto');
    expect(await levelOf('other', 'POST_SOCIAL')).toBe('auto');
  });
});
