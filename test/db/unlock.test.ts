/** REAL that was unlocked for a time locks itself again, by the database's clock; new lanes begin locked. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLane, patchFlags, readFlagRows, readFlagsOf } from '../../src/db/decide/flags.ts';
import { lanesInNeed } from '../../src/db/keep/supervise.ts';
import { countExactly } from '../../src/db/look/counts.ts';
import { readStatus } from '../../src/db/look/status.ts';
import { flagsInForce } from '../../src/domain/flags.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const HOUR_MS = 3_600_000;
let database: TestDatabase;
let db: TestDatabase['pool'];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pool;
});
afterAll(() => database.drop());

const admin = { actor: 'admin', mayLoosen: true };
const unlock = (lane: string, forMs?: number) =>
  patchFlags(db, lane, { flags: { proof_only: false }, ...(forMs === undefined ? {} : { forMs }) }, admin);
const isLocked = async (lane: string) => flagsInForce(lane, await readFlagRows(db, lane)).proof_only;
/** As if the time that was given had gone by. */
const letTimePass = () =>
  db.query(
    `UPDATE aol_control_flags SET expires_at = clock_timestamp() - interval '1 second' WHERE expires_at IS NOT NULL`,
  );

describe('unlocked for a time', () => {
  beforeEach(async () => {
    await patchFlags(db, '*', { flags: { proof_only: true } }, admin);
    await patchFlags(db, 'default', { flags: { proof_only: true } }, admin);
  });

  test('it is unlocked until then, and locked from then on, before anybody has noticed', async () => {
    const { flags } = await unlock('default', HOUR_MS);
    const leftMs = Date.parse(flags.proof_only?.expiresAt ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000);
    expect(await isLocked('default')).toBe(false);
    await letTimePass();
    expect(await isLocked('default')).toBe(true);
    expect((await readFlagsOf(db, 'default')).flags.proof_only?.value).toBe(true);
    const { lanes } = await readStatus(db, countExactly, ['default']);
    expect(lanes[0]?.flags.proof_only).toBe(true);
  });

  test('it is locked though all lanes are unlocked: a lane that was to lock itself does not follow them', async () => {
    await unlock('*');
    await unlock('default', HOUR_MS);
    await letTimePass();
    expect(await isLocked('default')).toBe(true);
  });

  test('all lanes may be unlocked for a time too', async () => {
    await createLane(db, 'follower', 'test');
    await db.query(`DELETE FROM aol_control_flags WHERE lane = 'follower' AND name = 'proof_only'`);
    await unlock('*', HOUR_MS);
    expect(await isLocked('follower')).toBe(false);
    await letTimePass();
    expect(await isLocked('follower')).toBe(true);
  });

  test('the supervisor locks it for good, once, and the log says so', async () => {
    await unlock('default', HOUR_MS);
    await letTimePass();
    const { rows: before } = await db.query<{ id: number }>('SELECT max(id) AS id FROM aol_execution_logs');
    await Promise.all([lanesInNeed(db, false), lanesInNeed(db, false)]);
    await lanesInNeed(db, false);
    expect((await readFlagsOf(db, 'default')).flags.proof_only).toMatchObject({
      value: true,
      expiresAt: null,
      updatedBy: 'engine',
      reason: 'the time of its unlocking ran out',
    });
    const { rows } = await db.query(
      `SELECT lane, actor, level, message FROM aol_execution_logs WHERE event = 'FLAG_CHANGED' AND id > $1`,
      [before[0]?.id],
    );
    expect(rows).toEqual([
      {
        lane: 'default',
        actor: 'engine',
        level: 'WARNING',
        message: 'proof_only = true: the time of its unlocking ran out',
      },
    ]);
  });

  test('unlocked anew it has its new time, and unlocked without one it stays', async () => {
    await unlock('default', HOUR_MS);
    const longer = await unlock('default', 8 * HOUR_MS);
    expect(longer.changed).toEqual(['proof_only']);
    expect((await unlock('default')).flags.proof_only?.expiresAt).toBeNull();
  });

  test('the database refuses an end of anything else', async () => {
    const end = (where: string) =>
      db.query(`UPDATE aol_control_flags SET expires_at = now() + interval '1 hour' WHERE lane = '*' AND ${where}`);
    await expect(end(`name = 'killed'`)).rejects.toMatchObject({ constraint: 'only_unlocking_ends' });
    await expect(end(`name = 'proof_only'`)).rejects.toMatchObject({ constraint: 'only_unlocking_ends' });
  });
});

test('a new lane begins in PROOF and asks a person about everything, whatever * says; default stays as it was', async () => {
  await patchFlags(db, '*', { flags: { proof_only: false } }, admin);
  await createLane(db, 'fresh', 'admin');
  const flags = flagsInForce('fresh', await readFlagRows(db, 'fresh'));
  expect(flags).toMatchObject({ proof_only: true, approval_policy: 'all' });
  const { rows } = await db.query(`SELECT name FROM aol_control_flags WHERE lane = 'default' ORDER BY name`);
  expect(rows.map(({ name }) => name)).not.toContain('approval_policy');
});
