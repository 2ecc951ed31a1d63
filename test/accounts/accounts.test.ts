/** Accounts on a real database: who may speak, whose token is used, who waits (EFFECTS 2.5). */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountSettings } from '../../src/accounts/entries.ts';
import { openAccounts } from '../../src/accounts/open.ts';
import { createSealer } from '../../src/accounts/sealed.ts';
import type { EffectAccount } from '../../src/adapters/port.ts';
import { listAccounts } from '../../src/db/look/accounts.ts';
import { createPool, type Database } from '../../src/db/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { accountSettings, createPlayedProviders } from '../support/provider.ts';

const KEY = randomBytes(32);
const ENV = { FIRST_TOKEN: 'first-refresh-token', STEADY: 'canary-steady-token' };
const ENTRIES = {
  rotates: {
    provider: 'rotating',
    handle: '@brand',
    server: 'https://brand.example',
    refreshToken: { env: 'FIRST_TOKEN' },
  },
  stays: { provider: 'steady', url: 'http://127.0.0.1:9', token: { env: 'STEADY' } },
};
const ROTATES: EffectAccount = {
  name: 'rotates',
  provider: 'rotating',
  identity: '@brand',
  server: 'https://brand.example',
};
const STAYS: EffectAccount = {
  name: 'stays',
  provider: 'steady',
  identity: '127.0.0.1:9',
  server: 'http://127.0.0.1:9',
};

let database: TestDatabase;
let db: Database;
const pools: Database[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});
beforeEach(async () => {
  await db.query('TRUNCATE aol_accounts CASCADE');
});

/** A worker's accounts, over connections of its own. */
async function worker(
  play: ReturnType<typeof createPlayedProviders>,
  {
    settings = accountSettings(ENTRIES, ENV),
    keys = [KEY],
  }: { settings?: AccountSettings; keys?: readonly Uint8Array[] } = {},
) {
  const name = `aol-worker:${randomBytes(4).toString('hex')}`;
  const pool = createPool({ databaseUrl: database.url, applicationName: name, maxConnections: 2 });
  pools.push(pool);
  const warned: string[] = [];
  const opened = openAccounts({ accounts: settings, secretsKeys: keys }, play.providers, {
    db: pool,
    databaseUrl: database.url,
    readBlob: () => Promise.reject(new Error('no file')),
    worker: name,
    wake: () => undefined,
    log: { warn: (detail, message) => void warned.push(`${message} ${JSON.stringify(detail)}`) },
  });
  await opened.look();
  return { ...opened, warned };
}

async function tokenOf({ accounts }: Awaited<ReturnType<typeof worker>>, account = ROTATES): Promise<string> {
  const answer = await accounts.forSending(account);
  if (answer.kind !== 'ready') return `${answer.kind}: ${answer.reason}`;
  const credential = await answer.account.credential();
  return credential.accessToken ?? credential.token ?? 'none';
}

async function row(name: string) {
  const { rows } = await db.query('SELECT * FROM aol_accounts WHERE name = $1', [name]);
  return rows[0];
}

