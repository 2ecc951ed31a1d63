/** Synapse and mastodon-mock start, keep what their adapters rely on, and their answers get lost on demand. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  INSTALL_LIMIT_MS,
  type MastodonServer,
  type MatrixServer,
  startMastodon,
  startMatrix,
} from '../support/providers/index.ts';
import { until } from '../support/until.ts';

describe('Mastodon', () => {
  let mastodon: MastodonServer;
  beforeAll(async () => {
    mastodon = await startMastodon();
  }, INSTALL_LIMIT_MS);
  afterAll(() => mastodon?.close());

  const post = (status: string, key: string) =>
    fetch(`${mastodon.url}/api/v1/statuses`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${mastodon.accessToken}`,
        'content-type': 'application/json',
        'Idempotency-Key': key,
      },
      body: JSON.stringify({ status }),
    });

  test('the same key twice makes one status', async () => {
    expect((await post('hello', 'one')).status).toBe(200);
    expect((await post('hello', 'one')).status).toBe(200);
    expect(await mastodon.statuses()).toHaveLength(1);
    expect(mastodon.seen()[0]?.body.toString('utf8')).toBe('{"status":"hello"}');
  });

  test('stores the status and loses the answer; the repeat finds it', async () => {
    mastodon.misbehave({ at: 'POST /api/v1/statuses', how: 'store_then_drop' });
    await expect(post('lost', 'two')).rejects.toThrow();
    expect((await mastodon.statuses())[0]?.content).toContain('lost');
    expect((await post('lost', 'two')).status).toBe(200);
    expect(await mastodon.statuses()).toHaveLength(2);
  });

  test('a repeat while the first one is still at work makes two statuses where keys are not known', async () => {
    mastodon.ignoreKeys();
    mastodon.misbehave({ at: 'POST /api/v1/statuses', how: 'status_504', storesAfterMs: 200 });
    expect([(await post('slow', 'four')).status, (await post('slow', 'four')).status]).toEqual([504, 200]);
    const slow = async () => (await mastodon.statuses()).filter(({ content }) => content.includes('slow'));
    await until('both are there', async () => (await slow()).length === 2);
  });

  test('refuses 501 characters, and a wrong token', async () => {
    expect((await post('x'.repeat(501), 'three')).status).toBe(422);
    const headers = { authorization: 'Bearer wrong' };
    expect((await fetch(`${mastodon.url}/api/v1/accounts/verify_credentials`, { headers })).status).toBe(401);
  });
});

describe('Matrix', () => {
  let matrix: MatrixServer;
  beforeAll(async () => {
    matrix = await startMatrix();
  }, INSTALL_LIMIT_MS);
  afterAll(() => matrix?.close());

  const send = (body: string, transaction: string, token = matrix.accessToken) =>
    fetch(`${matrix.url}/_matrix/client/v3/rooms/${matrix.roomId}/send/m.room.message/${transaction}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ msgtype: 'm.text', body }),
    });

  test('the same transaction twice makes one event; a new login forgets it', async () => {
    const [first, second] = [await send('hello', 't1'), await send('hello', 't1')];
    expect([first.status, await second.json()]).toEqual([200, await first.json()]);
    expect(await matrix.messages()).toHaveLength(1);
    await send('hello', 't1', await matrix.login());
    expect(await matrix.messages()).toHaveLength(2);
  });

  test('stores the message and loses the answer', async () => {
    matrix.misbehave({ at: 'PUT *', how: 'store_then_drop' });
    await expect(send('lost', 't2')).rejects.toThrow();
    const [newest] = await matrix.messages();
    expect(newest).toMatchObject({ content: { body: 'lost' }, unsigned: { transaction_id: 't2' } });
  });

  test('says 429 after a burst', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) statuses.push((await send('burst', `burst${index}`)).status);
    expect(statuses).toContain(429);
  });
});
