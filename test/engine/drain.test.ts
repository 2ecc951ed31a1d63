/** The engine on a real PostgreSQL and a real Temporal server. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defineAdapter } from '../../src/adapters/port.ts';
import { jsonObjectSchema } from '../../src/contracts/http/json.ts';
import { pressControl } from '../../src/db/decide/press.ts';
import { sha256Hex } from '../../src/domain/hashing.ts';
import { setFlag } from '../support/engine.ts';
import { createTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { quietRuntime } from '../support/workflows.ts';

/** An adapter that does everything wrong that an adapter can do. */
const wicked = defineAdapter({
  contract: { type: 'BE_WICKED', title: 'Be wicked', payload: jsonObjectSchema, example: { way: 'string' } },
  version: 1,
  redelivery: () => ({ kind: 'neither' }),
  configured: () => ({ real: false, missing: [] }),
  render(payload) {
    switch (payload.way) {
      case 'string':
        throw 'a bare string';
      case 'null':
        throw null;
      case 'huge':
        throw new Error('x'.repeat(5_000_000));
      default:
        throw new TypeError('cannot read properties of undefined');
    }
  },
});

let stack: TestStack;

beforeAll(async () => {
  quietRuntime();
  stack = await createTestStack();
  await stack.startWorker({ adapters: [wicked] });
}, 60_000);
afterAll(() => stack.stop(), 60_000);

const settled = (ids: readonly string[]) =>
  until('all settled', async () => {
    const rows = (await stack.rows()).filter((row) => ids.includes(row.id));
    return rows.every((row) => ['SUCCESS', 'DLQ', 'CANCELLED'].includes(row.status)) && rows;
  });