describe('who speaks', () => {
  test('the account that is named, the only one, one that says that there is none; several need a name', async () => {
    const play = createPlayedProviders();
    const both = { ...ENTRIES, second: { ...ENTRIES.stays, url: 'https://second.example' } };
    const { accounts } = await worker(play, { settings: accountSettings(both, ENV) });
    expect(accounts.forRendering({ provider: 'rotating' })).toMatchObject(ROTATES);
    expect(accounts.forRendering({ provider: 'steady', name: 'second' })).toMatchObject({ identity: 'second.example' });
    expect(() => accounts.forRendering({ provider: 'steady' })).toThrow(/several: stays, second/);
    expect(() => accounts.forRendering({ provider: 'steady', name: 'third' })).toThrow(/must be one of/);
    const none = await worker(play, { settings: accountSettings(undefined) });
    expect(none.accounts.forRendering({ provider: 'steady' })).toMatchObject({
      name: 'default',
      identity: 'not configured',
    });
  });

  test('another identity or server than the proven one, and one that is not configured, is refused by name', async () => {
    const { accounts } = await worker(createPlayedProviders());
    for (const change of [{ identity: '@other' }, { server: 'https://other.example' }]) {
      expect(await accounts.forSending({ ...ROTATES, ...change })).toMatchObject({ kind: 'rejected' });
    }
    const unknown = await accounts.forSending({ ...STAYS, name: 'default' });
    expect(unknown).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('STEADY_URL, STEADY_TOKEN') });
  });

  test('its own server may be reached wherever it is, and no other private address', async () => {
    const { accounts } = await worker(createPlayedProviders());
    const signal = AbortSignal.timeout(5_000);
    const asked = (port: number) => accounts.exchangeFor(STAYS).connect(new URL(`http://127.0.0.1:${port}`), signal);
    expect(await asked(9)).toMatchObject({ ok: false, outcome: { kind: 'not_sent' } });
    expect(await asked(10)).toMatchObject({ ok: false, outcome: { kind: 'rejected' } });
  });
});

