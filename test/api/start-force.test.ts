/** `start` with `force`: an admin takes lanes away from an owner that is gone, without waiting until its lease runs out. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { controlAnswerSchema } from '../../src/contracts/http/control.ts';
import { as, createTestApi, postRaw, type TestApi } from '../support/api.ts';
import { claimOnce, holder, proofWorker } from '../support/engine.ts';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const start = (role: 'operator' | 'admin', body: object) =>
  postRaw(api, '/v1/control/start', JSON.stringify(body), as(role));
const tokenOf = async () =>
  (await api.database.pool.query(`SELECT token FROM aol_lease WHERE lane = 'default'`)).rows[0];

test('the lease of another cluster ends at once, the token grows, and the next who claims has the lane', async () => {
  const db = api.database.pool;
  const other = { ...proofWorker, clusterId: 'gone' };
  const { result: held } = await claimOnce(db, holder('run-of-the-other'), undefined, other);
  if (held.token === null) throw new Error('the lane was free, and was not given');
  expect((await claimOnce(db, holder('mine'))).result).toMatchObject({ outcome: 'NO_LEASE' });
  expect((await start('operator', { force: true })).statusCode).toBe(403);
  expect(await tokenOf()).toEqual({ token: held.token });

  const answer = await start('admin', { lane: 'default', force: true, reason: 'that machine burned' });
  expect(controlAnswerSchema.parse(answer.json()).message).toBe(
    'lane default started already; lease taken away: default',
  );
  expect(api.controls).toContain('default');
  expect(await tokenOf()).toEqual({ token: held.token + 1 });
  const { result } = await claimOnce(db, holder('mine'));
  expect(result.token).toBe(held.token + 2);
  expect((await claimOnce(db, holder('run-of-the-other', held.token), undefined, other)).result).toMatchObject({
    outcome: 'NO_LEASE',
  });
  const { rows } = await db.query(
    `SELECT actor, message FROM aol_execution_logs WHERE event = 'LEASE_RELEASED' ORDER BY id DESC LIMIT 1`,
  );
  expect(rows[0]).toMatchObject({
    actor: 'admin',
    message: expect.stringMatching(/^lease taken away from gone.*: that/),
  });
});

test('nobody holds it: nothing is taken; force belongs to start alone', async () => {
  await api.database.pool.query(`UPDATE aol_lease SET owner = NULL`);
  const before = await tokenOf();
  expect((await start('admin', { force: true })).json()).toMatchObject({ message: 'all lanes started already' });
  expect(await tokenOf()).toEqual(before);
  for (const verb of ['pause', 'resume', 'kill']) {
    const answer = await postRaw(api, `/v1/control/${verb}`, '{"force":true}', as('admin'));
    expect([verb, answer.statusCode]).toEqual([verb, 400]);
  }
});
