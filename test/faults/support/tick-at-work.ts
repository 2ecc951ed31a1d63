/** A tick whose effects are at work at the receiver, and what has to become of each of them, whatever happens to its lane. */

import { orchestratorWorkflowId, providerKey, WAKE_SIGNAL } from '../../../src/contracts/names.ts';
import type { ActionRow } from '../../../src/db/action-row.ts';
import { until } from '../../support/until.ts';
import type { Arrival, Closed } from './receiver-protocol.ts';
import type { Scene } from './scene.ts';

/** Queues so many for one tick, every second one at a receiver that deduplicates, and wakes their lane. Answers their ids. */
export async function queueTick(scene: Scene, count: number, way: string): Promise<string[]> {
  const asked = Array.from({ length: count }, (_, index) => {
    const kind = index % 2 === 0 ? 'once' : 'each';
    return { kind, input: scene.load.webhook(kind, way) } as const;
  });
  const ids = await scene.load.enqueueTogether(asked);
  // A lane that has no run yet is started by the supervisor.
  await wake(scene).catch(() => undefined);
  return ids;
}

export function wake({ temporal }: Scene, lane = 'default'): Promise<void> {
  return temporal.bounded(() => temporal.client.workflow.getHandle(orchestratorWorkflowId(lane)).signal(WAKE_SIGNAL));
}

/** Waits until so many requests are open at the receiver. */
export async function untilAtWork({ receiver }: Scene, count: number, limitMs = 20_000): Promise<void> {
  await until(`${count} are at work`, () => receiver.open() >= count, limitMs);
}

/** How many of them have an intent that is committed and no outcome. */
export async function openAttempts({ db }: Scene, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT i.action_id AS id FROM aol_execution_logs i
     WHERE i.action_id = ANY ($1) AND i.event = 'ATTEMPT_STARTED' AND NOT EXISTS (
       SELECT FROM aol_execution_logs o WHERE o.action_id = i.action_id AND o.attempt = i.attempt AND o.event <> i.event)`,
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** By how many ticks they were claimed. */
export async function ticksOf({ db }: Scene, ids: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(DISTINCT tick_id)::int AS n FROM aol_execution_logs WHERE action_id = ANY ($1) AND event = 'CLAIMED'`,
    [ids],
  );
  return rows[0]?.n ?? 0;
}

/** The token of the lane's lease: another one is another owner. */
export async function leaseToken({ db }: Scene): Promise<number> {
  const { rows } = await db.query<{ token: number }>(`SELECT token FROM aol_lease WHERE lane = 'default'`);
  return Number(rows[0]?.token ?? 0);
}

export async function statusesOf({ db }: Scene, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ status: string }>('SELECT status FROM aol_actions WHERE id = ANY ($1)', [ids]);
  return rows.map(({ status }) => status);
}

export interface Ending {
  /** A worker died while they were at work: what was answered may have been read by nobody. */
  readonly workerDied?: boolean;
}

/**
 * What did not end as it has to. An answer that was given ends as SUCCESS with its receipt, and is not asked for again. What was
 * cut off is UNCONFIRMED, or was sent again where the receiver deduplicates.
 */
export function wrongEndings(rows: readonly ActionRow[], scene: Scene, { workerDied = false }: Ending = {}): string[] {
  const { load, receiver } = scene;
  const kinds = new Map(load.acknowledged.map(({ id, kind }) => [id, kind]));
  return rows.flatMap((row) => {
    const key = providerKey(row.id);
    const kind = kinds.get(row.id);
    if (kind === 'proof' || kind === undefined) return [];
    const sends = receiver.arrivals.filter((arrival) => arrival.key === key);
    const first = receiver.closings.find((closing) => closing.key === key && closing.raw === 1);
    const allowed = allowedEndings(row, kind, first, workerDied);
    const mostSends = kind === 'once' && (first?.answered !== true || workerDied) ? row.max_attempts : 1;
    const words = `${row.id} (${kind}, ${first?.answered === true ? 'answered' : 'cut off'})`;
    return [
      ...(allowed.includes(row.status) ? [] : [`${words} is ${row.status}, not ${allowed.join(' or ')}`]),
      ...(row.status === 'SUCCESS' && row.receipt === null ? [`${words} has no receipt`] : []),
      ...(sends.length > mostSends ? [`${words} was sent ${sends.length} times`] : []),
    ];
  });
}

function allowedEndings(
  row: ActionRow,
  kind: 'once' | 'each',
  first: Closed | undefined,
  workerDied: boolean,
): readonly string[] {
  // It never arrived: an intent whose worker died may all the same have been sent, for all that anybody knows.
  if (first === undefined && !workerDied) return row.cancel_requested ? ['CANCELLED'] : ['SUCCESS'];
  if (first === undefined) return kind === 'each' ? ['SUCCESS', 'UNCONFIRMED'] : ['SUCCESS'];
  if (first.answered && !workerDied) return ['SUCCESS'];
  if (kind === 'each') return first.answered ? ['SUCCESS', 'UNCONFIRMED'] : ['UNCONFIRMED'];
  // It may have been sent: a cancel then ends what nobody knows.
  return row.cancel_requested ? ['SUCCESS', 'UNCONFIRMED', 'CANCELLED'] : ['SUCCESS'];
}

/** Requests that were open at the receiver at this moment. */
export function openAt({ receiver }: Scene, at: number): Arrival[] {
  const closed = (arrival: Arrival) =>
    receiver.closings.some((closing) => closing.key === arrival.key && closing.raw === arrival.raw && closing.at <= at);
  return receiver.arrivals.filter((arrival) => arrival.at <= at && !closed(arrival));
}