describe('tokens', () => {
  test('case 18, 19: five workers, no valid token: one log-in on the wire; none while the token is valid', async () => {
    const play = createPlayedProviders();
    const workers = await Promise.all(Array.from({ length: 5 }, () => worker(play)));
    const use = () => Promise.all(workers.flatMap((each) => [tokenOf(each), tokenOf(each)]));
    expect(new Set(await use())).toEqual(new Set(['access-token-1']));
    for (let round = 0; round < 20; round += 1) await use();
    expect(play.played.logIns).toEqual(['first-refresh-token']);
    await db.query(
      `UPDATE aol_accounts SET token_expires_at = now() + interval '1 minute', refreshed_at = now() - interval '1 hour' WHERE name = 'rotates'`,
    );
    expect(new Set(await use())).toEqual(new Set(['access-token-2']));
    expect(play.played.logIns).toEqual(['first-refresh-token', 'refresh-token-1']);
  });

  test('it is kept encrypted before it is used, and no key but ours opens it', async () => {
    const play = createPlayedProviders();
    await tokenOf(await worker(play));
    const { credential } = await row('rotates');
    expect(credential.length).toBeGreaterThan(40);
    expect(credential.toString('latin1')).not.toContain('token');
    const other = await worker(play, { keys: [randomBytes(32)] });
    expect(await tokenOf(other)).toMatch(/on_hold.*AOL_SECRETS_KEY/);
    expect(play.played.logIns).toHaveLength(1);
    await expect(db.query(`UPDATE aol_accounts SET credential = NULL WHERE name = 'rotates'`)).rejects.toThrow();
  });

  test('case 19: a token that was refused is renewed once by all of them, and not again within ten minutes', async () => {
    const play = createPlayedProviders();
    const workers = await Promise.all(Array.from({ length: 5 }, () => worker(play)));
    await tokenOf(workers[0] ?? (await worker(play)));
    await db.query(`UPDATE aol_accounts SET refreshed_at = now() - interval '11 minutes'`);
    const opened = await Promise.all(workers.map(({ accounts }) => accounts.forSending(ROTATES)));
    const renewed = await Promise.all(
      opened.map(async (each) => (each.kind === 'ready' ? each.account.credential({ renew: true }) : undefined)),
    );
    expect(new Set(renewed.map((credential) => credential?.accessToken))).toEqual(new Set(['access-token-2']));
    expect(play.played.logIns).toHaveLength(2);
    const again = await workers[0]?.accounts.forSending(ROTATES);
    if (again?.kind !== 'ready') throw new Error('it is ready');
    await expect(again.account.credential({ renew: true })).rejects.toMatchObject({ code: 'AOL_ACCOUNT_ON_HOLD' });
    expect(play.played.logIns).toHaveLength(2);
  });

  test('a rotated token is kept although the database refuses its first writings: it exists nowhere else', async () => {
    const play = createPlayedProviders();
    const one = await worker(play);
    await tokenOf(one);
    await db.query(
      `UPDATE aol_accounts SET token_expires_at = now() + interval '1 minute', refreshed_at = now() - interval '1 hour' WHERE name = 'rotates'`,
    );
    // Numbers of a sequence are not rolled back.
    await db.query(`CREATE SEQUENCE keepings;
      CREATE FUNCTION refuse_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('keepings') <= 3 THEN RAISE 'the primary goes away' USING ERRCODE = '57P01'; END IF;
        RETURN new;
      END $$;
      CREATE TRIGGER refuse_first BEFORE UPDATE OF credential ON aol_accounts FOR EACH ROW EXECUTE FUNCTION refuse_first()`);
    const token = await tokenOf(one);
    await db.query('DROP FUNCTION refuse_first CASCADE; DROP SEQUENCE keepings');
    expect([token, await tokenOf(one)]).toEqual(['access-token-2', 'access-token-2']);
    expect(play.played.logIns).toEqual(['first-refresh-token', 'refresh-token-1']);
  });

  test("case 20: invalid_grant while somebody else has renewed it: the winner's token is used, and kept", async () => {
    const play = createPlayedProviders();
    const loser = await worker(play);
    await tokenOf(loser);
    await db.query(
      `UPDATE aol_accounts SET token_expires_at = now() + interval '1 minute', refreshed_at = now() - interval '1 hour' WHERE name = 'rotates'`,
    );
    play.played.answer = async () => {
      // Another process was first, as after a failover: the row is what counts.
      const credential = createSealer([KEY])?.seal('rotates', { accessToken: 'winners-token', refreshToken: 'next' });
      await db.query(
        `UPDATE aol_accounts SET credential = $1, credential_version = credential_version + 1, refreshed_at = clock_timestamp(),
           token_expires_at = clock_timestamp() + interval '1 hour' WHERE name = 'rotates'`,
        [credential],
      );
      return { kind: 'needs_login', reason: 'invalid_grant' };
    };
    expect(await tokenOf(loser)).toBe('winners-token');
    expect(await tokenOf(loser)).toBe('winners-token');
    expect(play.played.logIns).toHaveLength(2);
    expect((await row('rotates')).state).toBe('not_checked');
  });

  test('invalid_grant alone: the account needs a log-in, its token is kept, and nobody asks again by itself', async () => {
    const play = createPlayedProviders();
    const one = await worker(play);
    await tokenOf(one);
    const before = await row('rotates');
    await db.query(`UPDATE aol_accounts SET token_expires_at = now() WHERE name = 'rotates'`);
    play.played.answer = () => ({ kind: 'needs_login', reason: 'invalid_grant' });
    for (let times = 0; times < 5; times += 1) expect(await tokenOf(one)).toMatch(/on_hold.*invalid_grant/);
    expect(play.played.logIns).toHaveLength(2);
    const after = await row('rotates');
    expect([after.state, after.credential]).toEqual(['needs_login', before.credential]);
    // A person put a new token into the entry.
    play.played.answer = undefined;
    const settings = accountSettings(ENTRIES, { ...ENV, FIRST_TOKEN: 'second-refresh-token' });
    expect(await tokenOf(await worker(play, { settings }))).toMatch(/^access-token/);
    expect((await row('rotates')).state).toBe('ready');
  });

  test('without AOL_SECRETS_KEY an account that logs in says that it needs it', async () => {
    expect(await tokenOf(await worker(createPlayedProviders(), { keys: [] }))).toMatch(/AOL_SECRETS_KEY/);
  });
});

