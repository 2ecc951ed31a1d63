/** The receiver behaves badly: F-11 to F-15, all cases of a run beside each other, and a good action that none delays. */

import { providerKey } from '../../../src/contracts/names.ts';
import type { ActionRow } from '../../../src/db/action-row.ts';
import { until } from '../../support/until.ts';
import { type Fault, now } from '../support/fault.ts';
import type { Arrival } from '../support/receiver-protocol.ts';
import type { Scene } from '../support/scene.ts';

interface Case {
  readonly fault: string;
  readonly mode: 'once' | 'each';
  /** The receiver's way, with its query. */
  readonly way: string;
  readonly status: string;
  readonly sends: number;
  /** The shortest and longest time between its first request and the second, or its end. */
  readonly betweenMs?: readonly [number, number];
}

const ATTEMPT_MS: readonly [number, number] = [19_500, 21_500];

/** A 200 whose body never ends has said that it was done; a hang has said nothing. */
const cases: readonly Case[] = [
  { fault: 'F-11', mode: 'each', way: 'hang', status: 'UNCONFIRMED', sends: 1, betweenMs: ATTEMPT_MS },
  { fault: 'F-11', mode: 'once', way: 'hang?times=1', status: 'SUCCESS', sends: 2, betweenMs: [19_500, 23_000] },
  { fault: 'F-12', mode: 'each', way: 'drip', status: 'SUCCESS', sends: 1, betweenMs: ATTEMPT_MS },
  { fault: 'F-12', mode: 'each', way: 'headers', status: 'UNCONFIRMED', sends: 1, betweenMs: ATTEMPT_MS },
  { fault: 'F-13', mode: 'each', way: 'huge', status: 'SUCCESS', sends: 1 },
  { fault: 'F-13', mode: 'each', way: 'bomb', status: 'SUCCESS', sends: 1 },
  { fault: 'F-14', mode: 'each', way: 'reset', status: 'UNCONFIRMED', sends: 1 },
  { fault: 'F-14', mode: 'once', way: 'reset?times=1', status: 'SUCCESS', sends: 2 },
  { fault: 'F-14', mode: 'each', way: 'cut', status: 'SUCCESS', sends: 1 },
  {
    fault: 'F-15',
    mode: 'each',
    way: 'refused?code=429&after=5&times=1',
    status: 'SUCCESS',
    sends: 2,
    betweenMs: [5_000, 8_000],
  },
  {
    fault: 'F-15',
    mode: 'each',
    way: 'refused?code=429&after=-1&times=1',
    status: 'SUCCESS',
    sends: 2,
    betweenMs: [400, 3_000],
  },
  {
    fault: 'F-15',
    mode: 'each',
    way: 'refused?code=429&after=soon&times=1',
    status: 'SUCCESS',
    sends: 2,
    betweenMs: [400, 3_000],
  },
  { fault: 'F-15', mode: 'each', way: 'refused?code=429', status: 'DLQ', sends: 3 },
  { fault: 'F-15', mode: 'each', way: 'failed?code=500', status: 'UNCONFIRMED', sends: 1 },
  { fault: 'F-15', mode: 'once', way: 'failed?code=500&times=2', status: 'SUCCESS', sends: 3 },
  { fault: 'F-15', mode: 'once', way: 'failed?code=500', status: 'UNCONFIRMED', sends: 3 },
  { fault: 'F-15', mode: 'each', way: 'refused?code=302&location=http://127.0.0.1:1/', status: 'DLQ', sends: 1 },
  { fault: 'F-15', mode: 'each', way: 'refused?code=410', status: 'DLQ', sends: 1 },
];

const MIB = 1024 * 1024;
const MAX_GROWTH_MIB = 50;

const badAnswers: Fault = {
  id: 'F-11-to-15',
  title: 'hangs, drips, floods, bombs, resets, bad statuses',
  scene: { flags: { max_actions_per_tick: 30 } },
  async play(scene) {
    const { load, receiver } = scene;
    await load.enqueue('each', load.webhook('each', 'ok'));
    await receiver.next(() => true).catch(() => undefined);
    const rssBefore = residentBytes(scene);
    const beganAt = now();
    for (const { mode, way } of cases) await load.enqueue(mode, load.webhook(mode, way));
    const other = await load.enqueue('each', load.webhook('each', 'ok'));
    const good = await until('the good one', () => sendsOf(scene, other ?? '')[0], 20_000);
    let rssMost = rssBefore;
    const problems: string[] = [];
    await until(
      'all ended',
      async () => {
        rssMost = Math.max(rssMost, residentBytes(scene));
        const { rows } = await scene.db.query(
          `SELECT count(*) AS n FROM aol_actions WHERE status IN ('PENDING', 'RUNNING', 'RETRY')`,
        );
        return Number(rows[0]?.n) === 0;
      },
      90_000,
    );
    const growth = Math.round((rssMost - rssBefore) / MIB);
    if (growth > MAX_GROWTH_MIB) problems.push(`the worker grew by ${growth} MiB`);
    if (good.at - beganAt > 5_000) problems.push('a good action had to wait for the bad ones');
    return { problems, note: `RSS + ${growth} MiB, ${cases.length} cases` };
  },
  judge: ({ rows }, scene) => cases.flatMap((expected) => judgeCase(expected, rows, scene)),
};

function judgeCase(expected: Case, rows: readonly ActionRow[], scene: Scene): string[] {
  const name = `${expected.fault} ${expected.mode}/${expected.way}`;
  const row = rows.find(({ payload }) => String(payload.url).endsWith(`/${expected.mode}/${expected.way}`));
  if (!row) return [`${name} is not there`];
  const sends = sendsOf(scene, row.id);
  const problems =
    row.status === expected.status && sends.length === expected.sends
      ? []
      : [
          `${name} is ${row.status} after ${sends.length} sends, not ${expected.status} after ${expected.sends}: ${row.last_error}`,
        ];
  const [first, second] = sends;
  if (expected.betweenMs && first) {
    const [least, most] = expected.betweenMs;
    const between = Math.round((second?.at ?? row.updated_at.getTime()) - first.at);
    if (between < least || between > most) problems.push(`${name} took ${between} ms, not ${least} to ${most}`);
  }
  return problems;
}

function sendsOf({ receiver }: Scene, id: string): Arrival[] {
  return receiver.arrivals.filter(({ key }) => key === providerKey(id));
}

function residentBytes({ workers }: Scene): number {
  return Math.max(0, ...workers.map((worker) => worker.residentBytes()));
}

export const receiverFaults: readonly Fault[] = [badAnswers];