describe('the engine', () => {
  test('proves an action within a second of its enqueue, and stores what was hashed', async () => {
    await until('the lane is held', async () => (await stack.db.query('SELECT owner FROM aol_lease')).rows[0]?.owner);
    const [id] = await stack.enqueue([{ payload: { platform: 'bluesky', content: 'Hello' } }]);
    const [row] = await settled([id ?? '']);
    expect(row).toMatchObject({ status: 'SUCCESS', mode: 'PROOF', attempts: 1, workflow_id: 'aol/default' });
    expect((row?.finished_at?.getTime() ?? 0) - (row?.created_at.getTime() ?? 0)).toBeLessThan(1_000);
    const path = join(stack.artifactFolder, (row?.artifact_uri ?? '').replace('artifact:', ''));
    expect(sha256Hex(await readFile(path))).toBe(row?.artifact_sha256);
  });

  test('200 actions drain at 3 a tick, a tick at most every interval, in priority and then time order', async () => {
    await setFlag(stack.db, 'tick_interval_ms', 50);
    await setFlag(stack.db, 'max_actions_per_tick', 3);
    const inputs = Array.from({ length: 200 }, (_, index) => ({
      payload: { platform: 'x', content: `number ${index}` },
      priority: index % 2,
    }));
    const before = (await stack.db.query('SELECT coalesce(max(number), 0) AS n FROM aol_tick_ledger')).rows[0].n;
    const ids = await stack.enqueue(inputs);
    await settled(ids);
    const { rows: ticks } = await stack.db.query(
      `SELECT claimed, succeeded, extract(epoch FROM started_at - lag(started_at) OVER (ORDER BY number)) * 1000 AS gap_ms
       FROM aol_tick_ledger WHERE number > $1 AND claimed > 0 ORDER BY number`,
      [before],
    );
    expect(ticks.reduce((sum, tick) => sum + tick.succeeded, 0)).toBe(200);
    for (const tick of ticks) {
      expect(tick.claimed).toBeLessThanOrEqual(3);
      if (tick.gap_ms !== null) expect(Number(tick.gap_ms)).toBeGreaterThanOrEqual(50);
    }
    const { rows: order } = await stack.db.query(
      `SELECT a.id, a.priority FROM aol_execution_logs l JOIN aol_actions a ON a.id = l.action_id
       JOIN aol_tick_ledger t ON t.id = l.tick_id
       WHERE l.event = 'ATTEMPT_STARTED' AND a.id = ANY($1) ORDER BY t.number, a.priority DESC, a.id`,
      [ids],
    );
    const high = order.filter((row) => row.priority === 1).map((row) => row.id);
    expect(high).toEqual([...high].sort());
    const highDone = order.findLastIndex((row) => row.priority === 1);
    // Two of three slots go by priority, the third to the oldest: so 100 high ones take about 50 ticks, not 67.
    expect(highDone).toBeLessThan(160);
  }, 60_000);

  test('nothing that an adapter throws crashes the worker or touches another action', async () => {
    const bad = ['string', 'null', 'huge', 'bug'].map((way) => ({ type: 'BE_WICKED', payload: { way } }));
    const ids = await stack.enqueue([...bad, { payload: { platform: 'x', content: 'good' } }, { type: 'NO_ADAPTER' }]);
    const rows = await settled(ids);
    expect(rows.map((row) => [row.status, row.dlq_reason])).toEqual([
      ['DLQ', 'rejected'],
      ['DLQ', 'rejected'],
      ['DLQ', 'rejected'],
      ['DLQ', 'rejected'],
      ['SUCCESS', null],
      ['DLQ', 'rejected'],
    ]);
    for (const row of rows) expect((row.last_error ?? '').length).toBeLessThanOrEqual(2_000);
    expect(rows[5]?.last_error).toMatch(/AOL_UNKNOWN_TYPE.*NO_ADAPTER/);
  });

  test('pause stops claims, resume goes on; kill ends the workflow, a new worker stays dead, start revives', async () => {
    const press = (values: { paused?: boolean; killed?: boolean }) =>
      pressControl(stack.db, '*', values, { actor: 'test' });
    const status = async () => (await stack.gateway.client.workflow.getHandle('aol/default').describe()).status.name;
    const outcome = async (name: string) =>
      (await stack.db.query('SELECT outcome FROM aol_tick_ledger ORDER BY number DESC LIMIT 1')).rows[0]?.outcome ===
      name;

    await press({ paused: true });
    const [id] = await stack.enqueue([{}]);
    await until('a paused tick', () => outcome('PAUSED'));
    expect((await stack.rows()).find((row) => row.id === id)?.status).toBe('PENDING');
    await press({ paused: false });
    await settled([id ?? '']);

    await press({ killed: true });
    await stack.gateway.signal('aol/default', 'control');
    await until('the workflow ended', async () => (await status()) === 'COMPLETED');
    const [waiting] = await stack.enqueue([{}]);
    const second = await stack.startWorker();
    const { rows: before } = await stack.db.query('SELECT clock_timestamp() AS at');
    await until('two looks of both supervisors', async () => {
      const { rows } = await stack.db.query(`SELECT clock_timestamp() - $1 > interval '2500 ms' AS passed`, [
        before[0].at,
      ]);
      return rows[0].passed;
    });
    expect(await status()).toBe('COMPLETED');
    expect((await stack.rows()).find((row) => row.id === waiting)?.status).toBe('PENDING');
    await press({ killed: false });
    await settled([waiting ?? '']);
    await second.shutdown();
  }, 60_000);

  test('in the end the ledger balances, every attempt has one intent and one outcome, and nothing runs', async () => {
    const { rows: open } = await stack.db.query(
      'SELECT * FROM aol_tick_ledger WHERE finished_at IS NULL OR running > 0',
    );
    expect(open).toEqual([]);
    const { rows: unpaired } = await stack.db.query(
      `SELECT action_id, attempt, count(*) AS n FROM aol_execution_logs WHERE attempt IS NOT NULL
       GROUP BY action_id, attempt HAVING count(*) <> 2`,
    );
    expect(unpaired).toEqual([]);
  });
});