describe('what is learned', () => {
  test('a hold stands in the row until its time, a success ends what was not known; secrets are scrubbed', async () => {
    const one = await worker(createPlayedProviders());
    expect(await tokenOf(one, STAYS)).toBe('canary-steady-token');
    await one.accounts.learn(STAYS, { kind: 'done', receipt: {} });
    expect((await row('stays')).state).toBe('ready');
    const untilMs = Date.now() + 60_000;
    await one.accounts.learn(STAYS, { kind: 'on_hold', reason: 'quota', untilMs });
    expect(await one.accounts.forSending(STAYS)).toMatchObject({ kind: 'on_hold', reason: 'quota', untilMs });
    await db.query(`UPDATE aol_accounts SET until = now() WHERE name = 'stays'`);
    expect(await tokenOf(one, STAYS)).toBe('canary-steady-token');
    const base64 = Buffer.from('canary-steady-token').toString('base64');
    expect(one.accounts.scrub(`Bearer canary-steady-token ${base64}`)).not.toMatch(/canary|Y2FuYXJ5/);
  });

  test('limits that preparations were told are kept by scope, beside those of effects, and hold nothing', async () => {
    const one = await worker(createPlayedProviders());
    expect(await tokenOf(one, STAYS)).toBe('canary-steady-token');
    const resetAt = Date.now() + 60_000;
    const limit = (scope: string, remaining: number) => ({ scope, remaining, resetAt });
    await one.accounts.learn(STAYS, { kind: 'done', receipt: {}, limits: [limit('requests', 9)] });
    await one.accounts.keepLimits(STAYS, [limit('media', 1)]);
    await one.accounts.keepLimits(STAYS, [limit('media', 0), { ...limit('over', 0), resetAt: 1 }]);
    expect((await row('stays')).state).toBe('ready');
    const limits = async () => (await listAccounts(db)).find(({ name }) => name === 'stays')?.limits;
    expect(await limits()).toEqual([limit('media', 0), { ...limit('over', 0), resetAt: 1 }, limit('requests', 9)]);
    await one.accounts.learn(STAYS, { kind: 'done', receipt: {}, limits: [limit('requests', 8)] });
    expect(await limits()).toEqual([limit('requests', 8), limit('media', 0)]);
  });

  test('a check that somebody asked for is made, and its facts are what rendering sees', async () => {
    const play = createPlayedProviders();
    const one = await worker(play);
    await db.query(`UPDATE aol_accounts SET state = 'needs_login', reason = 'x', check_asked_at = clock_timestamp()`);
    await one.look();
    expect(await row('rotates')).toMatchObject({ state: 'ready', facts: { characters: 500, identity: '@brand' } });
    await one.look();
    expect(one.accounts.forRendering({ provider: 'rotating' }).facts).toMatchObject({ characters: 500 });
    play.played.check = { kind: 'needs_login', reason: 'the token canary-steady-token was revoked' };
    await db.query(`UPDATE aol_accounts SET check_asked_at = clock_timestamp() WHERE name = 'stays'`);
    await one.look();
    const { state, reason } = await row('stays');
    expect([state, reason.includes('canary')]).toEqual(['needs_login', false]);
  });

  test('a token that dies within 7 days is told once', async () => {
    const play = createPlayedProviders();
    play.played.check = { kind: 'ready', identity: 'x', facts: {}, expiresAt: new Date(Date.now() + 6 * 86_400_000) };
    const one = await worker(play);
    await db.query(`UPDATE aol_accounts SET check_asked_at = clock_timestamp() WHERE name = 'stays'`);
    for (let times = 0; times < 3; times += 1) await one.look();
    expect(one.warned.filter((line) => line.includes('runs out'))).toHaveLength(1);
  });

  test('what no worker has any more is marked, and kept', async () => {
    const play = createPlayedProviders();
    const one = await worker(play);
    await pools.pop()?.end();
    expect(one).toBeDefined();
    await worker(play, { settings: accountSettings({ stays: ENTRIES.stays }, ENV) });
    expect([(await row('rotates')).is_configured, (await row('stays')).is_configured]).toEqual([false, true]);
  });
});
