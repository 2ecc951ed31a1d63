/** Work of every kind that 0.1.0 knows, queued by its own HTTP: what this version's client asks for, it does not answer. */

import { z } from 'zod';
import type { Action } from '../../src/contracts/http/action.ts';
import type { Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const DAY_MS = 86_400_000;
const LIMIT_MS = 60_000;
const actionSchema = z.object({ id: z.string(), status: z.string(), artifactSha256: z.string().nullable() });

/** What 0.1.0 has made of each when it is killed. */
export const LEFT = {
  proved: 'SUCCESS',
  sent: 'SUCCESS',
  refused: 'DLQ',
  lost: 'UNCONFIRMED',
  later: 'PENDING',
  tomorrow: 'PENDING',
  asks: 'AWAITING_APPROVAL',
  approved: 'PENDING',
  queued: 'PENDING',
  unproved: 'PENDING',
  cancelled: 'CANCELLED',
  soon: 'RETRY',
  'at-work': 'RUNNING',
  'at-work-deduped': 'RUNNING',
} as const satisfies Readonly<Record<string, Action['status']>>;
export type Name = keyof typeof LEFT;
const isAtRest = (name: Name) => LEFT[name] !== 'RUNNING' && LEFT[name] !== 'RETRY';

export interface Installation {
  readonly address: string;
  readonly token: string;
  readonly receiver: Receiver;
}

/** Answers the actions' ids once each is in its state, the last ones at work. */
export async function leaveWork({ address, token, receiver }: Installation): Promise<ReadonlyMap<Name, string>> {
  const ids = new Map<Name, string>();
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${address}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const look = async (name: Name) => actionSchema.parse(await call('GET', `/v1/actions/${ids.get(name)}`));
  const becomes = (name: Name, status: string) =>
    until(`${name} is ${status}`, async () => (await look(name)).status === status, LIMIT_MS);
  const enqueue = async (name: Name, request: object) => {
    const action = actionSchema.parse(await call('POST', '/v1/actions', { idempotencyKey: name, ...request }));
    ids.set(name, action.id);
  };
  const proof = (name: Name, more: object = {}) =>
    enqueue(name, { type: 'POST_SOCIAL', payload: { platform: 'bluesky', content: name }, ...more });
  const webhook = (name: Name, more: object = {}, ofPayload: object = {}) => {
    const payload = { url: `http://${receiver.host}/${name}`, body: { name }, ...ofPayload };
    return enqueue(name, { type: 'CALL_WEBHOOK', mode: 'REAL', payload, ...more });
  };

  for (const lane of ['default', 'held', 'quiet']) {
    if (lane !== 'default') await call('PUT', `/v1/lanes/${lane}`, {});
    const flags = { proof_only: false, tick_interval_ms: 0, max_actions_per_tick: 20 };
    await call('PATCH', '/v1/control/flags', { lane, flags });
  }
  await proof('proved');
  for (const name of ['sent', 'refused', 'lost', 'later'] as const) await webhook(name);
  await webhook('tomorrow', { runAt: new Date(Date.now() + DAY_MS).toISOString() });
  await webhook('asks', { requireApproval: true });
  await webhook('approved', { lane: 'held', requireApproval: true });
  await becomes('approved', 'AWAITING_APPROVAL');
  await call('POST', '/v1/control/pause', { lane: 'held' });
  const { artifactSha256: sha256 } = await look('approved');
  await call('POST', `/v1/actions/${ids.get('approved')}/approve`, { sha256 });
  await webhook('queued', { lane: 'held' });
  await proof('unproved', { lane: 'held' });
  await webhook('cancelled', { lane: 'held' });
  await call('POST', `/v1/actions/${ids.get('cancelled')}/cancel`, {});
  for (const name of [...ids.keys()].filter(isAtRest)) await becomes(name, LEFT[name]);
  // Last, so that they are still at work when it is killed: an attempt may take 20 s, and the wait is 25 s.
  await webhook('soon', { lane: 'quiet' });
  await becomes('soon', 'RETRY');
  await webhook('at-work', { lane: 'quiet' });
  await webhook('at-work-deduped', { lane: 'quiet' }, { dedupes: true });
  const atWork = () => receiver.requests().filter((text) => text.includes(' /at-work')).length;
  await until('effects are at work', () => atWork() === 2);
  return ids;
}
